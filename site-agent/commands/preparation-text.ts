// What `site prepare` says at the end: how many scans, how they came to lie, and a sentence for each that is held back.

import type { Finding } from '../cohort/finding.ts'
import { agreementInWords, type MaskAgreement } from '../cohort/mask-agreement.ts'
import { countsInWords, type SequenceCount } from '../cohort/sequence-counts.ts'
import type { Registration } from '../imaging/register.ts'

export interface PreparationSummary {
  readonly study: string
  readonly scans: number
  readonly prepared: number
  /** Where the study shows several sequences at once; else empty. */
  readonly sequences: readonly SequenceCount[]
  readonly seconds: number
  /** Whole heads, of the scans that were registered. */
  readonly heads: number
  /** Undefined where scans were in template space already. */
  readonly registered?: {
    readonly medianDegrees: number
    readonly mostDegrees: number
    /** Scans whose first start was lost. */
    readonly restarted: number
  }
  /** Absent where no network finds the brain. */
  readonly maskAgreement?: MaskAgreement
  readonly held: readonly Finding[]
}

/** What is known after preparing. */
export interface Preparation {
  readonly study: string
  /** Scans that were to be prepared. */
  readonly scans: number
  /** Those that were. */
  readonly prepared: number
  /** Of each that is an image. */
  readonly registrations: readonly Registration[]
  readonly sequences: readonly SequenceCount[]
  readonly maskAgreement?: MaskAgreement | undefined
  readonly findings: readonly Finding[]
  readonly seconds: number
}

export function preparationSummary({
  study,
  scans,
  prepared,
  registrations,
  sequences,
  maskAgreement,
  findings,
  seconds,
}: Preparation): PreparationSummary {
  const moved = registrations.filter(({ quality }) => quality.starts > 0)
  const degrees = moved.map(({ quality }) => quality.rotationDegrees).toSorted((a, b) => a - b)
  const registered = {
    medianDegrees: degrees[Math.floor(degrees.length / 2)] ?? 0,
    mostDegrees: degrees.at(-1) ?? 0,
    restarted: moved.filter(({ quality }) => quality.starts > 1).length,
  }
  return {
    study,
    scans,
    prepared,
    sequences,
    seconds,
    heads: registrations.filter(({ anatomy }) => anatomy === 'head').length,
    ...(moved.length === 0 ? {} : { registered }),
    ...(maskAgreement === undefined ? {} : { maskAgreement }),
    held: findings.filter(({ holds }) => holds === 'scan' || holds === 'image' || holds === 'child'),
  }
}

/** Lines of plain text. */
export function renderPreparation(summary: PreparationSummary): string {
  const { study, scans, prepared, sequences, seconds, heads, registered, held } = summary
  const each = prepared === 0 ? '' : `, ${(seconds / Math.max(1, scans)).toFixed(1)} s a scan`
  const lines = [`Study ${study}: ${prepared} of ${scans} scans are prepared (${durationOf(seconds)}${each}).`]
  if (sequences.length > 0) lines.push(`Sequences: ${countsInWords(sequences)}.`)
  if (registered !== undefined) {
    const { medianDegrees, mostDegrees, restarted } = registered
    lines.push(
      `They were turned by ${medianDegrees.toFixed(1)}° in the middle and ${mostDegrees.toFixed(1)}° at most` +
        `${restarted === 0 ? '' : `; ${restarted} needed more than one start`}${heads === 0 ? '' : `; ${heads} show the whole head`}.`,
    )
  }
  if (summary.maskAgreement !== undefined) lines.push(agreementInWords(summary.maskAgreement))
  if (held.length === 0) return [...lines, 'Nothing is held back.'].join('\n')
  return [
    ...lines,
    `Held back (${held.length}); site check-data says more:`,
    ...held.map(({ child, visit, sentence }) => `  ${[child, visit].filter(Boolean).join(' ')}: ${sentence}`),
  ].join('\n')
}

function durationOf(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(0)} s`
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`
}
