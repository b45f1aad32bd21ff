// One scan's way to the grid where it must be registered first: read, registered to the template or to a scan of the same
// child, resampled once. What reads files and what registers are parameters, so that this runs in a process of its own
// (preparation-worker.ts) and in tests.

import { type Digest, sha256 } from '../../shared/digest.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { artefactsOf } from './artefacts.ts'
import type { FindBrain } from './network-brain.ts'
import { checkArtefacts, checkContent } from './quality.ts'
import type { PreparedVoxels, Recipe } from './recipe.ts'
import {
  type Fit,
  type Registration,
  type RegistrationTemplates,
  registerToReference,
  registerToTemplate,
  registrationSpacingMm,
} from './register.ts'
import { openScan } from './scan-file.ts'
import { shrink } from './shrink.ts'
import type { StoredVolume, Volume } from './volume.ts'

/** A file and what it held when it was last looked at. */
export interface ScanSource {
  readonly path: string
  readonly contentDigest: Digest
}

export interface PreparationRequest {
  readonly scan: ScanSource
  /** A scan of the same child that is registered; absent for the baseline. */
  readonly reference?: ScanSource & { readonly registration: Registration }
  /** The scan's own registration, where it is known already. */
  readonly registration?: Registration
  /** What a network found in it, where that is known already. */
  readonly brain?: Uint8Array
}

export interface PreparationResult extends PreparedVoxels {
  readonly registration: Registration
  /** What a network found, in `brainBox`, where the study asks for one. */
  readonly brain?: Uint8Array
}

export interface PreparationDeps {
  readonly recipe: Recipe
  readonly templates: RegistrationTemplates
  readonly fit: Fit
  /** Where the study asks for a mask by network. */
  readonly findBrain?: FindBrain
  readonly read: (path: string) => Promise<Uint8Array>
}

export type Prepare = (request: PreparationRequest) => Promise<PreparationResult>

/**
 * References that are remembered: a child's first scan, and of a visit with several sequences the one that the others are
 * registered to, also when the scans of several children take turns. Up to 8 MB each.
 */
const keptReferences = 8

/** Prepares scans one after another. Remembers the last references, since a child's scans follow one another. */
export function createPreparation({ recipe, templates, fit, findBrain, read }: PreparationDeps): Prepare {
  const kept = new Map<Digest, Volume>()
  const keep = (contentDigest: Digest, volume: Volume): void => {
    kept.delete(contentDigest)
    kept.set(contentDigest, volume)
    for (const oldest of [...kept.keys()].slice(0, -keptReferences)) kept.delete(oldest)
  }

  const open = async ({ path, contentDigest }: ScanSource): Promise<StoredVolume> => {
    const content = await read(path)
    if (sha256(content) !== contentDigest) {
      throw new SequelaError(
        'scan_unreadable',
        'The scan cannot be read: its file changed while it was being prepared.',
      )
    }
    return openScan(content)
  }

  const referenceVolume = async (source: ScanSource): Promise<Volume> => {
    const volume = kept.get(source.contentDigest) ?? shrink(await open(source), registrationSpacingMm)
    keep(source.contentDigest, volume)
    return volume
  }

  const register = async (opened: StoredVolume, { scan, reference }: PreparationRequest): Promise<Registration> => {
    const volume = shrink(opened, registrationSpacingMm)
    checkArtefacts(artefactsOf(volume))
    keep(scan.contentDigest, volume)
    if (reference === undefined) return registerToTemplate(volume, templates, fit)
    const { registration } = reference
    return registerToReference(volume, { volume: await referenceVolume(reference), registration }, templates, fit)
  }

  return async (request) => {
    const opened = await open(request.scan)
    checkContent(opened)
    const registration = request.registration ?? (await register(opened, request))
    const brain = request.brain ?? findBrain?.(opened, registration)
    const prepared = recipe.prepareOpened(opened, registration, brain)
    return { ...prepared, registration, ...(brain === undefined ? {} : { brain }) }
  }
}
