// What is known of a child beside its scans, in few groups each, so that a group is rarely one child alone. What the
// hospital's table does not say, or says in words nobody knows, is undefined.

export const resections = ['total', 'partial', 'biopsy'] as const
export const locations = ['hemisphere', 'midline', 'cerebellum', 'brainstem', 'other'] as const
export const treatments = ['none', 'chemotherapy', 'radiotherapy', 'chemoradiotherapy', 'targeted'] as const

export interface Chart {
  /** At the index surgery. */
  readonly ageYears: number | undefined
  readonly sex: 'female' | 'male' | undefined
  /** Of the World Health Organization's classification. */
  readonly grade: 1 | 2 | 3 | 4 | undefined
  /** `total` holds gross and near total resections. */
  readonly resection: (typeof resections)[number] | undefined
  readonly location: (typeof locations)[number] | undefined
  /** Given after the surgery, beside watching. */
  readonly treatment: (typeof treatments)[number] | undefined
}

export const emptyChart: Chart = {
  ageYears: undefined,
  sex: undefined,
  grade: undefined,
  resection: undefined,
  location: undefined,
  treatment: undefined,
}

export const scannerVendors = ['siemens', 'ge', 'philips', 'canon', 'other'] as const

/** What a scan was made with. */
export interface Scanner {
  readonly vendor: (typeof scannerVendors)[number] | undefined
  readonly fieldStrengthTesla: number | undefined
}

/** Age at a scan, in years. @param ageYears at the surgery @param day since then */
export function ageAtScan(ageYears: number, day: number): number {
  return ageYears + day / 365.25
}
