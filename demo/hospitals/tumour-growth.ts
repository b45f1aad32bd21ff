// How a tumour spreads in tissue: the Fisher–KPP equation ∂c/∂t = ∇·(D∇c) + ρc(1−c) on a block of voxels, by explicit Euler
// steps. D is ten times larger in white matter than in grey; no cell crosses into fluid, cavity or out of the block.

/** Cells at rest: which voxels they may enter and how fast they wander there. */
export interface GrowthDomain {
  /** Voxels along each axis. */
  readonly size: number
  readonly spacingMm: number
  /** Diffusion in mm² a day, [z, y, x]; 0 where no cell may be. */
  readonly diffusion: Float32Array
  /** Where the first cells lie: in the tissue nearest to the middle, at least so far from it. Default: 0. */
  readonly leastSeedMm?: number
}

export interface GrowthRates {
  /** D in white matter, mm² a day. */
  readonly diffusion: number
  /** ρ, a day. */
  readonly proliferation: number
}

export interface Growth {
  /** Days since the first cells. */
  readonly day: () => number
  /** Cell density, 0 to 1, [z, y, x]; changed by each step. */
  readonly density: Float32Array
  /** Goes on by at most `days`, in stable steps. */
  advance(days: number): void
}

/** Density from which tumour is seen on T2 and FLAIR (TumorGrowthToolkit's edge). */
export const visibleDensity = 0.16

const grayShare = 0.1
/** Least share of tissue in a voxel that cells can live in. */
const leastTissue = 0.1

/** Diffusion in a voxel of that white and grey matter; 0 in fluid. */
export function diffusionIn(white: number, gray: number, diffusion: number): number {
  const tissue = white + gray
  return tissue > leastTissue ? (diffusion * (white + grayShare * gray)) / tissue : 0
}

/** A tumour of a few cells near the middle of the block. */
export function startGrowth(domain: GrowthDomain, rates: GrowthRates): Growth {
  const { size, spacingMm, diffusion } = domain
  const density = new Float32Array(size ** 3)
  const change = new Float32Array(size ** 3)
  for (const voxel of seedVoxels(domain)) density[voxel] = seedDensity
  let now = 0
  // Von Neumann's bound is h²/(6D); growth is exact to a percent at steps of 4 % of its time.
  const stableDays = Math.min(spacingMm ** 2 / (6.5 * rates.diffusion), 0.04 / rates.proliferation)
  return {
    day: () => now,
    density,
    advance: (days) => {
      for (let left = days; left > 1e-9; ) {
        const step = Math.min(left, stableDays)
        addFluxes(density, diffusion, change, size, step / spacingMm ** 2)
        for (let i = 0; i < density.length; i++) {
          const c = density[i] as number
          density[i] = c + (change[i] as number) + (diffusion[i] === 0 ? 0 : step * rates.proliferation * c * (1 - c))
        }
        now += step
        left -= step
      }
    },
  }
}

/** Volume of tumour that is seen, mm³: a voxel counts wholly from the visible density on, in part just below it. */
export function visibleMm3({ density }: Pick<Growth, 'density'>, spacingMm: number): number {
  let voxels = 0
  for (const c of density) voxels += Math.min(1, Math.max(0, (c - 0.5 * visibleDensity) / visibleDensity))
  return voxels * spacingMm ** 3
}

/**
 * Days from the first cells until the tumour is seen to be `mm3` large.
 * @returns undefined when it has not come to that within `mostDays`, as in a pocket of fluid
 */
export function daysUntilVisible(
  domain: GrowthDomain,
  rates: GrowthRates,
  mm3: number,
  mostDays: number,
): number | undefined {
  const growth = startGrowth(domain, rates)
  let before = visibleMm3(growth, domain.spacingMm)
  while (growth.day() < mostDays) {
    growth.advance(5)
    const after = visibleMm3(growth, domain.spacingMm)
    if (after >= mm3 && growth.day() > 30) return growth.day() - (5 * (after - mm3)) / Math.max(after - before, 1e-9)
    before = after
  }
  return undefined
}

const seedCount = 8
const seedDensity = 0.2

/** The voxels of the first cells. */
function seedVoxels({ size, spacingMm, diffusion, leastSeedMm = 0 }: GrowthDomain): number[] {
  const middle = Math.floor(size / 2) - 0.5
  const distanceMm = (voxel: number): number => {
    const [x, y, z] = [voxel % size, Math.floor(voxel / size) % size, Math.floor(voxel / size ** 2)]
    return spacingMm * Math.hypot(x - middle, y - middle, z - middle)
  }
  return [...diffusion.keys()]
    .filter((voxel) => diffusion[voxel] !== 0 && distanceMm(voxel) >= leastSeedMm)
    .map((voxel) => ({ voxel, mm: distanceMm(voxel) }))
    .toSorted((a, b) => a.mm - b.mm)
    .slice(0, seedCount)
    .map(({ voxel }) => voxel)
}

/** Writes `factor`·Σ over the six faces of the harmonic mean of D times the difference of densities into `change`. */
function addFluxes(
  density: Float32Array,
  diffusion: Float32Array,
  change: Float32Array,
  size: number,
  factor: number,
): void {
  change.fill(0)
  const strides = [1, size, size * size]
  for (let z = 0; z < size; z++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const i = (z * size + y) * size + x
        const here = diffusion[i] as number
        if (here === 0) continue
        for (let axis = 0; axis < 3; axis++) {
          if ((axis === 0 ? x : axis === 1 ? y : z) === size - 1) continue
          const j = i + (strides[axis] as number)
          const there = diffusion[j] as number
          if (there === 0) continue
          const difference = (density[j] as number) - (density[i] as number)
          if (difference === 0) continue
          const flux = ((factor * 2 * here * there) / (here + there)) * difference
          change[i] = (change[i] as number) + flux
          change[j] = (change[j] as number) - flux
        }
      }
    }
  }
}
