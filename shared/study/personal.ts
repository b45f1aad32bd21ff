// Parameters that stay with each site (FedPer, Arivazhagan et al. 2019): trained there, never averaged, never sent.

import { manifestOf, parameterViews, type Weights } from '../weights/weights.ts'

/** Whether a parameter is among those that stay, which are named by their beginning: `head.risk` means all of that head. */
export function staysAtSite(parameter: string, personal: readonly string[] = []): boolean {
  return personal.some((name) => parameter === name || parameter.startsWith(`${name}.`))
}

/** The parameters that stay, as weights of their own. */
export function personalPart({ manifest, values }: Weights, personal: readonly string[]): Weights {
  const views = parameterViews({ manifest, values })
  const part = manifest.filter(({ name }) => staysAtSite(name, personal))
  const kept = part.map(({ name }) => views.get(name) ?? new Float32Array())
  const joined = new Float32Array(kept.reduce((sum, view) => sum + view.length, 0))
  let offset = 0
  for (const view of kept) {
    joined.set(view, offset)
    offset += view.length
  }
  return { manifest: manifestOf(part), values: joined }
}

/** A copy of the weights in which those of a part stand in their place. */
export function withPersonalPart(weights: Weights, part: Weights): Weights {
  const copy: Weights = { manifest: weights.manifest, values: Float32Array.from(weights.values) }
  const views = parameterViews(copy)
  for (const [name, values] of parameterViews(part)) views.get(name)?.set(values)
  return copy
}

/** The difference with nought for every parameter that stays at the site. */
export function withoutPersonal(weights: Weights, personal: readonly string[] | undefined): Weights {
  const shared: Weights = { manifest: weights.manifest, values: Float32Array.from(weights.values) }
  for (const [name, values] of parameterViews(shared)) if (staysAtSite(name, personal)) values.fill(0)
  return shared
}
