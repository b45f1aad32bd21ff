// The model that is asked at the bedside: exported weights, the study that made them, and the model card beside them when
// there is one. A card of other weights is refused rather than believed.

import { readFile } from 'node:fs/promises'
import { cardFileOf, type ModelCard, parseModelCard } from '../../shared/evaluation/model-card.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { type ExportedModel, readExportedModel } from '../exported-model.ts'
import type { SiteHome } from '../home.ts'

export interface OpenModel extends ExportedModel {
  readonly card: ModelCard | undefined
}

export interface ModelFiles {
  /** A .safetensors file from `coordinator export`, with its note of origin beside it. */
  readonly weights: string
  /** From `coordinator evaluate` or `export`; absent: the one that `export` wrote beside the weights, if there is one. */
  readonly card?: string | undefined
}

/**
 * @throws SequelaError as `readExportedModel`; `file_unreadable` when the card cannot be read, `digest_mismatch` when it is
 *   of other weights.
 */
export async function openModel(
  home: SiteHome,
  { weights: weightsFile, card: cardFile }: ModelFiles,
): Promise<OpenModel> {
  const model = await readExportedModel(home, weightsFile)
  const file = cardFile ?? cardFileOf(weightsFile)
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const code = systemCode(cause)
    if (code === 'ENOENT' && cardFile === undefined) return undefined
    throw new SequelaError('file_unreadable', `the model card ${file} cannot be read (${code})`, { cause })
  })
  if (text === undefined) return { ...model, card: undefined }
  const card = parseModelCard(text, file)
  if (card.model.weightsDigest !== model.digest) {
    const [of, are] = [card.model.weightsDigest.slice(0, 12), model.digest.slice(0, 12)]
    const message = `the model card ${file} is of weights ${of}, and these are ${are}; take the card that was written for them`
    throw new SequelaError('digest_mismatch', message)
  }
  return { ...model, card }
}
