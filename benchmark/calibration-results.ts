// What the results say of calibration at each hospital.

import { calibrationByHospital, type HospitalsOf } from './calibration.ts'
import type { SeedScores } from './summary.ts'
import { three } from './targets.ts'

/** @param scores of the network whose risks are looked at */
export function hospitalLines(scores: readonly SeedScores[], hospitalsOf: HospitalsOf): string[] {
  const hospitals = calibrationByHospital(scores, hospitalsOf)
  if (hospitals.length === 0) return ['Not measured yet.']
  return [
    'Expected calibration error of the 12-month risk at the sixth visit, order-pretrained and federated, from 40 % of the outcomes; test children of',
    'all seeds by the hospital whose scanners they saw (`unseen` never trains). Recalibration is that of all sites together. *By chance* is what',
    'as many children would show on average if every risk were right.',
    '',
    '| hospital | children | events | as trained | recalibrated | by chance |',
    '| --- | --- | --- | --- | --- | --- |',
    ...hospitals.map(
      ({ hospital, children, events, before, after, byChance }) =>
        `| ${hospital} | ${children} | ${events} | ${three(before.ece)} | ${three(after.ece)} | ${three(byChance)} |`,
    ),
  ]
}
