// The commands of a transcript as words: `count boston 0/1 u1 children=6 norm=2.5`.

import { type ErrorCode, isErrorCode } from '../../../shared/protocol/errors.ts'
import { parseUncheckedReason } from '../../../shared/protocol/link-tokens.ts'
import type { MetricSum } from '../../../shared/study/metrics.ts'
import type { StudyFile } from '../../../shared/study/study.ts'
import type { Command, RoundId, SiteRound, UpdateAnnouncement } from '../run.ts'
import type { Labels } from './labels.ts'
import { smallJudgingStudy, smallStudy } from './small-study.ts'

/** Length of the model's weights file in every transcript, in bytes. */
const modelByteLength = 100

/**
 * The study that `propose` describes: `propose a,b,c quorum=2 stages=2,1 deadline=1h`, or `propose a,d judges=w3` of one whose sites
 * judge weights of the study before.
 */
export function proposedStudy(words: readonly string[], before: StudyFile, labels: Labels): StudyFile {
  const options = optionsOf(words)
  const judged = options.get('judges')
  if (judged !== undefined) {
    return smallJudgingStudy(before, { sites: (words[1] ?? '').split(','), weights: labels.digest(judged) })
  }
  return smallStudy({
    sites: (words[1] ?? '').split(','),
    quorum: Number(options.get('quorum') ?? 2),
    stages: (options.get('stages') ?? '1').split(',').map(Number),
    deadline: options.get('deadline') ?? '1h',
    ...(options.has('patience') && { patience: Number(options.get('patience')) }),
    select: words.includes('select'),
    evaluation: words.includes('evaluation'),
    recurrence: words.includes('evaluation') || words.includes('recurrence'),
    linkage: words.includes('linkage'),
  })
}

export function commandOf(words: readonly string[], study: StudyFile, labels: Labels): Command {
  const [verb = '', first = '', second = '', third = ''] = words
  const options = optionsOf(words)
  const studyDigest = options.has('study') ? labels.digest(options.get('study') ?? '') : study.digest
  const siteRound = (): SiteRound => ({ studyDigest, site: first, ...roundOf(second) })
  const announcement = (): UpdateAnnouncement => ({
    ...siteRound(),
    updateDigest: labels.digest(third),
    baseDigest: labels.digest(options.get('base') ?? 'w0'),
    byteLength: Number(options.get('bytes') ?? modelByteLength),
    children: Number(options.get('children') ?? 10),
    metrics: metricsOf(options),
  })
  switch (verb) {
    case 'propose':
      return { type: 'propose-study', studyDigest, text: options.get('text') ?? study.text }
    case 'start':
      return { type: 'start-run', studyDigest, initialWeights: labels.digest(first) }
    case 'pause':
      return { type: 'pause-run', studyDigest }
    case 'resume':
      return { type: 'resume-run', studyDigest }
    case 'cancel':
      return { type: 'cancel-run', studyDigest, reason: words.slice(1).join(' ') }
    case 'announce':
      return { type: 'announce-update', ...announcement(), expectedByteLength: modelByteLength }
    case 'count':
      return { type: 'count-update', ...announcement(), norm: Number(options.get('norm') ?? 1) }
    case 'evaluate':
      return {
        type: 'report-evaluation',
        ...siteRound(),
        baseDigest: labels.digest(options.get('base') ?? 'w0'),
        metrics: metricsOf(options),
      }
    case 'refuse':
      return { type: 'refuse-update', ...siteRound(), code: codeOf(third), reason: words.slice(4).join(' ') }
    case 'decline':
      return { type: 'decline', ...siteRound(), code: codeOf(third), reason: words.slice(4).join(' ') }
    case 'link': {
      const shared = (options.get('shared')?.split(',') ?? []).map((text) => text.split(':'))
      return {
        ...{ type: 'record-link-list', studyDigest, site: first, tokensDigest: labels.digest(second), tokens: 64 },
        keyFingerprint: options.get('key') ?? 'a'.repeat(20),
        shared: shared.map(([site = '', count]) => [site, count === 'few' ? null : Number(count)]),
      }
    }
    case 'unchecked':
      return { type: 'record-unchecked', studyDigest, site: first, reason: parseUncheckedReason(second) }
    case 'clock':
      return { type: 'look-at-clock' }
    case 'publish':
      return {
        type: 'publish-weights',
        ...{ studyDigest, ...roundOf(first), weightsDigest: labels.digest(second) },
        clipped: new Map((options.get('clipped')?.split(',') ?? []).map((site) => [site, 0.5])),
        ...(options.has('pooled') && {
          pooled: { digest: labels.digest(options.get('pooled') ?? ''), byteLength: 50 },
        }),
      }
    default:
      throw new Error(`a transcript has no command "${verb}"`)
  }
}

/** `loss=0.5`: the mean pair loss of ten children, or of as many as `children` says. */
function metricsOf(options: ReadonlyMap<string, string>): readonly MetricSum[] {
  const loss = options.get('loss')
  if (loss === undefined) return []
  const children = Number(options.get('children') ?? 10)
  return [{ name: 'ordering_loss', sum: Number(loss) * children, count: children, children }]
}

function optionsOf(words: readonly string[]): Map<string, string> {
  return new Map(
    words
      .filter((word) => word.includes('='))
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  )
}

function roundOf(text: string): RoundId {
  const [stage, round] = text.split('/').map(Number)
  return { stage: stage ?? 0, round: round ?? 0 }
}

function codeOf(text: string): ErrorCode {
  if (!isErrorCode(text)) throw new Error(`"${text}" is not an error code`)
  return text
}
