// What a study file may not say together, in sentences for its author. Each field by itself is checked by the schema.

import type { Strategy } from './study.ts'

export function strategyContradictions({ name, trim, adam, serverMomentum }: Strategy): string[] {
  const problems: string[] = []
  if (trim !== undefined && name !== 'trimmed-mean') problems.push(`strategy.trim: ${name} cuts nothing off`)
  if (trim === undefined && name === 'trimmed-mean')
    problems.push('strategy.trim: say which share is cut off at either end')
  if (adam !== undefined && name !== 'fed-adam') problems.push(`strategy.adam: ${name} has no optimiser of its own`)
  if (adam === undefined && name === 'fed-adam')
    problems.push('strategy.adam: say how long its steps are, for example adam: { learningRate: 0.01 }')
  if (serverMomentum > 0 && name === 'fed-adam')
    problems.push('strategy.serverMomentum: fed-adam has momentum of its own, adam.beta1')
  return problems
}
