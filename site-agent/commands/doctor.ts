// `site doctor`: looks for the scans and tries the way to the coordinator, one step after the other, and says of what fails
// what to ask IT for. The way is tried also where the scans are not found: others see to that than to the line.

import { lookup } from 'node:dns/promises'
import { resolve } from 'node:path'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { programVersion } from '../../shared/version.ts'
import { openDataset } from '../cohort/open-dataset.ts'
import { createCoordinatorClient } from '../coordinator-client.ts'
import { readSettings, type SiteHome, type SiteSettings } from '../home.ts'
import { certificateLife, readIdentity, type SiteIdentity } from '../identity-file.ts'
import { readBrainNetwork } from '../imaging/brain-network-file.ts'
import { routeTo } from '../proxy.ts'
import { tryHandshake } from '../tls-probe.ts'

interface Step {
  readonly name: string
  /** Returns what was found; throws what is wrong and what to ask for. */
  readonly check: () => Promise<string>
}

/** Prints a line a step. @throws SequelaError of the first step on the way that failed, or else of the data. */
export async function doctor(home: SiteHome): Promise<void> {
  print(`site agent ${programVersion} on Node ${process.versions.node}`)
  const settings = await readSettings(home)
  const identity = await readIdentity(home.identityFile)
  const { brainMask } = settings
  const { hostname, port } = new URL(`https://${identity.federationAddress}`)
  const ofData: Step[] = [
    { name: 'data', check: () => dataInWords(settings) },
    ...(brainMask === undefined
      ? []
      : [{ name: 'brain mask', check: async () => networkInWords(resolve(home.folder, brainMask.weights)) }]),
  ]
  const onTheWay: Step[] = [
    { name: 'certificate', check: async () => certificateInWords(identity) },
    { name: 'name', check: () => resolveName(hostname) },
    { name: 'route', check: async () => routeInWords(hostname) },
    { name: 'TLS', check: () => tryHandshake(identity, hostname, Number(port)) },
    { name: 'coordinator', check: () => askCoordinator(identity) },
  ]
  const failures: SequelaError[] = []
  for (const step of ofData) {
    try {
      await take(step)
    } catch (error) {
      const failure = SequelaError.from(error)
      print(failure.message.replaceAll(/^/gm, '    '))
      failures.push(failure)
    }
  }
  for (const step of onTheWay) await take(step)
  const [failure] = failures
  if (failure !== undefined) {
    const message = 'the way to the coordinator is open, but this site cannot work yet; put right what FAILS above'
    throw new SequelaError(failure.code, message, { cause: failure })
  }
  print('All is well: this site can work.')
}

async function take({ name, check }: Step): Promise<void> {
  const found = await check().catch((error: unknown) => {
    print(`  ${name.padEnd(11)} FAILS`)
    throw error
  })
  print(`  ${name.padEnd(11)} ${found}`)
}

/** Opens no scan: whether they can be used is for `site check-data` to say. */
async function dataInWords(settings: SiteSettings): Promise<string> {
  const { found } = await openDataset(settings.data, settings)
  return `${found} ${found === 1 ? 'child' : 'children'} in ${settings.data}`
}

function networkInWords(file: string): string {
  const { network, digest } = readBrainNetwork(file)
  return `a network of ${network.hidden.length} hidden layers, ${digest.slice(0, 12)}`
}

function certificateInWords(identity: SiteIdentity): string {
  const { notBeforeMs, notAfterMs } = certificateLife(identity)
  const nowMs = Date.now()
  const until = new Date(notAfterMs).toISOString()
  if (nowMs > notAfterMs) {
    const message = `the certificate of ${identity.site} ended ${until}, while the agent was off; ask the coordinator for a new code and enrol again`
    throw new SequelaError('certificate_expired', message)
  }
  if (nowMs < notBeforeMs) {
    const message = `the certificate is good only from ${new Date(notBeforeMs).toISOString()}; this machine's clock is behind: ask IT to set it`
    throw new SequelaError('certificate_expired', message)
  }
  return `site ${identity.site}, good until ${until}`
}

async function resolveName(host: string): Promise<string> {
  const found = await lookup(host).catch((error: unknown) => {
    const message = `${host} is not known here; ask IT to let this machine resolve the name`
    throw new SequelaError('unreachable', message, { cause: error })
  })
  return `${host} is ${found.address}`
}

function routeInWords(host: string): string {
  const route = routeTo(host, process.env)
  return route.kind === 'proxy' ? `through the proxy ${route.shown}` : 'direct, no proxy'
}

async function askCoordinator(identity: SiteIdentity): Promise<string> {
  const client = createCoordinatorClient(identity)
  try {
    const studies = await client.listStudies()
    return `answers; ${studies.length} ${studies.length === 1 ? 'study lists' : 'studies list'} this site`
  } finally {
    client.close()
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
