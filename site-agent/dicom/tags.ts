// The DICOM attributes that are looked at, and no others: PS3.6 gives tags and value representations. Those of the first
// block tell children, visits and series apart and never leave the memory of the import.

/** How an attribute's value is stored; implicit transfer syntaxes do not say. */
export type ValueKind = 'text' | 'decimal' | 'uint16' | 'float64' | 'sequence'

export interface Tag {
  /** Group and element, eight lower-case hexadecimal digits. */
  readonly hex: string
  readonly kind: ValueKind
}

const tag = (hex: string, kind: ValueKind = 'text'): Tag => ({ hex, kind })

/** Who, when and which: identifiers. */
export const identifying = {
  characterSet: tag('00080005'),
  patientId: tag('00100020'),
  patientBirthDate: tag('00100030'),
  patientAge: tag('00101010'),
  studyDate: tag('00080020'),
  seriesDate: tag('00080021'),
  acquisitionDate: tag('00080022'),
  acquisitionDateTime: tag('0008002a'),
  acquisitionTime: tag('00080032'),
  seriesTime: tag('00080031'),
  studyUid: tag('0020000d'),
  seriesUid: tag('0020000e'),
  sopUid: tag('00080018'),
  seriesDescription: tag('0008103e'),
  protocolName: tag('00181030'),
} as const

/** What kind of image it is, and how it was made. */
export const acquisition = {
  sopClass: tag('00080016'),
  modality: tag('00080060'),
  imageType: tag('00080008'),
  manufacturer: tag('00080070'),
  bodyPart: tag('00180015'),
  seriesNumber: tag('00200011', 'decimal'),
  imagesOfSeries: tag('00201209', 'decimal'),
  scanningSequence: tag('00180020'),
  sequenceVariant: tag('00180021'),
  scanOptions: tag('00180022'),
  acquisitionType: tag('00180023'),
  sequenceName: tag('00180024'),
  angioFlag: tag('00180025'),
  repetitionTime: tag('00180080', 'decimal'),
  echoTime: tag('00180081', 'decimal'),
  inversionTime: tag('00180082', 'decimal'),
  fieldStrength: tag('00180087', 'decimal'),
  flipAngle: tag('00181314', 'decimal'),
  contrastAgent: tag('00180010'),
  contrastVolume: tag('00181041', 'decimal'),
  temporalPositions: tag('00200105', 'decimal'),
  diffusionBValue: tag('00189087', 'float64'),
  identityRemoved: tag('00120062'),
  burnedIn: tag('00280301'),
  lossy: tag('00282110'),
} as const

/** Where the pixels lie, and how they are stored. */
export const image = {
  position: tag('00200032', 'decimal'),
  orientation: tag('00200037', 'decimal'),
  pixelSpacing: tag('00280030', 'decimal'),
  rows: tag('00280010', 'uint16'),
  columns: tag('00280011', 'uint16'),
  samplesPerPixel: tag('00280002', 'uint16'),
  photometric: tag('00280004'),
  bitsAllocated: tag('00280100', 'uint16'),
  bitsStored: tag('00280101', 'uint16'),
  highBit: tag('00280102', 'uint16'),
  pixelRepresentation: tag('00280103', 'uint16'),
  numberOfFrames: tag('00280008', 'decimal'),
  slope: tag('00281053', 'decimal'),
  intercept: tag('00281052', 'decimal'),
} as const

/** Enhanced MR (PS3.3 C.8.13): what classic images say at the top stands in groups, for all frames or for each. */
export const enhanced = {
  shared: tag('52009229', 'sequence'),
  perFrame: tag('52009230', 'sequence'),
  planePosition: tag('00209113', 'sequence'),
  planeOrientation: tag('00209116', 'sequence'),
  pixelMeasures: tag('00289110', 'sequence'),
  pixelTransformation: tag('00289145', 'sequence'),
  frameType: tag('00189226', 'sequence'),
  frameTypeValue: tag('00089007'),
  timing: tag('00189112', 'sequence'),
  echo: tag('00189114', 'sequence'),
  modifier: tag('00189115', 'sequence'),
  diffusion: tag('00189117', 'sequence'),
  effectiveEchoTime: tag('00189082', 'float64'),
  inversionTimes: tag('00189079', 'float64'),
  pulseSequenceName: tag('00189005'),
  echoPulseSequence: tag('00189008'),
  inversionRecovery: tag('00189009'),
  echoPlanar: tag('00189018'),
  steadyState: tag('00189017'),
  timeOfFlight: tag('00189015'),
  phaseContrast: tag('00189014'),
  contrastSequence: tag('00180012', 'sequence'),
} as const

/** Where a file's header ends. */
export const pixelData = tag('7fe00010')
