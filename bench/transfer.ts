// Benchmark: one update on its way from a site to the coordinator, over loopback and over a line with a delay.

import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startLiveFederation } from '../coordinator/testsupport/live-federation.ts'
import nodeFlags from '../shared/node-flags.json' with { type: 'json' }
import { type Benchmark, type MeasuredRow, median, type Row } from './benchmark.ts'
import { type Candidate, runInterleaved } from './interleaved.ts'
import { canImport, python } from './python.ts'
import { writeRandomWeights } from './random-weights.ts'
import type { TransferTask } from './transfer/task.ts'

const roundTripMs = 40

/** An update of the paper's model with room to grow. */
export const transfer: Benchmark = transferBenchmark({ elements: 46_000_000 })

/** The benchmark at another size, for tests. */
export function transferBenchmark({ elements }: { readonly elements: number }): Benchmark {
  return {
    name: 'transfer',
    description:
      `an update of ${(elements / 1e6).toFixed(0)} M weights over mutual TLS, hashed and durable at the other end, after ` +
      'another of its size; ' +
      `straight over loopback and with ${roundTripMs} ms round trip; memory is the receiver's`,
    run: async (options) => {
      const near = await prepareTask(options.folder, elements)
      const far = { ...near, delayMs: roundTripMs / 2 }
      const withGrpc = await canImport('grpc')
      const candidates = [
        ...candidatesFor(near, 'loopback', withGrpc),
        ...candidatesFor(far, `${roundTripMs} ms`, withGrpc),
      ]
      const measured = await runInterleaved(candidates, options)
      const rows = candidates.map(({ name }, k): MeasuredRow => ({ name, unit: 'MiB/s', runs: measured[k] ?? [] }))
      const medianOf = (name: string): number =>
        median(rows.find((row) => row.name === name)?.runs.map(({ value }) => value) ?? [])
      const skipped: readonly Row[] = withGrpc ? [] : [{ name: 'grpcio', skipped: `${python} cannot import grpc` }]
      return {
        rows: [...rows, ...skipped],
        figures: {
          upload_loopback_mib_s: medianOf('ours, loopback'),
          [`upload_${roundTripMs}ms_mib_s`]: medianOf(`ours, ${roundTripMs} ms`),
        },
      }
    },
  }
}

/** Two updates, and certificates from an authority that is forgotten. */
async function prepareTask(folder: string, elements: number): Promise<TransferTask> {
  const files: [string, string] = [join(folder, 'update-0'), join(folder, 'update-1')]
  for (const [seed, file] of files.entries())
    await writeRandomWeights(file, { manifest: [{ name: 'w', shape: [elements] }], seed, scale: 0.01 })
  const { size: byteLength } = await stat(files[0])
  const live = await startLiveFederation({ elements: 1 })
  try {
    const site = await live.enrol('a')
    const server = live.authority.serverIdentity()
    const pems = {
      root: live.authority.rootPem,
      siteKey: site.privateKeyPem,
      siteChain: site.certificateChainPem,
      serverKey: server.keyPem,
      serverChain: server.chainPem,
    }
    const pathOf = (name: string): string => join(folder, `${name}.pem`)
    for (const [name, pem] of Object.entries(pems)) await writeFile(pathOf(name), pem, { mode: 0o600 })
    const tls = {
      root: pathOf('root'),
      siteKey: pathOf('siteKey'),
      siteChain: pathOf('siteChain'),
      serverKey: pathOf('serverKey'),
      serverChain: pathOf('serverChain'),
    }
    return { elements, byteLength, files, folder, delayMs: 0, tls }
  } finally {
    await live.close()
  }
}

function candidatesFor(task: TransferTask, line: string, withGrpc: boolean): readonly Candidate[] {
  const told = JSON.stringify(task)
  const script = (name: string): string => fileURLToPath(new URL(`./transfer/${name}`, import.meta.url))
  const node = (name: string, file: string): Candidate => ({
    name: `${name}, ${line}`,
    program: process.execPath,
    arguments: [...nodeFlags, script(file), told],
  })
  const grpc = {
    name: `grpcio, ${line}`,
    program: python,
    arguments: [script('grpc_upload.py'), told, process.execPath],
  }
  return [node('ours', 'ours.ts'), node('HTTPS, Node alone', 'https.ts'), ...(withGrpc ? [grpc] : [])]
}
