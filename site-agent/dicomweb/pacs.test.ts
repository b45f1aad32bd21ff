import { X509Certificate } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { createPacs, type ListedSeries, type Pacs, type StudyFilter } from './pacs.ts'
import { AccessRefused, connectPacs } from './pacs-connection.ts'
import { selfSigned } from './testsupport/self-signed.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const nothing = { header: undefined, ca: undefined, certificate: undefined, key: undefined }
const everything = { from: undefined, until: undefined, patientId: undefined }
const json = { 'content-type': 'application/dicom+json' }

function listening(server: ReturnType<typeof createServer>): Promise<number> {
  onTestFinished(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

async function pacsThat(answer: Answer): Promise<{ pacs: Pacs; paths: string[]; waits: number[] }> {
  const paths: string[] = []
  const waits: number[] = []
  const port = await listening(
    createServer((request, response) => {
      paths.push(request.url ?? '')
      answer(request, response)
    }),
  )
  const connection = connectPacs(`http://127.0.0.1:${port}/dicom-web`, nothing)
  onTestFinished(() => connection.close())
  const wait = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms))
  return { pacs: createPacs({ connection, random: seededRandom('test'), wait }), paths, waits }
}

const entry = (study: number, series?: number): object => ({
  '0020000D': { vr: 'UI', Value: [`1.${study}`] },
  ...(series === undefined ? {} : { '0020000E': { vr: 'UI', Value: [`1.${study}.${series}`] } }),
})

async function seriesOf(pacs: Pacs, filter: StudyFilter = everything): Promise<string[]> {
  const found: string[] = []
  for await (const study of pacs.studies(filter))
    found.push(...(await pacs.series(study)).map(({ seriesUid }) => seriesUid))
  return found
}

describe('a PACS', () => {
  test('is asked page by page', async () => {
    const { pacs, paths } = await pacsThat(({ url = '' }, response) => {
      const at = new URL(url, 'http://x')
      const offset = Number(at.searchParams.get('offset'))
      const isStudies = at.pathname.endsWith('/studies')
      const count = isStudies ? Math.max(0, Math.min(100, 230 - offset)) : 1
      const study = Number(/studies\/1\.(\d+)/.exec(url)?.[1] ?? 0)
      response
        .writeHead(200, json)
        .end(JSON.stringify(Array.from({ length: count }, (_, i) => (isStudies ? entry(offset + i) : entry(study, 1)))))
    })
    expect(await seriesOf(pacs)).toHaveLength(230)
    expect(
      paths
        .filter((path) => path.includes('/studies?'))
        .map((path) => new URL(path, 'http://x').searchParams.get('offset')),
    ).toEqual(['0', '100', '200'])
  })

  test('that knows no pages is asked no further', async () => {
    const { pacs, paths } = await pacsThat(({ url = '' }, response) => {
      const all = url.includes('/series') ? [] : Array.from({ length: 100 }, (_, i) => entry(i))
      response.writeHead(200, json).end(JSON.stringify(all))
    })
    expect(await seriesOf(pacs)).toEqual([])
    expect(paths.filter((path) => path.includes('/studies?'))).toHaveLength(2)
  })

  test('hears dates and patient in its own words', async () => {
    const { pacs, paths } = await pacsThat((_, response) => response.writeHead(204).end())
    await seriesOf(pacs, { from: '20200101', until: undefined, patientId: 'A&B *' })
    expect(new URL(paths[0] ?? '', 'http://x').searchParams.toString()).toBe(
      'ModalitiesInStudy=MR&StudyDate=20200101-&PatientID=A%26B+*&limit=100&offset=0',
    )
  })

  test('that is busy is asked again, each time later', async () => {
    let failures = 4
    const { pacs, waits } = await pacsThat((_, response) => {
      if (failures-- > 0) response.writeHead(503).end()
      else response.writeHead(200, json).end('[]')
    })
    expect(await seriesOf(pacs)).toEqual([])
    expect(waits).toHaveLength(4)
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  })

  test('that stays busy is given up with what it said', async () => {
    const { pacs, paths } = await pacsThat((_, response) => response.writeHead(502).end())
    await expect(seriesOf(pacs)).rejects.toMatchObject({
      code: 'pacs_refused',
      message: 'the PACS cannot answer at the moment (502)',
    })
    expect(paths).toHaveLength(6)
  })

  test('that cuts the line is asked again', async () => {
    let cuts = 2
    const { pacs } = await pacsThat((_, response) => {
      response.writeHead(200, { ...json, 'content-length': '10' })
      if (cuts-- > 0) response.write('[')
      if (cuts >= 0) response.destroy()
      else response.end('[]        ')
    })
    expect(await seriesOf(pacs)).toEqual([])
  })

  test('tells of each series whose it is, of which day, its number and how many images it has', async () => {
    const date = { '00080020': { vr: 'DA', Value: ['20240310'] } }
    const counts = { '00200011': { vr: 'IS', Value: [12] }, '00201209': { vr: 'IS', Value: ['6000'] } }
    const { pacs } = await pacsThat(({ url = '' }, response) => {
      const one = url.includes('/series?')
        ? { ...entry(1, 1), ...counts }
        : { ...entry(1), ...date, '00100020': { vr: 'LO', Value: ['P1'] } }
      response.writeHead(200, json).end(JSON.stringify([one]))
    })
    const found: ListedSeries[] = []
    for await (const study of pacs.studies(everything)) found.push(...(await pacs.series(study)))
    const day = Date.UTC(2024, 2, 10) / 86_400_000
    expect(found).toEqual([
      { studyUid: '1.1', seriesUid: '1.1.1', patientId: 'P1', day, seriesNumber: 12, images: 6000 },
    ])
  })

  test.each([
    [401, 'refuses access (401)', true],
    [403, 'refuses access (403)', true],
    [404, 'check the path of its DICOMweb service', false],
  ])('that answers %i is not asked again', async (status, sentence, isOfAccess) => {
    const { pacs, paths } = await pacsThat((_, response) => response.writeHead(status).end())
    const refusal = await seriesOf(pacs).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'pacs_refused', message: expect.stringContaining(sentence) })
    expect(refusal instanceof AccessRefused).toBe(isOfAccess)
    expect(paths).toHaveLength(1)
  })

  test('is not followed to another host', async () => {
    let visits = 0
    const other = await listening(createServer(() => void visits++))
    const { pacs } = await pacsThat((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end(),
    )
    await expect(seriesOf(pacs)).rejects.toMatchObject({
      code: 'pacs_refused',
      message: expect.stringContaining('redirect'),
    })
    expect(visits).toBe(0)
  })

  test.each([
    ['text', 'hello', 'it is not JSON'],
    ['an object', '{}', 'it is not a list'],
    ['a list of numbers', '[1]', 'an entry is not an object'],
    ['an entry without identifiers', '[{}]', 'an entry has no UID'],
    ['a path instead of an identifier', '[{"0020000D":{"vr":"UI","Value":["../../etc"]}}]', 'an entry has no UID'],
  ])('that answers with %s is refused', async (_name, body, sentence) => {
    const { pacs } = await pacsThat((_, response) => response.writeHead(200, json).end(body))
    await expect(seriesOf(pacs)).rejects.toMatchObject({
      code: 'message_malformed',
      message: expect.stringContaining(sentence),
    })
  })

  test('that never stops talking is cut off', async () => {
    const { pacs } = await pacsThat((_, response) => {
      response.writeHead(200, json)
      const more = (): void =>
        void response.write(Buffer.alloc(1024 * 1024, ' '), (error) => (error ? undefined : more()))
      more()
    })
    await expect(seriesOf(pacs)).rejects.toThrow('a list of more than 33554432 bytes')
  })

  test('whose certificate nobody vouches for is not spoken to, whatever the environment says', async () => {
    const { certificate, key } = selfSigned()
    let visits = 0
    const listener: RequestListener = (_, response) => {
      visits++
      response.writeHead(200, json).end('[]')
    }
    const port = await listening(createTlsServer({ cert: certificate, key }, listener))
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    onTestFinished(() => {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    })
    const open = (ca: string | undefined): Pacs => {
      const connection = connectPacs(`https://localhost:${port}/dicom-web`, { ...nothing, ca })
      onTestFinished(() => connection.close())
      return createPacs({ connection, random: seededRandom('tls') })
    }
    await expect(seriesOf(open(undefined))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('cannot be trusted'),
    })
    expect(visits).toBe(0)
    expect(await seriesOf(open(certificate))).toEqual([])
  })

  test('that asks for a client certificate is shown the one that was given', async () => {
    const [server, client] = [selfSigned(), selfSigned()]
    const seen: string[] = []
    const port = await listening(
      createTlsServer(
        {
          cert: server.certificate,
          key: server.key,
          ca: client.certificate,
          requestCert: true,
          rejectUnauthorized: true,
        },
        (request, response) => {
          if (request.socket instanceof TLSSocket)
            seen.push(request.socket.getPeerX509Certificate()?.serialNumber ?? '')
          response.writeHead(200, json).end('[]')
        },
      ),
    )
    const open = (shown: { certificate: string; key: string } | undefined): Pacs => {
      const credentials = { ...nothing, ca: server.certificate, certificate: shown?.certificate, key: shown?.key }
      const connection = connectPacs(`https://localhost:${port}/dicom-web`, credentials)
      onTestFinished(() => connection.close())
      return createPacs({ connection, random: seededRandom('tls'), wait: () => Promise.resolve() })
    }
    expect(await seriesOf(open(client))).toEqual([])
    expect(seen).toEqual([new X509Certificate(client.certificate).serialNumber])
    await expect(seriesOf(open(undefined))).rejects.toMatchObject({ code: 'unreachable' })
    await expect(seriesOf(open(selfSigned()))).rejects.toMatchObject({ code: 'unreachable' })
    expect(seen).toHaveLength(1)
  })

  test.each([
    ['http://pacs.example.org/dicom-web', 'must begin with https://'],
    ['https://me:secret@pacs.example.org/', 'holds a password'],
    ['ftp://127.0.0.1/', 'must begin with https://'],
    ['https://pacs.example.org/dicom-web?token=1', 'must end with the path'],
    ['pacs.example.org', 'is no URL'],
  ])('at %s is refused before anything is sent', (url, sentence) => {
    expect(() => connectPacs(url, nothing)).toThrow(sentence)
  })
})
