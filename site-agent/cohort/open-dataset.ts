// Opens a hospital's data folder in whichever layout it has: BIDS, the paper's flat folder, or that of a public set. The layout
// is found by the names in it, or named in the site's settings; where two would fit, a person must say which.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { type Dataset, openBidsDataset, readJoinedTables } from './dataset.ts'
import type { OwnTables } from './own-table.ts'
import { imagesIn, readPublicImages } from './public-dataset.ts'
import { type PublicLayout, publicLayouts } from './public-layouts.ts'
import { isParticipant, looksLikeImage } from './scan-name.ts'

/** What the site's settings say of its data; everything may be left out. */
export interface DataLayout {
  /** `bids` or the name of a public layout; absent: found by names. */
  readonly layout?: string | undefined
  /** Of images whose names do not say. */
  readonly sequence?: string | undefined
  readonly tables?: OwnTables | undefined
}

/** Folders in folders that are looked through for images. */
const deepest = 5
/** Images in one data set; a hospital has fewer. */
const maxImages = 200_000

/**
 * @throws SequelaError `file_unreadable`; `cohort_empty` when no layout fits; `config_invalid` when several do, the named one
 *   does not, or a table is named that the layout has no use for; `table_invalid` when a table is none
 */
export async function openDataset(root: string, settings: DataLayout = {}): Promise<Dataset> {
  const folder = await openDataFolder(root)
  const names = (await folder.list('')) ?? []
  const looksLikeBids = names.some(isParticipant) || names.includes('dataset_description.json')
  const { layout: named, tables = {} } = settings
  if (named === 'bids' || (named === undefined && looksLikeBids)) {
    refuseForeignTables(root, tables)
    return openBidsDataset(root, tables)
  }
  const paths = await imagePaths(folder)
  const fitting = publicLayouts
    .filter(({ name }) => named === undefined || name === named)
    .map((layout) => ({ layout, images: imagesIn(layout, paths) }))
    .filter(({ images }) => images.length > 0)
  const [only, ...others] = fitting
  if (only === undefined) throw nothingFits(root, named)
  if (others.length > 0) {
    const fit = fitting.map(({ layout, images }) => `${layout.name} (${images.length} images)`).join(' and ')
    throw new SequelaError(
      'config_invalid',
      `${root} fits the layouts ${fit}; write the right one as layout: into site.yaml`,
    )
  }
  const { layout, images } = only
  const read = await readPublicImages({
    folder,
    layout,
    images,
    sequence: settings.sequence,
    visits: tables.visits,
    scans: tables.scans,
  })
  const joined = await readJoinedTables({ images: folder, tables: [folder] }, new Set(read.participants), tables)
  const stray = paths.length - images.length
  const findings = [...read.findings, ...joined.findings]
  if (stray > 0) {
    const sentence = `${stray} images are named otherwise than the layout ${layout.name} has it and are not used.`
    findings.push({ holds: 'nothing', rule: 'file-name', sentence })
  }
  return {
    ...read,
    ...joined,
    folder,
    findings,
    participants: read.participants.filter((child) => !joined.held.has(child)),
  }
}

/** A table that is named in the settings is never left unread. */
function refuseForeignTables(root: string, { visits, scans }: OwnTables): void {
  const own = visits ?? scans
  if (own === undefined) return
  const message =
    `site.yaml names ${own.file} as a table of ${visits === undefined ? 'scans' : 'visits'}, and ${root} is a BIDS data set, where each ` +
    "child's visits stand in sub-X/sub-X_sessions.tsv; write them there and take the table out of site.yaml"
  throw new SequelaError('config_invalid', message)
}

/** Paths of everything that ends as images do, in a folder and those below it. */
async function imagePaths(folder: DataFolder, path = '', depth = 0, found: string[] = []): Promise<readonly string[]> {
  for (const name of (await folder.list(path)) ?? []) {
    const below = path === '' ? name : `${path}/${name}`
    if (looksLikeImage(name)) found.push(below)
    else if (depth < deepest && !name.startsWith('.') && !/\.[A-Za-z0-9]{2,5}$/.test(name)) {
      await imagePaths(folder, below, depth + 1, found)
    }
    if (found.length > maxImages) {
      throw new SequelaError(
        'file_unreadable',
        `${folder.root} holds more than ${maxImages} images; name a folder inside of it`,
      )
    }
  }
  return found
}

function nothingFits(root: string, named: string | undefined): SequelaError {
  const shapes = publicLayouts.map(({ name, shape }: PublicLayout) => `  ${name}: ${shape}`)
  if (named !== undefined && named !== 'bids') {
    return new SequelaError(
      'config_invalid',
      `${root} holds no image in the layout ${named}; there are:\n  bids: sub-X/ses-Y/anat/…\n${shapes.join('\n')}`,
    )
  }
  const message = `${root} holds no folder called sub-… and no image in another layout that is known; there are:\n  bids: sub-X/ses-Y/anat/…\n${shapes.join('\n')}`
  return new SequelaError('cohort_empty', message)
}
