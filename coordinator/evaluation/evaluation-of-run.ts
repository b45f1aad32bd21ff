// The evaluation of a run that is over, read from the store: its report and its model card.

import { readFile } from 'node:fs/promises'
import { parseDigest } from '../../shared/digest.ts'
import type { ModelCard } from '../../shared/evaluation/model-card.ts'
import { parsePooled } from '../../shared/evaluation/pooled.ts'
import { parseStudy } from '../../shared/study/study.ts'
import type { JudgedRun } from '../judged-run.ts'
import type { Blobs } from '../store/blobs.ts'
import { modelCard } from './card.ts'
import { type EvaluationReport, evaluationReport } from './report.ts'

/** Undefined when the run has no evaluation, or none that is over. @throws SequelaError `store_corrupt`, `answer_malformed`. */
export async function evaluationOf(
  { run, trained }: JudgedRun,
  blobs: Pick<Blobs, 'verify' | 'pathOf'>,
  nowMs: number,
): Promise<{ readonly report: EvaluationReport; readonly card: ModelCard } | undefined> {
  const last = run.rounds.findLast(({ pooledDigest }) => pooledDigest !== undefined)
  if (run.phase !== 'finished' || last?.pooledDigest === undefined) return undefined
  const digest = parseDigest(last.pooledDigest)
  await blobs.verify(digest)
  const pooled = parsePooled(await readFile(blobs.pathOf(digest) ?? ''))
  const study = parseStudy(run.text)
  const report = evaluationReport({ run, trained, study, pooled, nowMs })
  return { report, card: modelCard({ run, trained, study, pooled, report }) }
}
