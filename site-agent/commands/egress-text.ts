// The egress record as a data manager reads it: one block for everything that left, newest last.

import { counted } from '../../shared/counted.ts'
import { familyWords, isFamily } from '../../shared/evaluation/families.ts'
import { type AnswerOf, type SiteAnswer, smallestCell } from '../../shared/evaluation/site-answer.ts'
import { type Part, wholeFamily } from '../../shared/evaluation/suppression/strata.ts'
import { fingerprintInGroups, uncheckedReasons } from '../../shared/protocol/link-tokens.ts'
import { bytesSentIn, deliveriesIn, type EgressRecord } from '../egress-record.ts'

/** Lines of plain text, with totals at the end. */
export function egressText(records: readonly EgressRecord[]): string {
  if (records.length === 0) return 'Nothing has left this hospital.'
  const { updates, answers } = deliveriesIn(records)
  return [
    ...records.map(recordText),
    '',
    `Delivered: ${counted(updates, 'difference')} of weights, ${counted(answers, 'answer')} of evaluations; ${(bytesSentIn(records) / 1e6).toFixed(2)} MB sent in all.`,
    'No image, no table, no name of a patient and no date is among what leaves: see site-agent/egress.ts, the only door out.',
  ].join('\n')
}

function recordText(record: EgressRecord): string {
  const place = 'stage' in record ? ` stage ${record.stage + 1} round ${record.round + 1}` : ''
  const head = `${record.at}  study ${record.study.slice(0, 12)}${place}`
  switch (record.kind) {
    case 'update-sealed': {
      const count = record.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
      const clipped = record.clippedBy === 1 ? '' : `, scaled down by ${record.clippedBy.toPrecision(3)}`
      return [
        `${head}  sealed`,
        `    ${count} weights in ${record.parameters.length} parameters, ${record.bytes} bytes, norm ${record.norm.toPrecision(4)}${clipped}`,
        `    ${record.children} children stand behind it; SHA-256 ${record.updateDigest}`,
        ...(record.kept === undefined ? [] : [`    stay here, left as nought: ${record.kept.join(', ')}`]),
        ...numberLines(record),
      ].join('\n')
    }
    case 'evaluation-sealed':
      return [`${head}  evaluated the weights ${record.baseDigest}`, ...numberLines(record)].join('\n')
    case 'answer-sealed':
      return [
        `${head}  answered ${record.answer.pass} of the evaluation of the weights ${record.baseDigest}`,
        `    ${record.bytes} bytes, SHA-256 ${record.updateDigest}; every number is in the record: site egress --json`,
        `    ${answerLine(record.answer)}`,
      ].join('\n')
    case 'update-delivered':
      return `${head}  delivered, ${record.bytesSent} bytes sent, entry ${record.journalIndex} of the coordinator's journal`
    case 'delivery-interrupted':
      return `${head}  interrupted after ${record.bytesSent} bytes; what had arrived is not sent again`
    case 'links-sealed':
      return [
        `${head}  asked which children another hospital has`,
        `    ${record.tokens} keyed hashes of identifiers, random ones among them; SHA-256 ${record.listDigest}`,
        `    under the key ${fingerprintInGroups(record.keyFingerprint)}`,
      ].join('\n')
    case 'links-absent':
      return `${head}  said that no children are compared: ${uncheckedReasons[record.reason]}`
    case 'declined':
      return `${head}  declined: ${record.code}, ${record.reason}`
  }
}

function answerLine(answer: SiteAnswer): string {
  const fewest = smallestCell(answer)
  const content = ((): string => {
    switch (answer.pass) {
      case 'censoring':
        return `how long children of all folds were followed and how many were lost, in ${answer.intervals.length} intervals`
      case 'counts':
        return [
          `cells of ${answer.test.length} groups of test landmarks and of ${answer.validation === null ? 'no' : 'all'} validation landmarks`,
          `groups are by ${familiesOf(answer.test).join(', ') || 'nothing'}`,
          'numbers of children with an event',
          `${Object.keys(answer.own ?? {}).length} figures of this site`,
          `training children in ${Object.values(answer.inputs).flat().length} ranges of ${Object.keys(answer.inputs).join(', ') || 'nothing'}`,
          `names of ${Object.values(answer.seen ?? {}).flat().length} sequences and scanners`,
          `${answer.pairs.length} sums of pairs of scans`,
          answer.moments === null ? 'no embeddings' : 'mean and covariance of embeddings of validation scans',
        ].join('; ')
      case 'calibration':
        return `sums of ${linesOf(answer)} calibration lines`
      case 'recalibration':
        return `the same cells of ${answer.consortium.length} groups on two recalibrated scales; sums of ${linesOf(answer)} calibration lines; how this site's risks are corrected, and its figures`
      case 'influence':
        return [
          `squared influences in ${answer.strata.length} groups; sums of ${linesOf(answer)} calibration lines`,
          ...(answer.probe === null ? [] : ["how many test scans the model gives away as this site's"]),
        ].join('; ')
    }
  })()
  const rests = Number.isFinite(fewest) ? `; no number rests on fewer than ${fewest} children` : ''
  return `${content}${rests}`
}

function familiesOf(parts: readonly Part[]): string[] {
  const families = new Set<string>(parts.map(({ family }) => family))
  families.delete(wholeFamily)
  return [...families].map((family) => (isFamily(family) ? familyWords[family] : family))
}

function linesOf({ fits, strataFits = [] }: Pick<AnswerOf<'calibration'>, 'fits' | 'strataFits'>): number {
  return [fits, ...strataFits.map((part) => part.fits)].flatMap((lines) => Object.keys(lines)).length
}

function numberLines({
  metrics,
  withheld,
}: Extract<EgressRecord, { kind: 'update-sealed' | 'evaluation-sealed' }>): string[] {
  const numbers = metrics.map(
    ({ name, sum, count, children }) => `${name} ${sum.toPrecision(4)}/${count} (${children} children)`,
  )
  return [
    `    numbers: ${numbers.join(', ') || 'none'}`,
    ...(withheld.length === 0 ? [] : [`    withheld, too few children: ${withheld.join(', ')}`]),
  ]
}
