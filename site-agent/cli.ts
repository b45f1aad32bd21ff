// The site's command line: what a hospital's IT and data manager type.

import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { systemClock } from '../shared/clock.ts'
import { type LogLevel, logLevels } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { programVersion } from '../shared/version.ts'
import { readViews, viewsText } from './bedside/view-log.ts'
import { approve } from './commands/approve.ts'
import { type CheckDataOptions, checkData } from './commands/check-data.ts'
import { doctor } from './commands/doctor.ts'
import { egressText } from './commands/egress-text.ts'
import { enrol } from './commands/enrol.ts'
import { decideOnScan, exclusionsText } from './commands/exclude.ts'
import { type ImportOptions, importScans } from './commands/import.ts'
import { type LinkKeyOptions, linkKey } from './commands/link-key.ts'
import { predict } from './commands/predict.ts'
import { type PrepareCommandOptions, prepare } from './commands/prepare.ts'
import { run } from './commands/run.ts'
import { siteStatus } from './commands/status.ts'
import { view } from './commands/view.ts'
import { headerVariable } from './dicomweb/credentials.ts'
import { readEgress } from './egress-record.ts'
import { defaultThreads, type SiteHome, siteHome } from './home.ts'

const defaultHome = join(homedir(), '.sequela', 'site')

/** The program; commander's own exits are thrown, so that a test can run it. */
export function siteProgram(): Command {
  const program = new Command('site')
    .description("Trains on this hospital's scans and returns only weight updates. No image leaves the house.")
    .version(programVersion)
    .option('--home <folder>', 'where the agent keeps everything', process.env.SEQUELA_SITE_HOME ?? defaultHome)
    .exitOverride()
    .showHelpAfterError('(--help after a command shows what it takes)')
  const home = (): SiteHome => siteHome(program.opts<{ home: string }>().home)

  program
    .command('enrol')
    .description('join a consortium with the one-time code that its coordinator gave')
    .argument('<code>', 'the code, in one piece')
    .option(
      '--data <folder>',
      "the folder with this hospital's scans, in BIDS or another layout of docs/site-guide.md; it is only read (a site that joins again: the one given before)",
    )
    .option(
      '--threads <number>',
      `threads that training may use (default: ${defaultThreads}, or as before)`,
      wholeNumber,
    )
    .action(async (code: string, { data, threads }: { data?: string; threads?: number }) =>
      print(await enrol(home(), { code, data: data === undefined ? undefined : resolve(data), threads })),
    )

  program
    .command('import')
    .description(
      "make the site's own BIDS folder out of DICOM files or a PACS; names, dates and UIDs stay behind, nothing is sent",
    )
    .option('--dicom <folder>', 'a folder with DICOM files, in any order and depth; it is only read')
    .option('--dicomweb <url>', "the address of a PACS's DICOMweb service, such as https://pacs.example.org/dicom-web")
    .option('--into <folder>', 'the BIDS folder to write (default: the one given at enrolment)')
    .option(
      '--map <file>',
      'a TSV or CSV table: patient_id, and as known participant_id, surgery_date, event, event_date, …',
    )
    .option('--from <date>', 'PACS: studies from this day on, YYYY-MM-DD')
    .option('--until <date>', 'PACS: studies up to this day')
    .option('--pacs-header <file>', `PACS: a file (chmod 600) with one header line; or the variable ${headerVariable}`)
    .option('--pacs-ca <file>', "PACS: the hospital's certificate authority, PEM")
    .option('--pacs-cert <file>', 'PACS: client certificate, PEM')
    .option('--pacs-key <file>', 'PACS: its key, PEM (chmod 600)')
    .option('--dry-run', 'say what would be imported and why, and write nothing')
    .option('--json', 'as JSON')
    .action((options: ImportOptions) => importScans(home(), options))

  program
    .command('check-data')
    .description('say in words which children and scans are used, which are held back, and why; nothing is sent')
    .option('--study <file>', 'a study file (default: the approved study, or the usual pipeline)')
    .option('--data <folder>', 'the folder with the scans (default: the one given at enrolment)')
    .option('--json', 'as JSON')
    .option('--html <file>', 'also write a page with a row a child and pictures of every scan; it stays here')
    .action((options: CheckDataOptions) => checkData(home(), options))

  program
    .command('exclude')
    .description('take a scan or a child out by hand; recorded with who and when. Without a name: list what is out')
    .argument('[scan]', 'sub-X/ses-Y, or sub-X for the whole child')
    .option('--reason <text>', 'why')
    .action(async (place: string | undefined, { reason }: { reason?: string }) => {
      if (place === undefined) return print(await exclusionsText(home()))
      const why = reason === undefined ? {} : { reason }
      print(await decideOnScan(home(), { action: 'exclude', place, ...why }, systemClock))
    })

  program
    .command('include')
    .description('use a scan or a child again that was taken out by hand')
    .argument('<scan>', 'sub-X/ses-Y, or sub-X')
    .action(async (place: string) => print(await decideOnScan(home(), { action: 'include', place }, systemClock)))

  program
    .command('prepare')
    .description('register, mask and normalise every scan beforehand; interrupted, it goes on where it stopped')
    .option('--study <file>', 'a study file (default: the approved study, or the usual pipeline)')
    .option('--data <folder>', 'the folder with the scans (default: the one given at enrolment)')
    .option('--processes <number>', 'scans at once; each takes a core and up to 1 GB', wholeNumber, 2)
    .option('--json', 'the summary as JSON')
    .action((options: PrepareCommandOptions) => prepare(home(), options))

  program
    .command('approve')
    .description('show a study in words and record that this hospital takes part; without a digest: list what waits')
    .argument('[digest]', 'digest of the study, or its first digits')
    .action((digest: string | undefined) => approve(home(), digest))

  program
    .command('link-key')
    .description('the key by which hospitals find children that two of them treat; without an option: its fingerprint')
    .option(
      '--create <file>',
      'make it, for this site and in a file for the other hospitals; the coordinator must not have it',
    )
    .option('--import <file>', 'take it over from the hospital that made it')
    .action(async (options: LinkKeyOptions) => print(await linkKey(home(), options)))

  program
    .command('run')
    .description('work until stopped (SIGINT or SIGTERM)')
    .addOption(new Option('--log-level <level>', 'what the log says at least').choices(logLevels).default('info'))
    .action((options: { logLevel: LogLevel }) => run(home(), options))

  program
    .command('predict')
    .description("one child's risk after each of its visits, by exported weights; research use, and nothing is sent")
    .requiredOption('--child <id>', 'participant_id, with or without sub-')
    .requiredOption('--weights <file>', 'a .safetensors file from coordinator export, its .provenance.json beside it')
    .option('--card <file>', 'its model card (default: the .card.json beside the weights, if there is one)')
    .option('--json', 'as JSON')
    .action((options: { child: string; weights: string; card?: string; json?: true }) => predict(home(), options))

  program
    .command('view')
    .description(
      "this hospital's children, scans and risks on local pages, for one browser on this machine; nothing is sent",
    )
    .option('--weights <file>', 'a .safetensors file from coordinator export; without it scans are shown and no risk')
    .option('--card <file>', 'its model card (default: the .card.json beside the weights, if there is one)')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber, 0)
    .option('--idle-minutes <number>', 'ends after so long without a look', wholeNumber, 30)
    .action((options: { weights?: string; card?: string; port: number; idleMinutes: number }) => view(home(), options))

  program
    .command('views')
    .description('who looked at which child and when, from the record of this hospital')
    .option('--json', 'one JSON record a line')
    .action(async ({ json }: { json?: true }) => {
      const records = await readViews(home().viewsFile)
      print(json ? records.map((record) => JSON.stringify(record)).join('\n') : viewsText(records))
    })

  program
    .command('status')
    .description('what the agent is doing')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: true }) => print(await siteStatus(home(), json ?? false)))

  program
    .command('doctor')
    .description('look for the scans, try the way to the coordinator step by step and say what to ask IT for')
    .action(() => doctor(home()))

  program
    .command('egress')
    .description('everything that left this hospital, from its own record')
    .option('--json', 'one JSON record a line')
    .action(async ({ json }: { json?: true }) => {
      const records = await readEgress(home().egressFile)
      print(json ? records.map((record) => JSON.stringify(record)).join('\n') : egressText(records))
    })
  return program
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new SequelaError('usage', `"${text}" is not a whole number`)
  return Number(text)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
