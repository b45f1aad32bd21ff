// What the results say of calibration at each hospital.

import type { HospitalCalibration } from './calibration.ts'
import { three } from './targets.ts'

export function hospitalLines(hospitals: readonly HospitalCalibration[]): string[] {
  if (hospitals.length === 0) return ['Not measured yet.']
  return [
    'Expected calibration error of the 12-month risk at the sixth visit, order-pretrained and federated, from 40 % of the outcomes; test children of',
    'all seeds by the hospital whose scanners they saw (`unseen` never trains). Each seed draws the scanners anew and trains a model of its own, so a row',
    'pools hospitals that share a name and a share of the children. Recalibration is that of all sites together. *By chance* is what as many children',
    'would show on average if every risk were right.',
    '',
    '| hospital | children | events | as trained | recalibrated | by chance |',
    '| --- | --- | --- | --- | --- | --- |',
    ...hospitals.map(
      ({ hospital, children, events, before, after, byChance }) =>
        `| ${hospital} | ${children} | ${events} | ${three(before.ece)} | ${three(after.ece)} | ${three(byChance)} |`,
    ),
  ]
}
