// `coordinator evaluate`: the report and the model card of a study that ends with an evaluation. It waits for the passes that
// are still going on, and says how far they are.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { evaluationPasses } from '../../shared/evaluation/passes.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { cardMarkdown } from '../evaluation/card-text.ts'
import { evaluationOf } from '../evaluation/evaluation-of-run.ts'
import { evaluationPage } from '../evaluation/page/evaluation-page.ts'
import type { CoordinatorHome } from '../home.ts'
import type { JudgedRun } from '../judged-run.ts'
import type { RunStatus } from '../status.ts'
import { openFileBlobs } from '../store/files.ts'
import { writeWhole } from './whole-file.ts'

export interface EvaluateDeps {
  readonly home: CoordinatorHome
  /** The run as it stands, with the one whose weights it judges where it trains nothing. */
  readonly run: () => Promise<JudgedRun>
  readonly nowMs: () => number
  /** Says how far it is, while it waits. */
  readonly say: (text: string) => void
}

const pollMs = 1000

/**
 * Writes report.html, report.json, model-card.md and model-card.json into a folder.
 * @returns a sentence on what was written.
 * @throws SequelaError `study_state` when the study has no evaluation, or was cancelled before it; `store_corrupt`,
 *   `file_unreadable`.
 */
export async function evaluateStudy(deps: EvaluateDeps, options: { readonly out: string }): Promise<string> {
  const judged = await finishedRun(deps)
  const blobs = await openFileBlobs({ folder: deps.home.storeFolder, minFreeBytes: 0, readOnly: true })
  const evaluation = await evaluationOf(judged, blobs, deps.nowMs())
  if (evaluation === undefined)
    throw new SequelaError('study_state', `the evaluation of ${judged.run.study} came to nothing`)
  const { report, card } = evaluation
  await mkdir(options.out, { recursive: true }).catch((cause: unknown) => {
    throw new SequelaError('file_unreadable', `${options.out} cannot be made (${systemCode(cause)})`, { cause })
  })
  const files = {
    'report.html': evaluationPage(report),
    'report.json': `${JSON.stringify(report, null, 2)}\n`,
    'model-card.md': cardMarkdown(card),
    'model-card.json': `${JSON.stringify(card, null, 2)}\n`,
  }
  for (const [name, content] of Object.entries(files)) await writeWhole(join(options.out, name), content)
  const auroc = report.performance.raw.auroc
  const found =
    auroc === null || auroc === undefined ? 'too few children to say anything' : `AUROC ${auroc.value.toFixed(2)}`
  return `${found}; written to ${options.out}: ${Object.keys(files).join(', ')}`
}

async function finishedRun({ run, say }: EvaluateDeps): Promise<JudgedRun> {
  let said = ''
  for (;;) {
    const judged = await run()
    const { run: current } = judged
    if (!current.evaluates) throw notAsked(current)
    if (current.phase === 'finished') return judged
    if (current.phase === 'cancelled') throw new SequelaError('study_state', `the study ${current.study} was cancelled`)
    const last = current.rounds.at(-1)
    const text =
      last?.purpose === 'pass'
        ? `pass ${last.round + 1} of ${evaluationPasses.length}: ${last.sites.filter(({ outcome }) => outcome === 'counted').length} of ${last.sites.length} sites have answered`
        : `${current.study} is still ${current.phase === 'running' ? 'being trained' : current.phase}; its evaluation comes at the end`
    if (text !== said) say(text)
    said = text
    await wait(pollMs)
  }
}

/** Sites judge weights only where a study that they approved says so; another study may, once this one has finished. */
function notAsked({ study, studyDigest, phase }: RunStatus): SequelaError {
  const asks = `the study ${study} asks for no evaluation`
  if (phase === 'cancelled') return new SequelaError('study_state', `${asks}, and it was cancelled`)
  const when = phase === 'finished' ? '' : ' once it has finished'
  return new SequelaError(
    'study_state',
    `${asks}. Its weights can be judged by a study of its own, without training again${when}: ` +
      `coordinator evaluate ${studyDigest.slice(0, 12)} --plan FILE`,
  )
}
