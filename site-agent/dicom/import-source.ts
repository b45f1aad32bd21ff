// Where images come from: a folder, or a PACS that gives headers first and files when they are wanted.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { type ScannedFolder, scanFolder } from './folder.ts'
import type { PlannedImage } from './plan.ts'
import type { Located } from './stacks.ts'

export interface ScanOptions {
  readonly signal?: AbortSignal
  /** How many images or files were looked at. */
  readonly onProgress?: (count: number) => void
}

export interface FetchedSeries {
  /** With files that can be read. */
  readonly images: readonly Located[]
  /** Forgets the files. */
  release(): Promise<void>
}

/** A series that the source does not give at the moment, in whose place others may come. The next import asks for it again. */
export class SeriesMissed extends SequelaError {}

export interface ImportSource {
  scan(options: ScanOptions): Promise<ScannedFolder>
  /**
   * Brings the files of an image's series; undefined for a source whose files are there already.
   * @throws SeriesMissed; SequelaError `scan_unreadable` for a series that cannot be used; others, which end the import.
   */
  readonly fetch?: (image: PlannedImage, signal?: AbortSignal) => Promise<FetchedSeries>
}

/** A folder with DICOM files. */
export function folderSource(root: string): ImportSource {
  return { scan: (options) => scanFolder(root, options) }
}
