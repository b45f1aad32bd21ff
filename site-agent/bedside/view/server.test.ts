import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAccess } from './access.ts'
import { startViewServer, type ViewServer } from './server.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const access = createAccess(randomBytes)
const seen = { entered: 0, used: 0 }
let server: ViewServer
let session = ''

/** fetch sets Host and Sec-Fetch-Site by itself; a hostile client does not. */
function ask(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers, setHost: headers.Host === undefined }
    const sent = request(options, (response) => {
      let body = ''
      response.on('data', (data: Buffer) => {
        body += data.toString()
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
const inside = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  ask(`${access.room}${path}`, { method, headers: { Cookie: `${access.cookieName}=${session}`, ...headers } })

beforeAll(async () => {
  server = await startViewServer({
    ...{ access, port: 0 },
    routes: (routes) => {
      routes.get('/', async () => 'secret')
      routes.get('/fails', async () => {
        throw new Error('sub-x of /data/bids')
      })
    },
    onEntered: async () => void seen.entered++,
    onUse: () => void seen.used++,
  })
})
afterAll(() => server.close())

describe('before the link was opened', () => {
  test('nothing is shown, with a cookie of any kind or none', async () => {
    for (const cookie of ['', 'x', access.room]) {
      const answer = await ask(`${access.room}/`, { headers: { Cookie: `${access.cookieName}=${cookie}` } })
      expect([answer.status, answer.body.includes('secret')]).toEqual([403, false])
    }
    expect(seen).toEqual({ entered: 0, used: 0 })
  })

  test('a wrong key, no key and two keys open nothing, and do not use the link up', async () => {
    for (const query of ['?key=wrong', '', '?key=', '?key=a&key=b']) {
      expect((await ask(`${access.room}/enter${query}`)).status).toBe(403)
    }
    expect(seen.entered).toBe(0)
  })
})

describe('the link', () => {
  test('gives a cookie for this path alone that no script reads and no other site sends', async () => {
    const { status, headers, body } = await ask(new URL(server.link).pathname + new URL(server.link).search)
    expect(status).toBe(200)
    const [cookie = ''] = headers['set-cookie'] ?? []
    expect(cookie).toContain('HttpOnly')
    expect(cookie).toContain('SameSite=Strict')
    expect(cookie).toContain(`Path=${access.room}`)
    expect(body).toContain(`url=${access.room}/`)
    session = cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';'))
    expect(seen.entered).toBe(1)
  })

  test('shows the pages to that browser, and works in no other one', async () => {
    expect(await inside('/')).toMatchObject({ status: 200, body: 'secret' })
    const again = await ask(access.entrance)
    expect([again.status, again.headers['set-cookie']]).toEqual([403, undefined])
    expect(again.body).toContain('it works once')
    expect((await inside(access.entrance.slice(access.room.length))).status).toBe(200)
  })
})

describe('every answer', () => {
  test('forbids scripts and contents of others, frames and keeping, on pages and on refusals', async () => {
    const missing = await ask('/')
    for (const { headers } of [await inside('/'), missing, await ask(`${access.room}/`), await inside('/fails')]) {
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*|http|data:/)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      })
      expect(headers['access-control-allow-origin']).toBe(undefined)
    }
  })

  test('to a fault of the program says nothing of what it was about', async () => {
    const { status, body } = await inside('/fails')
    expect(status).toBe(500)
    expect(body).not.toMatch(/sub-x|bids|at .*\.ts/)
  })
})

describe('a request is refused', () => {
  test.each(['evil.example', `evil.example:80`, 'localhost', '127.0.0.1', '127.0.0.1:1', '[::1]'])(
    'under the name %s, as after a rebinding of DNS',
    async (host) => {
      const answer = await inside('/', { Host: host })
      expect([answer.status, answer.body.includes('secret')]).toEqual([421, false])
    },
  )

  test.each(['cross-site', 'same-site'])('that a page from elsewhere makes (%s)', async (from) => {
    const answer = await inside('/', { 'Sec-Fetch-Site': from })
    expect([answer.status, answer.body.includes('secret')]).toEqual([403, false])
    expect((await inside('/', { 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('by the method %s', async (method) => {
    expect([403, 404, 405]).toContain((await inside('/', {}, method)).status)
    expect((await inside('/', {}, 'POST')).headers.allow).toBe('GET, HEAD')
  })

  test.each([
    '/../',
    '/..%2f..%2fetc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/view.css/../../server.ts',
    '/children/../../../identity.json',
    '/%00',
    '/%',
    '//etc/passwd',
  ])('for the path %s', async (path) => {
    const { status, body } = await inside(path)
    expect([400, 403, 404]).toContain(status)
    expect(body).not.toMatch(/root:|privateKey/)
  })

  test('with a header of more than 16 kB', async () => {
    expect((await inside('/', { 'X-Long': 'x'.repeat(20_000) })).status).toBe(431)
  })
})

test('a port that is taken is a refusal in words', async () => {
  const second = startViewServer({
    ...{ access: createAccess(randomBytes), port: server.port },
    ...{ routes: () => {}, onEntered: async () => {}, onUse: () => {} },
  })
  await expect(second).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('EADDRINUSE') })
})
