// Every limit of the import in one place, each with its reason.

/** A header of a classic image; Siemens protocols and private tables take 100 to 300 KiB. */
export const maxHeaderBytes = 1024 * 1024

/** A header of an enhanced image describes each frame: 500 frames of 8 KiB. */
export const maxEnhancedHeaderBytes = 4 * 1024 * 1024

/** What is read of a file at first: most headers are shorter, and folders of 100,000 files are on network drives. */
export const firstHeaderBytes = 64 * 1024

/** One file: an enhanced image of 500 frames of 512 × 512 × 2 bytes is 262 MB. */
export const maxFileBytes = 512 * 1024 * 1024

/** Frames of one enhanced image. */
export const maxFrames = 2000

/** Edge of a slice; heads are scanned with 1024 at most. */
export const maxEdge = 2048

/** Voxels of one volume, as for NIfTI scans: 512³. */
export const maxVoxels = 512 ** 3

/** Fewer slices are a localizer or a slab; also what the later check of scans asks for. */
export const fewestSlices = 15

/** Gaps between slices may differ from their median by this share: 1 %, and positions are written with few digits. */
export const spacingTolerance = 0.01

/** Slices, or rows and columns together, must reach over this many mm: a child's brain is more than 100 mm wide. */
export const leastCoverageMm = 90

/** Files in a folder tree: 200 children with 15 visits of 10 series of 200 slices are 6 million; larger is a mistake. */
export const maxFiles = 10_000_000

/** Folders in folders. */
export const maxDepth = 16

/** What a conversion may hold in memory: the largest volume in int16 twice (decoded, compressed), and Node. */
export const maxConverterBytes = 1536 * 1024 * 1024

/** How long one conversion may take: decoding 300 slices takes seconds, from a slow network drive minutes. */
export const maxConversionMs = 10 * 60_000
