import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LiveFederation, startLiveFederation } from '../coordinator/testsupport/live-federation.ts'
import { systemClock } from '../shared/clock.ts'
import { startConnectProxy } from '../test/support/connect-proxy.ts'
import { createCoordinatorClient } from './coordinator-client.ts'
import { redeemCode } from './enrolment-client.ts'
import type { SiteIdentity } from './identity-file.ts'
import { routeTo } from './proxy.ts'
import { systemLater } from './rpc/silence.ts'
import { tryHandshake } from './tls-probe.ts'

const host = 'coordinator.example'
const through = (port: number | string) => ({ kind: 'proxy', shown: `http://proxy.example:${port}` })

describe('the route', () => {
  test.each<[string, Record<string, string>]>([
    ['without a proxy', {}],
    ['with an empty one', { https_proxy: ' ' }],
    ['to an exempted host', { https_proxy: 'http://proxy.example:3128', no_proxy: host }],
    ['to a host of an exempted domain', { https_proxy: 'http://proxy.example:3128', no_proxy: '.example' }],
    [
      'to a host of an exempted domain, in other letters',
      { https_proxy: 'http://proxy.example:3128', NO_PROXY: 'EXAMPLE' },
    ],
    ['among other exemptions, spaces and all', { https_proxy: 'http://proxy.example:3128', no_proxy: `a, ${host} ,` }],
    ['when everything is exempted', { https_proxy: 'http://proxy.example:3128', no_proxy: '*' }],
  ])('%s is direct', (_, environment) => {
    expect(routeTo(host, environment)).toEqual({ kind: 'direct' })
  })

  test.each<[string, Record<string, string>]>([
    ['is named in lower case', { https_proxy: 'http://proxy.example:3128' }],
    ['is named in upper case', { HTTPS_PROXY: 'http://proxy.example:3128' }],
    ['has spaces around it', { https_proxy: ' http://proxy.example:3128 ' }],
    ['exempts others', { https_proxy: 'http://proxy.example:3128', no_proxy: 'other.example,' }],
    ['exempts what only ends alike', { https_proxy: 'http://proxy.example:3128', no_proxy: 'ordinator.example' }],
    ['is the last that is left', { http_proxy: 'http://proxy.example:3128', https_proxy: '' }],
    ['wants a password, which is not shown', { https_proxy: 'http://me:p%40ss@proxy.example:3128' }],
  ])('goes through a proxy that %s', (_, environment) => {
    expect(routeTo(host, environment)).toMatchObject(through(3128))
  })

  test.each(['https://proxy.example:3128', 'socks5://proxy.example', 'proxy.example:3128', 'nonsense'])(
    'is refused when the proxy is %s, and never goes another way silently',
    (https_proxy) => {
      expect(() => routeTo(host, { https_proxy })).toThrow(
        expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('https_proxy') }),
      )
    },
  )

  test('to this machine is direct', () => {
    expect(routeTo('localhost', { https_proxy: 'http://proxy.example:3128' })).toEqual({ kind: 'direct' })
  })
})

describe('through a proxy', () => {
  let live: LiveFederation
  let identity: SiteIdentity
  beforeAll(async () => {
    live = await startLiveFederation({ host: 'coordinator.test' })
    identity = await live.enrol('a')
  })
  afterAll(() => live.close())

  const deps = (environment: Record<string, string | undefined>) => ({
    clock: systemClock,
    later: systemLater,
    environment,
  })

  test('go calls, probe and enrolment, and the environment stays as it was', async () => {
    const proxy = await startConnectProxy('me:p@ss')
    const url = `http://me:p%40ss@127.0.0.1:${proxy.port}`
    process.env.HTTPS_PROXY = url
    process.env.no_proxy = 'other.example,'
    try {
      const client = createCoordinatorClient(identity, deps(process.env))
      expect(await client.listStudies()).toHaveLength(1)
      client.close()
      expect(process.env.grpc_proxy).toBeUndefined()
      expect(process.env.no_proxy).toBe('other.example,')
      const port = live.listeners.federationPort
      expect(await tryHandshake(identity, 'coordinator.test', port)).toContain('both certificates accepted')
      expect((await redeemCode(await live.enrolment.invite('b'))).site).toBe('b')
      expect(new Set(proxy.targets)).toEqual(
        new Set([`coordinator.test:${port}`, `coordinator.test:${live.listeners.enrolmentPort}`]),
      )
    } finally {
      delete process.env.HTTPS_PROXY
      delete process.env.no_proxy
      await proxy.close()
    }
  })

  test('that does not let us through is told so', async () => {
    const proxy = await startConnectProxy('somebody:else')
    const environment = { https_proxy: `http://127.0.0.1:${proxy.port}` }
    await expect(
      tryHandshake(identity, 'coordinator.test', live.listeners.federationPort, environment),
    ).rejects.toMatchObject({ code: 'unreachable', message: expect.stringContaining('it answered 407') })
    await proxy.close()
  })
})
