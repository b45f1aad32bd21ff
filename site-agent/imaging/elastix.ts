// The one file that knows elastix (Klein et al. 2010, IEEE TMI 29:196): two volumes in, a motion out. It runs as
// WebAssembly and may take its process down, so it is loaded only in a preparation process (preparation-worker.ts).

import { elastixNode } from '@itk-wasm/elastix'
import { z } from 'zod'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { flipLpsRas, fromAffineParameters, fromEuler, type Rigid } from './rigid.ts'
import { type Affine, compose, invert, spacingOf, type Volume } from './volume.ts'

export interface FitSettings {
  /** `rigid` turns and shifts; `affine` also stretches and shears. */
  readonly motion: 'rigid' | 'affine'
  /** Levels of the image pyramid, each half as fine as the next. */
  readonly resolutions: number
  readonly iterations: number
  /** Where to begin: with the centres of gravity on one another, or at a motion from mm in `fixed` to mm in `moving`. */
  readonly start: 'centers' | Rigid
}

const answerSchema = z.tuple([
  z.object({
    TransformParameters: z.array(z.string().transform(Number).pipe(z.number())),
    CenterOfRotationPoint: z.array(z.string().transform(Number).pipe(z.number())).length(3),
  }),
])

/**
 * The motion from mm in `fixed` to mm in `moving` that gives the most mutual information (Mattes et al. 2003), so the two may
 * differ in sequence. Random samples come from a fixed seed: the same volumes give the same motion.
 * @throws SequelaError `scan_unsuitable` when elastix finds no overlap or gives up.
 */
export async function fitVolume(fixed: Volume, moving: Volume, settings: FitSettings): Promise<Affine> {
  const { start } = settings
  // Moving the volume to where it starts spares a second transform in elastix, and its file formats.
  const placed = start === 'centers' ? moving : { ...moving, affine: compose(invert(start), moving.affine) }
  const answer = await elastixNode([parameterMap(settings)], {
    fixed: itkImage(fixed, 'fixed'),
    moving: itkImage(placed, 'moving'),
  }).catch((cause: unknown) => {
    // The WASM throws bare numbers and strings as well as errors.
    throw new SequelaError('scan_unsuitable', 'The scan cannot be used: it could not be registered.', { cause })
  })
  const [{ TransformParameters, CenterOfRotationPoint }] = answerSchema.parse(answer.transformParameterObject)
  const [x = 0, y = 0, z = 0] = CenterOfRotationPoint
  const motion = settings.motion === 'rigid' ? fromEuler : fromAffineParameters
  const fit = flipLpsRas(motion(TransformParameters, [x, y, z]))
  return start === 'centers' ? fit : compose(start, fit)
}

function parameterMap({ motion, resolutions, iterations, start }: FitSettings): Record<string, string[]> {
  return {
    Registration: ['MultiResolutionRegistration'],
    Transform: [motion === 'rigid' ? 'EulerTransform' : 'AffineTransform'],
    Metric: ['AdvancedMattesMutualInformation'],
    NumberOfHistogramBins: ['32'],
    Optimizer: ['AdaptiveStochasticGradientDescent'],
    AutomaticParameterEstimation: ['true'],
    AutomaticScalesEstimation: ['true'],
    MaximumNumberOfIterations: [String(iterations)],
    NumberOfResolutions: [String(resolutions)],
    FixedImagePyramid: ['FixedSmoothingImagePyramid'],
    MovingImagePyramid: ['MovingSmoothingImagePyramid'],
    ImageSampler: ['RandomCoordinate'],
    NumberOfSpatialSamples: ['2048'],
    NumberOfSamplesForExactGradient: ['4096'],
    NewSamplesEveryIteration: ['true'],
    CheckNumberOfSamples: ['true'],
    MaximumNumberOfSamplingAttempts: ['8'],
    RandomSeed: ['121212'],
    Interpolator: ['LinearInterpolator'],
    ResampleInterpolator: ['FinalLinearInterpolator'],
    Resampler: ['DefaultResampler'],
    DefaultPixelValue: ['0'],
    WriteResultImage: ['false'],
    AutomaticTransformInitialization: [String(start === 'centers')],
    AutomaticTransformInitializationMethod: ['CenterOfGravity'],
  }
}

/** Both images must be float32: a mixture ends the process. ITK's coordinates are LPS, its direction row by row. */
function itkImage({ shape: [depth, height, width], voxels, affine }: Volume, name: string) {
  const spacing = spacingOf(affine)
  const signs = [-1, -1, 1]
  const direction = Float64Array.from({ length: 9 }, (_, at) => {
    const [row, column] = [Math.floor(at / 3), at % 3]
    return ((signs[row] ?? 1) * (affine[row]?.[column] ?? 0)) / (spacing[column] ?? 1)
  })
  const imageType = { dimension: 3, componentType: 'float32', pixelType: 'Scalar', components: 1 } as const
  return {
    imageType,
    name,
    origin: affine.map((row, axis) => (signs[axis] ?? 1) * row[3]),
    spacing: [...spacing],
    direction,
    size: [width, height, depth],
    metadata: new Map(),
    data: voxels,
  }
}
