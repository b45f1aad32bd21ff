// The model card for people: Markdown with the same facts as the JSON, short enough to be read.

import { counted } from '../../shared/counted.ts'
import type { ModelCard } from '../../shared/evaluation/model-card.ts'
import { estimateText } from './estimates.ts'

export function cardMarkdown(card: ModelCard): string {
  const { model, outcome, data, performance, recalibration, thresholds } = card
  const scales = ['raw', 'recalibrated', 'recalibratedBySite'] as const
  const names = [...new Set(scales.flatMap((scale) => Object.keys(performance[scale])))]
  return [
    `# Model card: ${model.study}`,
    '',
    `**${card.notice}**`,
    '',
    `Written ${card.writtenAt} by Sequela ${model.programVersion}. Weights \`${model.weightsDigest}\`, study \`${model.studyDigest}\`.`,
    '',
    '## What it is',
    '',
    table(
      ['', ''],
      [
        ['architecture', `preset ${model.preset}, ${model.parameters.toLocaleString('en')} parameters`],
        ...(model.trainedBy === undefined ? [] : [['trained by', trainedInWords(model.trainedBy)]]),
        ['made by', model.lineage.map(({ task, rounds }) => `${task}, ${counted(rounds, 'round')}`).join('; ')],
        ['answers', `risk of an event within ${outcome.horizonDays} days of a visit: ${outcome.definition}`],
        ...Object.entries(card.preprocessing).map(([name, value]) => [name, value]),
        [
          'folds',
          `train ${card.training.folds.train}, validation ${card.training.folds.validation}, test ${card.training.folds.test}; seed ${card.training.seed}`,
        ],
        ['aggregation', card.training.strategy],
        ['privacy', `${card.training.policy}; no differential privacy, so no ε is spent`],
      ],
    ),
    '',
    '## What it was tested on',
    '',
    `${data.children} children with ${data.landmarks} landmarks in the test folds. What is known of children who are in two folds stands under reporting item 16.`,
    '',
    table(
      ['site', 'children', 'with an event', 'scans', 'landmarks', 'mean follow-up, years'],
      data.sites.map(({ site, children, events, scans, landmarks, followUpDays }) => {
        const years = followUpDays == null ? undefined : (followUpDays / 365.25).toFixed(1)
        // Of a site that was judged, null says that its program did not tell them.
        const told = (value: string | number | null | undefined) =>
          count(children === null ? null : (value ?? undefined))
        return [site, count(children), count(events), told(scans), count(landmarks), told(years)]
      }),
    ),
    '',
    '## Input it knows',
    '',
    'Outside these ranges an answer is extrapolation. They are the ends of wide bins, not of single children.',
    '',
    table(
      ['', 'from', 'to below'],
      Object.entries(card.inputRanges).map(([name, { low, high }]) => [
        name.replaceAll('_', ' '),
        String(low),
        String(high),
      ]),
    ),
    '',
    ...seenText(card.seen ?? {}),
    '## How well it does',
    '',
    '95 % intervals, clustered by child.',
    '',
    table(
      ['', 'as given', 'recalibrated', 'recalibrated by site'],
      names.map((name) => [
        name.replaceAll('_', ' '),
        ...scales.map((scale) => estimateText(performance[scale][name], 3)),
      ]),
    ),
    '',
    '### By group',
    '',
    table(
      ['group', 'children', 'event rate', ...figureHead, 'ECE recalibrated'],
      card.strata.map(({ family, level, children, figures, recalibrated }) => [
        `${family.replaceAll('_', ' ')}: ${level}`,
        count(children),
        estimateText(figures.event_rate),
        ...figureNames.map((name) => estimateText(figures[name])),
        estimateText(recalibrated?.ece),
      ]),
    ),
    '',
    ...(card.sites === undefined ? [] : ['### By site', '', siteTable(card.sites), '']),
    '## Recalibration and thresholds',
    '',
    `logit(risk) becomes ${recalibration.consortium.intercept.toFixed(3)} + ${recalibration.consortium.slope.toFixed(3)} · logit(risk) (${recalibration.consortium.kind}, shrunk towards risks as they are where children are few).`,
    `Thresholds of version \`${thresholds.version}\`, on recalibrated risk:`,
    '',
    ...(
      [
        ['Rule out, below', thresholds.ruleOut],
        ['Rule in, from', thresholds.ruleIn],
      ] as const
    ).map(([name, one]) =>
      one === null
        ? `* ${name}: no threshold reached its aim.`
        : `* ${name} ${one.risk.toFixed(3)}, chosen for ${one.chosenFor}. On the test folds: sensitivity ${estimateText(one.figures.sensitivity)}, ` +
          `specificity ${estimateText(one.figures.specificity)}, PPV ${estimateText(one.figures.ppv)}, NPV ${estimateText(one.figures.npv)}, net benefit ${estimateText(one.figures.net_benefit)}.`,
    ),
    '',
    '## Use',
    '',
    `Intended: ${card.intendedUse}`,
    '',
    'Not for:',
    '',
    ...card.excludedUse.map((use) => `* ${use}`),
    '',
    '## Known failures',
    '',
    ...(card.knownFailures.length === 0
      ? ['None that the software saw.']
      : card.knownFailures.map((one) => `* ${one}`)),
    '',
    '## Reporting items',
    '',
    table(
      ['guideline', 'item', 'answer'],
      card.checklist.map(({ guideline, item, text, by }) => [
        guideline,
        item,
        by === 'people' ? `**To be answered by people:** ${text}` : text,
      ]),
    ),
    '',
  ].join('\n')
}

/** Nothing of cards that do not say. */
function seenText(seen: Exclude<ModelCard['seen'], undefined>): string[] {
  const families = Object.entries(seen)
  if (families.length === 0) return []
  const words = families.map(([family, levels]) => {
    return `* ${family.replaceAll('_', ' ')}: ${levels.length === 0 ? 'none of which enough children had scans' : levels.join(', ')}`
  })
  return ['Scans in training, of enough children to tell:', '', ...words, '']
}

const figureNames = ['auroc', 'brier', 'calibration_slope', 'ece'] as const
const figureHead = ['AUROC', 'Brier', 'calibration slope', 'ECE as given']

function siteTable(sites: NonNullable<ModelCard['sites']>): string {
  const rows = sites.map(({ site, raw, recalibrated, recalibratedBySite }) => [
    site,
    ...figureNames.map((name) => estimateText(raw[name])),
    ...[recalibrated, recalibratedBySite].map(({ ece }) => estimateText(ece)),
  ])
  return table(['site', ...figureHead, 'recalibrated by the consortium', 'by the site'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function count(value: string | number | null | undefined): string {
  return value === null ? 'too few' : String(value ?? 'not told')
}

function trainedInWords({ study, studyDigest, sites, newSites }: NonNullable<ModelCard['model']['trainedBy']>): string {
  const others = newSites.length === 0 ? '' : `; not at ${newSites.join(', ')}, where every child is tested`
  return `study ${study} (\`${studyDigest}\`) at ${sites.join(', ')}${others}`
}
