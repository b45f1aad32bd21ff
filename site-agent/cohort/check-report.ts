// The report of `site check-data` as a data manager reads it: first how much can be used, then what is held back and why,
// then what is worth a look, then every child. Plain text, at most 100 letters wide.

import { wrap } from '../../shared/wrapped-text.ts'
import type { CheckedChild, CheckReport } from './checks.ts'
import type { Finding, Held } from './finding.ts'
import { agreementInWords } from './mask-agreement.ts'
import { countsInWords } from './sequence-counts.ts'

/** A sentence that so many children share is written once. */
const sharedBy = 4

/** Lines of plain text. */
export function renderCheckReport(report: CheckReport): string {
  const held = report.findings.filter(({ holds }) => holds !== 'nothing')
  const notes = report.findings.filter(({ holds }) => holds === 'nothing')
  return [
    `Data of site ${report.site} for study ${report.study}`,
    '',
    ...countLines(report),
    ...report.advice.flatMap((sentence) => wrap(sentence, '  ! ', '    ')),
    '',
    held.length === 0 ? 'Nothing is held back.' : `Held back (${held.length})`,
    ...findingLines(held),
    ...(notes.length === 0 ? [] : ['', `Worth a look (${notes.length})`, ...findingLines(notes)]),
    ...(report.used.length === 0
      ? []
      : ['', `Children that are used (${report.used.length})`, ...childLines(report.used)]),
    '',
    'This report stays here. Nothing of it is sent.',
  ].join('\n')
}

function countLines(report: CheckReport): string[] {
  const { children, visits, usable, outcomes, landmarks, horizonDays } = report
  const counts = table([
    ['', 'found', 'used', 'held back'],
    ['children', children.found, children.used, children.found - children.used],
    ['visits', visits.found, visits.used, visits.found - visits.used],
  ])
  const tasks = table([
    ['children for', 'train', 'validation', 'test', 'together'],
    ...usable.map(({ task, children: { train, validation, test } }) => [
      task,
      train,
      validation,
      test,
      train + validation + test,
    ]),
  ])
  const sequences =
    report.sequences.length === 0 ? [] : wrap(`Sequences: ${countsInWords(report.sequences)}.`, '  ', '  ')
  const masks = report.maskAgreement === undefined ? [] : wrap(agreementInWords(report.maskAgreement), '  ', '  ')
  const lines = [...counts, ...sequences, ...masks, '', ...tasks, '']
  const kinds = Object.entries(outcomes.events)
  const events = kinds.reduce((sum, [, count]) => sum + count, 0)
  const listed =
    events === 0 ? '' : ` (${kinds.map(([kind, count]) => `${count} ${kind.replace('_', ' ')}`).join(', ')})`
  const followed = outcomes.medianFollowUpDays === null ? '' : `; median follow-up ${outcomes.medianFollowUpDays} days`
  const outcomeText =
    `Outcomes known: ${outcomes.children}; with an event: ${events}${listed}; ` +
    `with a change of treatment: ${outcomes.treatmentChanges}${followed}.`
  lines.push(...wrap(outcomeText, '  ', '  '))
  if (horizonDays === null) return lines
  const decided = landmarks.event + landmarks.none
  const landmarkText =
    `Scans followed by an event within ${horizonDays} days: ${landmarks.event} of ${decided} decided; ` +
    `undecided: ${landmarks.undecided}.`
  return [...lines, ...wrap(landmarkText, '  ', '  '), ...evaluatedLines(report)]
}

function evaluatedLines({ evaluated }: CheckReport): string[] {
  if (evaluated === undefined) return []
  const { validation, test } = evaluated
  const text =
    `For the evaluation, children with a visit followed by such an event, and with one that is not: test ${test.event} and ${test.none}, ` +
    `validation ${validation.event} and ${validation.none}; a child may count in both.`
  return wrap(text, '  ', '  ')
}

const heldText: Readonly<Record<Held, string>> = {
  ...{ child: 'child', scan: 'scan', image: 'image', outcome: 'outcome', nothing: '' },
}

function findingLines(findings: readonly Finding[]): string[] {
  const alike = Map.groupBy(findings, ({ holds, rule, sentence }) => `${holds}/${rule}/${sentence}`)
  return [...alike.values()].flatMap((group) => {
    if (group.length < sharedBy) return group.flatMap((finding) => lineOf(finding, placeOf(finding)))
    const [first] = group
    if (first === undefined) return []
    const places = group.slice(0, sharedBy - 1).map(placeOf)
    return lineOf(first, `${places.join(', ')} and ${group.length - places.length} more`)
  })
}

function placeOf({ child, visit }: Finding): string {
  return [child, visit].filter((part) => part !== undefined).join(' ')
}

function lineOf({ holds, file, sentence }: Finding, place: string): string[] {
  const what = [heldText[holds], place].filter((part) => part !== '').join(' ')
  const lines = wrap(what === '' ? sentence : `${what}: ${sentence}`, '  - ', '    ')
  return file === undefined ? lines : [...lines, ...wrap(`in ${file}`, '    ', '    ')]
}

function childLines(children: readonly CheckedChild[]): string[] {
  const rows = children.map(({ child, fold, visits, scans, tasks }) => {
    const marks = scans.map(({ label }) => (label === null ? '?' : label === 1 ? '+' : '-')).join('')
    const days = `${scans.at(0)?.day} to ${scans.at(-1)?.day}`
    return [cut(child, 24), fold, `${scans.length} of ${visits}`, days, tasks.join(', '), cut(marks, 16)]
  })
  const key = '  Outcome at each scan: + event within the horizon, - none, ? undecided.'
  return [...table([['child', 'fold', 'scans', 'days', 'used for', 'outcome'], ...rows], true), key]
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

/** Columns as wide as their widest cell; the first is set left, the others right, or all left. */
function table(rows: readonly (readonly (string | number)[])[], left = false): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)))
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const size = widths[column] ?? 0
      return left || column === 0 ? String(cell).padEnd(size) : String(cell).padStart(size)
    })
    return `  ${cells.join('   ')}`.trimEnd()
  })
}
