// Which contrast an image has, told from the physics in its header: echo, repetition and inversion time, scanning sequence
// and contrast agent. Descriptions are typed by people and copied between protocols: they only raise remarks.
// Ranges after Bushberg et al., The Essential Physics of Medical Imaging (spin echo, 1.5 and 3 T) and the vendors'
// protocols for MPRAGE, IR-SPGR, FLAIR and their 3-D successors.

import type { Physics } from './instance.ts'

export type Weighting = 'T1w' | 'T2w' | 'FLAIR'

export type SequenceVerdict =
  | {
      readonly weighting: Weighting
      /** An agent was given, and changes this contrast. */
      readonly contrast: boolean
      /** In words: which numbers decided. */
      readonly reason: string
      readonly remark: string | undefined
    }
  | { readonly weighting: undefined; readonly reason: string }

/** Decides by the header. @param description lower-case free text, for remarks only */
export function classify(physics: Physics, description: string): SequenceVerdict {
  const found = byPhysics(physics)
  if (found.weighting === undefined) return found
  const { weighting, reason } = found
  // Underscores and points separate words, as blanks do.
  const words = description.replaceAll(/[_.]/g, ' ')
  const named = namedWeighting(words)
  const remarks: string[] = []
  if (named !== undefined && named !== weighting) {
    remarks.push(`its description says ${named}; the times in the header decide`)
  }
  const saysAgent =
    weighting === 'T1w' && /(\+c\b|\bkm\b|\bgd\b|gad|post[ _-]?(c|k|gd|gad)|contrast|\bce\b|mdc)/.test(words)
  const deniesAgent = /(\bpre\b|nativ|without|ohne|\bno[ _-]?c|\bw\/?o\b|sans)/.test(words)
  // Copied protocols leave the agent in headers of scans made before the injection, and some scanners never fill it in.
  if (physics.contrastAgent && deniesAgent) {
    return {
      weighting: undefined,
      reason: 'its header names a contrast agent and its description denies one; correct one of them',
    }
  }
  if (!physics.contrastAgent && saysAgent && !deniesAgent) {
    remarks.push('only its description says that a contrast agent was given')
  }
  // The agent shortens T1: it brightens T1w and, less, FLAIR. In T2w it is not seen at clinical doses.
  const contrast = weighting !== 'T2w' && (physics.contrastAgent || (saysAgent && !deniesAgent))
  return { weighting, contrast, reason, remark: remarks.length === 0 ? undefined : remarks.join('; ') }
}

type Found =
  | { readonly weighting: Weighting; readonly reason: string }
  | { readonly weighting: undefined; readonly reason: string }

function byPhysics(physics: Physics): Found {
  const { echoTimeMs: te, scanning } = physics
  const other = (reason: string): Found => ({ weighting: undefined, reason })
  if (scanning.has('EP')) return other('it is echo-planar (diffusion, perfusion or functional)')
  if (te === undefined || te <= 0) return other('its header gives no echo time')
  if (scanning.has('GR') && !scanning.has('SE')) return byGradientEcho(physics, te)
  return bySpinEcho(physics, te)
}

function byGradientEcho(
  { repetitionTimeMs: tr, inversionTimeMs: ti, flipAngle, sequenceName, variant }: Physics,
  te: number,
): Found {
  const other = (reason: string): Found => ({ weighting: undefined, reason })
  const times = inWords({ te, tr, ti })
  if (/trufi|ciss|fiesta|bffe|balanced|ssfp/.test(sequenceName)) return other('it is a balanced steady-state sequence')
  if (/swi|fl3d\d+_?r$/.test(sequenceName)) return other('it is susceptibility-weighted')
  if (te > 12) return other(`it is T2*-weighted: a gradient echo with ${times}`)
  if (ti !== undefined && ti >= 200 && ti <= 1500)
    return { weighting: 'T1w', reason: `inversion-prepared gradient echo, ${times}` }
  const spoiled = variant.has('SP') || !variant.has('SS')
  const balanced = tr !== undefined && tr < 15 && te > 0.4 * tr && !variant.has('SP') && (flipAngle ?? 0) > 25
  if (balanced) return other('it is a balanced steady-state sequence')
  if (tr !== undefined && tr <= 3000 && spoiled && (flipAngle === undefined || flipAngle >= 5)) {
    return { weighting: 'T1w', reason: `spoiled gradient echo, ${times}` }
  }
  return other(`its contrast cannot be told from ${times}`)
}

function bySpinEcho({ repetitionTimeMs: tr, inversionTimeMs: ti, scanning }: Physics, te: number): Found {
  const other = (reason: string): Found => ({ weighting: undefined, reason })
  const times = inWords({ te, tr, ti })
  const inverted = ti !== undefined && ti > 0
  if (tr === undefined) return other('its header gives no repetition time')
  if (inverted && ti < 400) return other(`it suppresses fat by inversion (STIR, ${times})`)
  if (te >= 60) {
    if (inverted && ti >= 1400) return { weighting: 'FLAIR', reason: `long echo and inversion, ${times}` }
    if (inverted) return other(`its contrast cannot be told from ${times}`)
    if (scanning.has('IR') && !scanning.has('SE')) return other(`an inversion without its time, ${times}`)
    if (tr >= 1800) return { weighting: 'T2w', reason: `long echo and repetition, ${times}` }
    return other(`its contrast cannot be told from ${times}`)
  }
  if (te <= 40) {
    if (inverted && ti <= 1400) return { weighting: 'T1w', reason: `short echo with inversion, ${times}` }
    if (!inverted && tr <= 1200) return { weighting: 'T1w', reason: `short echo and repetition, ${times}` }
    return other(`it is weighted by proton density, ${times}`)
  }
  return other(`its contrast cannot be told from ${times}`)
}

/** What a protocol's name claims; undefined when it claims nothing or several things. */
function namedWeighting(description: string): Weighting | undefined {
  if (/flair|tirm|dark.?fluid/.test(description)) return /t1/.test(description) ? undefined : 'FLAIR'
  const t1 = /t1|mprage|spgr|bravo|vibe|thrive/.test(description)
  const t2 = /t2/.test(description)
  return t1 === t2 ? undefined : t1 ? 'T1w' : 'T2w'
}

function inWords(times: Readonly<Record<'te' | 'tr' | 'ti', number | undefined>>): string {
  return Object.entries(times)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name.toUpperCase()} ${Number(value.toFixed(1))}`]))
    .join(', ')
    .concat(' ms')
}
