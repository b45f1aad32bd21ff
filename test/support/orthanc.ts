// A real PACS for journeys: Orthanc with its DICOMweb plugin, on this machine and a free port.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

const program = '/usr/sbin/Orthanc'
const plugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

/** Whether Orthanc and its plugin are installed (Debian: orthanc, orthanc-dicomweb). */
export const hasOrthanc = existsSync(program) && existsSync(plugin)

export interface Orthanc {
  /** Of its DICOMweb service. */
  readonly url: string
  /** Stores files (STOW-RS). */
  store(files: readonly Uint8Array[]): Promise<void>
  stop(): Promise<void>
}

/** @param user name and password that it asks for */
export async function startOrthanc(user?: readonly [string, string]): Promise<Orthanc> {
  const folder = mkdtempSync(join(tmpdir(), 'sequela-orthanc-'))
  const port = await freePort()
  const configuration = {
    Name: 'TEST',
    StorageDirectory: join(folder, 'db'),
    IndexDirectory: join(folder, 'db'),
    HttpPort: port,
    HttpServer: true,
    DicomServerEnabled: false,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: user !== undefined,
    ...(user === undefined ? {} : { RegisteredUsers: { [user[0]]: user[1] } }),
    Plugins: [plugin],
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
  }
  const file = join(folder, 'orthanc.json')
  writeFileSync(file, JSON.stringify(configuration))
  const process = spawn(program, [file], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}/dicom-web`
  const headers = user === undefined ? {} : { authorization: `Basic ${btoa(user.join(':'))}` }
  const stop = async (): Promise<void> => {
    await ended(process)
    rmSync(folder, { recursive: true, force: true })
  }
  await eventually(
    'Orthanc answers',
    async () => (await fetch(`${url}/studies?limit=1`, { headers }).catch(() => undefined))?.ok === true,
  )
  return {
    url,
    store: async (files) => {
      const boundary = 'part-of-a-test'
      const body = Buffer.concat([
        ...files.flatMap((bytes) => [
          Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
          bytes,
          Buffer.from('\r\n'),
        ]),
        Buffer.from(`--${boundary}--`),
      ])
      const type = `multipart/related; type="application/dicom"; boundary=${boundary}`
      const answer = await fetch(`${url}/studies`, {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body,
      })
      if (!answer.ok) throw new Error(`Orthanc did not store: ${answer.status} ${await answer.text()}`)
    },
    stop,
  }
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  const exited = new Promise<void>((resolve) => process.once('exit', () => resolve()))
  process.kill('SIGTERM')
  await exited
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
