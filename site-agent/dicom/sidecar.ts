// The sidecar of an imported image: numbers of its physics and words from fixed lists. No text of the header is copied, for
// any of its fields may hold a name.

import { programVersion } from '../../shared/version.ts'
import type { PlannedImage } from './plan.ts'

const knownScanning = ['SE', 'IR', 'GR', 'EP', 'RM']

/** The JSON text; names and units after BIDS: times in seconds, lengths in mm, field strength in tesla. */
export function sidecarOf({ stack, grid, contrast, remark }: PlannedImage): string {
  const { physics, vendor, layout } = stack.instance
  const seconds = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Number((ms / 1000).toFixed(7))
  const content = {
    Modality: 'MR',
    Manufacturer: vendor,
    MagneticFieldStrength: physics.fieldStrengthT,
    MRAcquisitionType: physics.acquisitionType,
    ScanningSequence: knownScanning.filter((code) => physics.scanning.has(code)),
    EchoTime: seconds(physics.echoTimeMs),
    RepetitionTime: seconds(physics.repetitionTimeMs),
    InversionTime: seconds(physics.inversionTimeMs),
    FlipAngle: physics.flipAngle,
    PixelSpacing: [grid.spacingMm[1], grid.spacingMm[0]],
    SpacingBetweenSlices: grid.spacingMm[2],
    ContrastAgent: contrast,
    ...(remark === undefined ? {} : { ImportRemark: remark }),
    BitsStored: layout.bitsStored,
    ConversionSoftware: 'sequela',
    ConversionSoftwareVersion: programVersion,
  }
  return `${JSON.stringify(content, undefined, 2)}\n`
}
