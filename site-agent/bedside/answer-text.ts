// An answer as a clinician reads it in a terminal: first what it is not, then the risks or why there are none, then what to
// know about them.

import { type ChildAnswer, zoneWords } from './answer.ts'
import { untrainedWords } from './part.ts'
import { shortCardRows } from './short-card.ts'

/** Lines of plain text. */
export function answerText(answer: ChildAnswer): string {
  const { child, part, horizonDays, study, weightsDigest, visits, flags, heldBack, notice } = answer
  return [
    notice,
    '',
    `${child}: an event within ${horizonDays} days after each visit, given the scans up to it`,
    ...(untrainedWords[part] === undefined ? [] : [untrainedWords[part]]),
    ...table(answer),
    '',
    ...lastVisit(answer),
    ...thresholdLines(answer),
    ...section(
      'To know before believing this',
      flags.map(({ weight, sentence }) => `${weight === 'refuses' ? 'x' : '!'} ${sentence}`),
    ),
    ...section(
      'Held back, and other remarks on the data',
      heldBack.map((sentence) => `* ${sentence}`),
    ),
    ...cardLines(answer),
    '',
    `Study ${study.slice(0, 12)}, weights ${weightsDigest.slice(0, 12)}, ${visits.length} scans. "Adds": the last figure less what it is without`,
    'that visit, in percentage points. "Seen": how often an event followed such a risk in the evaluation, 95 % interval.',
    ...((visits[0]?.others.length ?? 0) === 0
      ? []
      : [
          'Risks within other times, and the ranges behind them, are moved along with the calibrated one and its range; they were not',
          'checked against outcomes. In brackets they are outputs of the model.',
        ]),
    'Nothing of this leaves the site.',
  ].join('\n')
}

function table({ visits }: ChildAnswer): string[] {
  const others = visits[0]?.others ?? []
  const rows = visits.map(({ session, day, calibrated, output, others: at, contribution }) => [
    session,
    String(day),
    calibrated === null ? 'refused' : percent(calibrated.risk),
    calibrated?.seen === undefined ? '' : `${percent(calibrated.seen.low)} to ${percent(calibrated.seen.high)}`,
    ...at.map(otherText),
    percent(output),
    contribution === null ? '' : signed(100 * contribution),
  ])
  const head = [
    ...['visit', 'day', 'risk', 'seen'],
    ...others.map(({ horizonDays }) => `${horizonDays} days`),
    ...["model's output", 'adds'],
  ]
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
}

function otherText({ moved, movedSeen, output }: ChildAnswer['visits'][number]['others'][number]): string {
  if (moved === null) return `(${percent(output)})`
  return movedSeen === null
    ? percent(moved)
    : `${percent(moved)}, ${percent(movedSeen.low)} to ${percent(movedSeen.high)}`
}

function lastVisit({ visits, calibration }: ChildAnswer): string[] {
  const last = visits.at(-1)
  if (last?.calibrated) {
    const { risk, zone } = last.calibrated
    const by = calibration.kind === 'card' && calibration.by === 'site' ? 'this hospital' : 'the consortium'
    const place = zone === undefined ? '' : `, ${zoneWords[zone]}`
    return [`After the last visit: ${percent(risk)}, recalibrated for ${by}${place}.`]
  }
  const reasons = calibration.kind === 'refused' ? [calibration.reason] : (last?.refusals ?? [])
  return [
    'No calibrated risk is given:',
    ...reasons.map((reason) => `  * ${reason}`),
    "The model's output puts children in an order; nobody has checked that it is a probability.",
  ]
}

/** On the scale of the risks above; nothing where none are given. */
function thresholdLines({ thresholds, calibration }: ChildAnswer): string[] {
  if (thresholds === null || calibration.kind === 'refused') return []
  const { ruleOut, ruleIn } = thresholds
  const text = (risk: number | null): string => (risk === null ? 'none' : percent(risk))
  const scale =
    calibration.by === 'site' ? "; on this hospital's scale, the model card has them on the consortium's" : ''
  return [`Thresholds: lower ${text(ruleOut)}, upper ${text(ruleIn)}${scale}.`]
}

function cardLines({ card }: ChildAnswer): string[] {
  if (card === null) return []
  const rows = shortCardRows(card).flatMap(([name, said]) =>
    typeof said === 'string' ? [`${name}: ${said}`] : [`${name}:`, ...said.map((one) => `  * ${one}`)],
  )
  return section('Model card, in short', rows)
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** With one digit and a sign, which a value that rounds to nought has not. */
function signed(points: number): string {
  const digits = Math.abs(points).toFixed(1)
  if (digits === '0.0') return digits
  return `${points < 0 ? '−' : '+'}${digits}`
}
