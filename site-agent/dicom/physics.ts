// What decides an MR image's contrast, out of classic or enhanced attributes.

import { type Fields, itemOf, numberOf, textOf } from './fields.ts'
import type { Physics } from './instance.ts'
import { acquisition, enhanced, type Tag } from './tags.ts'

/** Words that stand for "no agent" in the field for the agent's name. */
const noAgent = /^(no|none|n|n\/a|na|0|nein|ohne|keine?|without|non|-+)$/i

export function physicsOf(fields: Fields): Physics {
  const frame = fields.items(enhanced.perFrame)[0]
  const shared = itemOf(fields, enhanced.shared)
  const grouped = (group: Tag, tag: Tag): number | undefined => {
    const groups = [itemOf(frame, group), itemOf(shared, group)].filter((found) => found !== undefined)
    return groups.map((found) => numberOf(found, tag)).find((value) => value !== undefined)
  }
  const flag = (tag: Tag): string => (textOf(fields, tag) ?? '').toUpperCase()
  const names = [acquisition.sequenceName, enhanced.pulseSequenceName].map((tag) => textOf(fields, tag) ?? '')
  const type = flag(acquisition.acquisitionType)
  const scanning = scanningOf(fields)
  const bValue =
    numberOf(fields, acquisition.diffusionBValue) ?? grouped(enhanced.diffusion, acquisition.diffusionBValue)
  const sequenceName = names.join(' ').trim().toLowerCase()
  return {
    echoTimeMs: numberOf(fields, acquisition.echoTime) ?? grouped(enhanced.echo, enhanced.effectiveEchoTime),
    repetitionTimeMs:
      numberOf(fields, acquisition.repetitionTime) ?? grouped(enhanced.timing, acquisition.repetitionTime),
    inversionTimeMs: numberOf(fields, acquisition.inversionTime) ?? grouped(enhanced.modifier, enhanced.inversionTimes),
    flipAngle: numberOf(fields, acquisition.flipAngle) ?? grouped(enhanced.timing, acquisition.flipAngle),
    fieldStrengthT: numberOf(fields, acquisition.fieldStrength),
    acquisitionType: type === '2D' || type === '3D' ? type : undefined,
    scanning,
    variant: variantOf(fields),
    sequenceName,
    contrastAgent: hasAgent(fields),
    angiography:
      flag(acquisition.angioFlag) === 'Y' ||
      flag(enhanced.timeOfFlight) === 'YES' ||
      flag(enhanced.phaseContrast) === 'YES' ||
      /tof|pc3d|pca/.test(sequenceName),
    diffusion: (bValue ?? 0) > 0,
  }
}

function scanningOf(fields: Fields): ReadonlySet<string> {
  const codes = new Set(fields.texts(acquisition.scanningSequence).map((code) => code.toUpperCase()))
  const is = (tag: Tag, value: string): boolean => textOf(fields, tag)?.toUpperCase() === value
  if (is(enhanced.echoPulseSequence, 'SPIN')) codes.add('SE')
  if (is(enhanced.echoPulseSequence, 'GRADIENT')) codes.add('GR')
  if (is(enhanced.echoPulseSequence, 'BOTH')) codes.add('SE').add('GR')
  if (is(enhanced.inversionRecovery, 'YES')) codes.add('IR')
  if (is(enhanced.echoPlanar, 'YES')) codes.add('EP')
  return codes
}

function variantOf(fields: Fields): ReadonlySet<string> {
  const codes = [...fields.texts(acquisition.sequenceVariant), ...fields.texts(acquisition.scanOptions)]
  const state = textOf(fields, enhanced.steadyState)?.toUpperCase()
  if (state === 'FREE_PRECESSION' || state === 'TRANSVERSE') codes.push('SS')
  return new Set(codes.map((code) => code.toUpperCase()))
}

function hasAgent(fields: Fields): boolean {
  if (fields.items(enhanced.contrastSequence).length > 0) return true
  const agent = textOf(fields, acquisition.contrastAgent)
  if (agent !== undefined && !noAgent.test(agent)) return true
  return (numberOf(fields, acquisition.contrastVolume) ?? 0) > 0
}
