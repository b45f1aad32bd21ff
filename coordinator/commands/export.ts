// `coordinator export`: a study's weights as a file that PyTorch (interop/) or ONNX runtimes read, and beside it where they
// come from.

import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { type Digest, parseDigest } from '../../shared/digest.ts'
import { cardFileOf } from '../../shared/evaluation/model-card.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { channelsOf } from '../../shared/study/sequences.ts'
import { parseStudy } from '../../shared/study/study.ts'
import { programVersion } from '../../shared/version.ts'
import { decodeSafetensors } from '../../shared/weights/safetensors.ts'
import { evaluationOf } from '../evaluation/evaluation-of-run.ts'
import type { CoordinatorHome } from '../home.ts'
import { encodeOnnx } from '../interchange/onnx-model.ts'
import { type JudgedRun, roundsBehind } from '../judged-run.ts'
import { chooseWeights } from '../published-weights.ts'
import type { Blobs } from '../store/blobs.ts'
import { openFileBlobs } from '../store/files.ts'
import { writeWhole } from './whole-file.ts'

export interface ExportOptions {
  /** Ends in .safetensors, or in .onnx for the whole network. */
  readonly out: string
  /** Weights of this stage, from 1; absent: of the last in which some were published. */
  readonly stage?: number
  /** Those that did best on the validation folds by this metric; absent: the last. */
  readonly best?: string
  readonly nowMs: number
}

/**
 * Writes weights and their provenance.
 * @param judged the run, and where it judges the weights of another that one
 * @returns a sentence on what was written.
 * @throws SequelaError as `chooseWeights`; `usage` for a bad name, `store_corrupt`, `file_unreadable` when it cannot be
 *   written.
 */
export async function exportStudy(home: CoordinatorHome, judged: JudgedRun, options: ExportOptions): Promise<string> {
  const { run, trained = run } = judged
  const { out } = options
  const kind = extname(out)
  if (kind !== '.safetensors' && kind !== '.onnx') {
    throw new SequelaError('usage', '--out must end in .safetensors or in .onnx')
  }
  if (run !== trained && (options.stage !== undefined || options.best !== undefined)) {
    throw new SequelaError(
      'usage',
      `${run.study} judges the final weights of ${trained.study}; for others of its weights: coordinator export ${trained.studyDigest}`,
    )
  }
  const chosen = chooseWeights(trained, {
    ...(options.stage !== undefined && { stage: options.stage - 1 }),
    ...(options.best !== undefined && { best: options.best }),
  })
  const digest = parseDigest(chosen.digest)
  const blobs = await openFileBlobs({ folder: home.storeFolder, minFreeBytes: 0, readOnly: true })
  await blobs.verify(digest)
  const weights = await readFile(blobs.pathOf(digest) ?? '')
  const { pipeline } = parseStudy(run.text).study
  const channels = channelsOf(pipeline)
  const arrays = 'features' in pipeline ? { features: pipeline.features } : {}
  const notes = {
    ...(channels !== undefined && { sequences: channels.join(',') }),
    ...arrays,
    study: run.study,
    study_digest: run.studyDigest,
    weights_digest: digest,
    preset: run.model.preset,
    head: run.model.head,
  }
  const content =
    kind === '.onnx' ? encodeOnnx({ model: run.model, weights: decodeSafetensors(weights), notes }) : weights
  await writeWhole(out, content)
  const rounds = roundsBehind(judged).filter((round) => round.state === 'published')
  const { study, studyDigest } = run
  const { personal } = run
  const origin = {
    ...{ programVersion, study, studyDigest, model: run.model, weightsDigest: digest, chosen },
    ...(run.from !== undefined && { from: run.from }),
  }
  const provenance = {
    ...origin,
    ...(channels !== undefined && { channels }),
    ...arrays,
    ...(personal !== undefined && { personal }),
    rounds,
  }
  const note = `${out.slice(0, -kind.length)}.provenance.json`
  await writeWhole(note, `${JSON.stringify(provenance, null, 2)}\n`)
  const card = await writeCard(judged, blobs, { out, digest, nowMs: options.nowMs })
  const why =
    chosen.by === undefined
      ? ''
      : `, best of ${chosen.by.among} by ${chosen.by.metric} on the validation folds (${chosen.by.value.toPrecision(3)})`
  const incomplete =
    run.personal === undefined
      ? ''
      : `\n${run.personal.join(', ')}: each site has its own, here is what they began with; complete only at a site that trained`
  return `weights after stage ${chosen.stage + 1}, round ${chosen.round + 1}${why}: ${out}\nwhere they come from: ${note}${card}${incomplete}`
}

/** The model card beside weights that were evaluated; nothing beside others. */
async function writeCard(
  judged: JudgedRun,
  blobs: Pick<Blobs, 'verify' | 'pathOf'>,
  { out, digest, nowMs }: { readonly out: string; readonly digest: Digest; readonly nowMs: number },
): Promise<string> {
  const evaluation = await evaluationOf(judged, blobs, nowMs)
  if (evaluation === undefined || evaluation.card.model.weightsDigest !== digest) return ''
  const file = cardFileOf(out)
  await writeWhole(file, `${JSON.stringify(evaluation.card, null, 2)}\n`)
  return `\nhow well they do: ${file}`
}
