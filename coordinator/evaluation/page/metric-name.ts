// What metrics are called on the page.

const names: Readonly<Record<string, string>> = {
  auroc: 'AUROC',
  auprc: 'AUPRC',
  brier: 'Brier score',
  brier_scaled: 'Brier score, scaled',
  auroc_count_matched: 'AUROC, count-matched',
  auroc_count_only: 'AUROC, count only',
  ece: 'ECE',
  ece_by_chance: 'ECE of right risks, by chance',
  ppv: 'PPV',
  npv: 'NPV',
  f1: 'F1',
}

export function metricName(metric: string): string {
  return names[metric] ?? metric.replaceAll('_', ' ')
}
