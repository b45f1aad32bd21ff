import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LiveFederation, startLiveFederation } from '../coordinator/testsupport/live-federation.ts'
import { sha256 } from '../shared/digest.ts'
import { decodeEnrolmentCode, encodeEnrolmentCode } from '../shared/protocol/enrolment-code.ts'
import { createCoordinatorClient } from './coordinator-client.ts'
import { redeemCode } from './enrolment-client.ts'

let live: LiveFederation
beforeAll(async () => {
  live = await startLiveFederation()
})
afterAll(() => live.close())

describe('redeeming a code', () => {
  test('gives the site an identity with which it is let in', async () => {
    const identity = await redeemCode(await live.enrolment.invite('a'), {})
    expect(identity).toMatchObject({ site: 'a', federationAddress: `localhost:${live.listeners.federationPort}` })
    expect(new X509Certificate(identity.certificateChainPem).subjectAltName).toBe('URI:spiffe://plgg/site/a')
    const client = createCoordinatorClient(identity)
    expect(await client.listStudies()).toHaveLength(1)
    client.close()
  })

  test('sends no secret to who shows another root, and leaves the code good', async () => {
    const code = await live.enrolment.invite('b')
    const forged = encodeEnrolmentCode({ ...decodeEnrolmentCode(code), rootFingerprint: sha256('other') })
    await expect(redeemCode(forged, {})).rejects.toMatchObject({
      code: 'invitation_invalid',
      message: expect.stringContaining('The secret was not sent'),
    })
    expect((await redeemCode(code, {})).site).toBe('b')
  })

  test('works once', async () => {
    const code = await live.enrolment.invite('c')
    await redeemCode(code, {})
    await expect(redeemCode(code, {})).rejects.toMatchObject({ code: 'invitation_invalid' })
  })

  test('says that nobody answers', async () => {
    const { secret, rootFingerprint } = decodeEnrolmentCode(await live.enrolment.invite('d'))
    const code = encodeEnrolmentCode({ secret, rootFingerprint, address: 'localhost:1' })
    await expect(redeemCode(code, {})).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('localhost:1'),
    })
  })
})
