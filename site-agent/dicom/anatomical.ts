// What a series must be to hold one anatomical volume of a head; everything else is refused with its reason. Vendors mark
// derived and special images in ImageType (PS3.3 C.7.6.1.1.2 and C.8.3.1.1.1), each with words of its own.

import type { Instance } from './instance.ts'

const mrImage = '1.2.840.10008.5.1.4.1.1.4'
const mrStorages = new Set([mrImage, `${mrImage}.1`, `${mrImage}.4`])

/** Values of ImageType, and what an image with them is. */
const foreignTypes: readonly (readonly [RegExp, string])[] = [
  [/^LOCALIZER$/, 'a localizer'],
  [/^MOSAIC$/, 'a mosaic of many slices in one image (functional or diffusion)'],
  [/^(DIFFUSION|ADC|EADC|FA|TRACEW?|CALC_BVALUE|TENSOR.*|DWI)$/, 'diffusion'],
  [/^(PERFUSION|CBF|CBV|RCBV|RELCBF|RELCBV|MTT|TTP|TMAX|PBP|ASL|KTRANS|GBP)$/, 'perfusion'],
  [/^(MIP|MINIP|MNIP|MIN_IP|PROJECTION IMAGE|CSAPARALLEL|VOLREN|CSAMIP)$/, 'a projection (MIP)'],
  [
    /^(MPR|CSA MPR|CSAMPR|REFORMATTED|RESAMPLED|AVERAGE|SUB|SUBTRACTION|MEAN)$/,
    'reformatted or computed from other images',
  ],
  [/^(P|PHASE MAP|PHASE|R|REAL|I|IMAGINARY|PHASE CONTRAST)$/, 'not a magnitude image (phase, real or imaginary part)'],
  [
    /^(SWI|T1 MAP|T2 MAP|T2_STAR.*|T1MAP|T2MAP|R2.*|B0.*|B1.*|FMRI|SPECTROSCOPY|SCREEN ?SAVE)$/,
    'a map or a special image',
  ],
]

/** Other parts of the body, by BodyPartExamined. */
const otherParts =
  /SPINE|NECK|CHEST|ABDOMEN|PELVIS|KNEE|SHOULDER|HIP|HEART|BREAST|EXTREMITY|LIVER|KIDNEY|HAND|FOOT|ARM|LEG/

/** Why a series cannot be an anatomical volume of a head; undefined when nothing speaks against it. */
export function notAnatomical(instance: Instance): string | undefined {
  const { modality, sopClass, imageType, physics, layout, bodyPart } = instance
  if (modality !== 'MR') return `it is not MR but ${/^[A-Z]{2,8}$/.test(modality) ? modality : 'unknown'}`
  if (!mrStorages.has(sopClass)) return 'it holds no MR images but reports, screenshots or other objects'
  if (instance.burnedIn) return 'its header says that text is burned into the pixels, which may name the patient'
  if (imageType[0] === 'DERIVED') return 'it was derived from other images'
  const foreign = foreignTypes.find(([pattern]) => imageType.some((code) => pattern.test(code)))
  if (foreign !== undefined) return `it is ${foreign[1]}`
  if (imageType[1] === 'SECONDARY') return 'it was computed after the examination (SECONDARY)'
  if (physics.diffusion) return 'it is diffusion (a b-value above 0)'
  if (physics.angiography) return 'it is an angiography'
  if (instance.temporalPositions > 1) return 'it shows several points in time (perfusion or dynamic)'
  if (layout.samplesPerPixel !== 1 || !/^MONOCHROME[12]$/.test(layout.photometric)) return 'its pixels are colours'
  if (otherParts.test(bodyPart)) return 'it shows another part of the body'
  return undefined
}
