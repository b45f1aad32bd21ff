// The coordinator's command line. `init` and `serve` work on the home folder; everything else asks the process that
// serves, through the admin socket.

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { systemClock } from '../shared/clock.ts'
import { type LogLevel, logLevels } from '../shared/log.ts'
import { SequelaError } from '../shared/protocol/errors.ts'
import { studyInWords } from '../shared/study/in-words.ts'
import { parseNewStudy, type StudyFile } from '../shared/study/study.ts'
import { studyText } from '../shared/study/study-text.ts'
import { programVersion } from '../shared/version.ts'
import type { AdminRequest } from './admin/requests.ts'
import { askCoordinator } from './admin/socket.ts'
import { evaluateStudy } from './commands/evaluate.ts'
import { exportStudy } from './commands/export.ts'
import { type InitOptions, initialise } from './commands/init.ts'
import { planEvaluation } from './commands/plan-evaluation.ts'
import { serve } from './commands/serve.ts'
import { type CoordinatorHome, coordinatorHome } from './home.ts'
import { type JudgedRun, withTrained } from './judged-run.ts'
import { startedUnlinked } from './linkage/linkage-status.ts'
import type { CoordinatorStatus, RunStatus } from './status.ts'
import { statusText, uninvitedLines } from './status-text.ts'

const defaultHome = join(homedir(), '.sequela', 'coordinator')

/** The program; commander's own exits are thrown, so that a test can run it. */
export function coordinatorProgram(): Command {
  const program = new Command('coordinator')
    .description('Hands out weights to the sites of a consortium and averages what they return.')
    .version(programVersion)
    .option(
      '--home <folder>',
      'where the coordinator keeps everything',
      process.env.SEQUELA_COORDINATOR_HOME ?? defaultHome,
    )
    .exitOverride()
    .showHelpAfterError('(--help after a command shows what it takes)')
  const home = (): CoordinatorHome => coordinatorHome(program.opts<{ home: string }>().home)
  const ask = (request: AdminRequest): Promise<unknown> => askCoordinator(home(), request)

  program
    .command('init')
    .description('make a coordinator: its settings, its store and an authority of its own')
    .requiredOption('--host <name>', 'the name by which sites reach this machine')
    .option('--domain <name>', "the consortium's name in certificates (default: the host)")
    .option('--listen <address>', 'the address to listen on', '0.0.0.0')
    .option('--port <number>', 'port of the federation service', wholeNumber, 8443)
    .option('--enrolment-port <number>', 'port of the enrolment service', wholeNumber, 8444)
    .option('--min-free-disk-mb <number>', 'refuse new work when less than this is free', wholeNumber, 1024)
    .action((options: InitOptions) => initialise(home(), options))

  program
    .command('serve')
    .description('serve until stopped (SIGINT or SIGTERM)')
    .addOption(new Option('--log-level <level>', 'what the log says at least').choices(logLevels).default('info'))
    .action((options: { logLevel: LogLevel }) => serve(home(), options))

  program
    .command('invite')
    .description('make a one-time enrolment code for a site; it is good for ten minutes')
    .argument('<site>', 'the id of the site: lower-case letters, digits and hyphens')
    .action(async (site: string) => print(String(await ask({ type: 'invite', site }))))

  addStudyCommands(program, ask)

  program
    .command('status')
    .description('who is connected, which studies run, who counted in each round and who did not, and why')
    .option('--watch', 'show it again every two seconds until stopped')
    .option('--json', 'the whole status as JSON')
    .option('--rounds <number>', 'how many of the last rounds to show', wholeNumber, 3)
    .action((options: { watch?: true; json?: true; rounds: number }) => showStatus(ask, options))

  program
    .command('export')
    .description(
      "write a study's weights (safetensors) or its whole network (ONNX) and, beside it, where they come from (JSON)",
    )
    .argument('<study>', 'digest of the study, or its first digits')
    .requiredOption('--out <file>', 'the file to write, ending in .safetensors or in .onnx')
    .option(
      '--stage <number>',
      'weights of this stage, from 1 (default: the last in which some were published)',
      wholeNumber,
    )
    .option(
      '--best <metric>',
      'those that did best on the validation folds, by log_loss for example (default: the last)',
    )
    .action(async (study: string, options: { out: string; stage?: number; best?: string }) =>
      print(await exportStudy(home(), await findJudged(ask, study), { ...options, nowMs: systemClock.now() })),
    )
  program
    .command('evaluate')
    .description(
      'write the report and the model card of a study that ends with an evaluation, once its passes are over (--out); ' +
        'or the file of a study that judges the weights of a finished one (--plan)',
    )
    .argument('<study>', 'digest of the study, its first digits, or its name')
    .addOption(
      new Option(
        '--out <folder>',
        'the folder for report.html, report.json, model-card.md and model-card.json',
      ).conflicts(['plan', 'sites', 'name']),
    )
    .option('--plan <file>', 'write a study file by which sites judge its final weights; nothing is trained')
    .option('--sites <names>', 'sites that are to judge, with commas between (default: those that trained)')
    .option('--name <name>', 'name of the study that judges (default: after the other)')
    .action(async (study: string, options: { out?: string; plan?: string; sites?: string; name?: string }) => {
      const { out, plan, sites, name } = options
      if (plan !== undefined) {
        const { runs } = await askStatus(ask)
        const wanted = { ...(sites !== undefined && { sites: sites.split(',') }), ...(name !== undefined && { name }) }
        print(await planEvaluation(withTrained(studyAmong(runs, study), runs), runs, { plan, ...wanted }))
        return
      }
      if (out === undefined) {
        throw new SequelaError(
          'usage',
          'say --out FOLDER for the report, or --plan FILE for a study that judges its weights',
        )
      }
      const { studyDigest } = await findStudy(ask, study)
      const run = (): Promise<JudgedRun> => findJudged(ask, studyDigest)
      const say = (text: string): void => void process.stderr.write(`${text}\n`)
      print(await evaluateStudy({ home: home(), run, nowMs: () => systemClock.now(), say }, { out }))
    })
  return program
}

function addStudyCommands(program: Command, ask: (request: AdminRequest) => Promise<unknown>): void {
  const study = program.command('study').description('check, start, pause, resume or cancel a study')
  study
    .command('check')
    .description('read a study file and say in words what it asks of the sites; starts nothing')
    .argument('<file>')
    .action(async (file: string) => print(studyInWords(await readStudy(file))))
  study
    .command('propose')
    .description('show a study to its sites, so that they can approve it before it starts')
    .argument('<file>')
    .action(async (file: string) => {
      const { text, digest } = await readStudy(file)
      await ask({ type: 'propose', text })
      print(`proposed; each site approves it with: site approve ${digest}`)
      await printUninvited(ask, digest)
    })
  study
    .command('start')
    .description('propose a study if that has not been done, and start its first round')
    .argument('<file>')
    .action(async (file: string) => {
      const { text, digest } = await readStudy(file)
      await ask({ type: 'propose', text })
      await ask({ type: 'start', studyDigest: digest })
      print(`started ${digest}`)
      await printUninvited(ask, digest)
      const { linkage } = await findStudy(ask, digest)
      if (linkage !== undefined) print(startedUnlinked(linkage))
    })
  for (const type of ['pause', 'resume'] as const) {
    study
      .command(type)
      .description(type === 'pause' ? 'hand out no more work; what sites still deliver is kept' : 'go on after a pause')
      .argument('<study>', 'digest of the study, or its first digits')
      .action(async (digits: string) => {
        await ask({ type, studyDigest: (await findStudy(ask, digits)).studyDigest })
        print(`${type}d`)
      })
  }
  study
    .command('cancel')
    .description('end a study for good; what was published stays')
    .argument('<study>', 'digest of the study, or its first digits')
    .requiredOption('--reason <text>', 'why; it stands in the journal')
    .action(async (digits: string, { reason }: { reason: string }) => {
      await ask({ type: 'cancel', studyDigest: (await findStudy(ask, digits)).studyDigest, reason })
      print('cancelled')
    })
}

async function printUninvited(ask: (request: AdminRequest) => Promise<unknown>, studyDigest: string): Promise<void> {
  const status = await askStatus(ask)
  const lines = status.runs
    .filter((run) => run.studyDigest === studyDigest)
    .flatMap((run) => uninvitedLines(status, run))
  if (lines.length > 0) print(lines.join('\n'))
}

async function showStatus(
  ask: (request: AdminRequest) => Promise<unknown>,
  options: { readonly watch?: true; readonly json?: true; readonly rounds: number },
): Promise<void> {
  for (;;) {
    const status = await askStatus(ask)
    if (options.watch) process.stdout.write('\u001b[2J\u001b[H')
    print(options.json ? JSON.stringify(status) : statusText(status, options.rounds))
    if (!options.watch) return
    await wait(2000)
  }
}

/** The other end of the socket is this same program, so the answer is what `status` gave. */
async function askStatus(ask: (request: AdminRequest) => Promise<unknown>): Promise<CoordinatorStatus> {
  return (await ask({ type: 'status' })) as CoordinatorStatus
}

async function findStudy(ask: (request: AdminRequest) => Promise<unknown>, digits: string): Promise<RunStatus> {
  return studyAmong((await askStatus(ask)).runs, digits)
}

/** The study, with the one whose weights it judges. */
async function findJudged(ask: (request: AdminRequest) => Promise<unknown>, digits: string): Promise<JudgedRun> {
  const { runs } = await askStatus(ask)
  return withTrained(studyAmong(runs, digits), runs)
}

function studyAmong(runs: readonly RunStatus[], digits: string): RunStatus {
  const found = runs.filter((run) => run.studyDigest.startsWith(digits) || run.study === digits)
  if (found.length === 1 && found[0] !== undefined) return found[0]
  const known = runs.map((run) => `${run.studyDigest.slice(0, 12)} ${run.study}`).join(', ') || 'none'
  const problem = found.length === 0 ? 'there is no study' : 'there is more than one study'
  throw new SequelaError('study_unknown', `${problem} "${digits}"; known are: ${known}`)
}

async function readStudy(file: string): Promise<StudyFile> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new SequelaError('file_unreadable', `the study file ${file} cannot be read`, { cause: error })
  })
  return parseNewStudy(studyText(bytes))
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new SequelaError('usage', `"${text}" is not a whole number`)
  return Number(text)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
