// One DICOM image as far as the import is concerned. Identifiers in it are for grouping and are never written.

/** Three coordinates in mm, in the patient's system of DICOM: +x left, +y posterior, +z superior. */
export type Vector = readonly [number, number, number]

/** Where one frame lies. */
export interface FramePlane {
  /** Centre of the first pixel. */
  readonly position: Vector
  /** Direction in which columns count up, of length 1. */
  readonly rowDirection: Vector
  /** Direction in which rows count up, of length 1. */
  readonly columnDirection: Vector
  /** Distance of neighbouring rows and columns, in mm. */
  readonly rowSpacingMm: number
  readonly columnSpacingMm: number
}

export interface Frame {
  /** In its file, from 0. */
  readonly index: number
  /** Undefined when the header does not place it. */
  readonly plane: FramePlane | undefined
  readonly echoTimeMs: number | undefined
  /** Value = slope × stored + intercept. */
  readonly slope: number
  readonly intercept: number
}

/** How pixels are stored. */
export interface PixelLayout {
  readonly transferSyntax: string
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly photometric: string
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly highBit: number
  readonly signed: boolean
}

/** What decides the contrast of an MR image. Times in ms. */
export interface Physics {
  readonly echoTimeMs: number | undefined
  readonly repetitionTimeMs: number | undefined
  readonly inversionTimeMs: number | undefined
  readonly flipAngle: number | undefined
  readonly fieldStrengthT: number | undefined
  readonly acquisitionType: '2D' | '3D' | undefined
  /** Codes of (0018,0020): SE, IR, GR, EP. */
  readonly scanning: ReadonlySet<string>
  /** Codes of (0018,0021) and (0018,0022). */
  readonly variant: ReadonlySet<string>
  /** The vendor's name of the pulse sequence, in lower case. */
  readonly sequenceName: string
  readonly contrastAgent: boolean
  readonly angiography: boolean
  readonly diffusion: boolean
}

export interface Identifiers {
  readonly patientId: string
  readonly birthDate: string | undefined
  readonly studyUid: string
  readonly seriesUid: string
  readonly sopUid: string
  /** Day since 1970 on which it was acquired. */
  readonly day: number | undefined
  /** Clock time as digits, to tell which of two series of a day was later. */
  readonly clock: string
  /** Free text of the protocol, in lower case. Never written or shown. */
  readonly description: string
}

export interface Instance {
  readonly identifiers: Identifiers
  readonly sopClass: string
  readonly modality: string
  /** Codes of (0008,0008), in upper case. */
  readonly imageType: readonly string[]
  readonly vendor: string
  readonly bodyPart: string
  readonly seriesNumber: number | undefined
  readonly temporalPositions: number
  readonly physics: Physics
  readonly layout: PixelLayout
  readonly frames: readonly Frame[]
  /** A person is still recognisable: age and date, and no word that the identity was removed. */
  readonly identified: boolean
  readonly burnedIn: boolean
}
