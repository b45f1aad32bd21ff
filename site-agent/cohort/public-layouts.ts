// Layouts of images other than BIDS, each as a pattern of paths: the paper's flat folder, and the public sets of tumours seen
// more than once. A path says whose scan it is, of which visit and which sequence. Only LUMIERE's and the flat one's also
// say when; for the others a table of visits must.

/** What the images of a layout are called; groups `child`, `visit` and, but for one that is told in the settings, `sequence`. */
export interface PublicLayout {
  readonly name: string
  /** For people. */
  readonly shape: string
  readonly pattern: RegExp
  /** Day of a visit in a count of the layout's own, which starts no one knows how long before or after the surgery. */
  readonly dayOf?: (visit: string) => number | undefined
  /** What a person must know who relies on it. */
  readonly note?: string
}

const ending = String.raw`\.nii(?:\.gz)?$`

export const publicLayouts: readonly PublicLayout[] = [
  {
    name: 'flat',
    shape: 'PATIENT_YYYYMMDD[_SEQUENCE].nii.gz in one folder',
    pattern: new RegExp(
      String.raw`^(?<child>[A-Za-z0-9][A-Za-z0-9-]*)_(?<visit>\d{8})(?:_(?<sequence>[A-Za-z0-9]+))?${ending}`,
    ),
    note: 'the date in a name is the day of the scan',
  },
  {
    name: 'brats-gli',
    shape: 'BraTS-GLI-00000-000/BraTS-GLI-00000-000-t2f.nii.gz',
    pattern: new RegExp(
      String.raw`(?:^|/)(?<child>BraTS-GLI-\d{5})-(?<visit>\d{3})-(?<sequence>t1c|t1n|t2w|t2f)${ending}`,
    ),
    note: 'the last number counts visits and says nothing of days',
  },
  {
    name: 'lumiere',
    shape: 'Patient-001/week-000-1/FLAIR.nii.gz',
    pattern: new RegExp(
      String.raw`(?:^|/)(?<child>Patient-\d{3})/(?<visit>week-\d{3}(?:-\d)?)/(?<sequence>CT1|T1|T2|FLAIR)${ending}`,
    ),
    dayOf: (visit) => {
      const [, week, scan = '1'] = /^week-(\d{3})(?:-(\d))?$/.exec(visit) ?? []
      return week === undefined ? undefined : 7 * Number(week) + Number(scan) - 1
    },
    note: 'a week counts as seven days from week 0, and a second scan of a week as a day later',
  },
  {
    name: 'rhuh-gbm',
    shape: 'RHUH-0001/0/RHUH-0001_0_flair.nii.gz; 0 preoperative, 1 early postoperative, 2 recurrence',
    pattern: new RegExp(
      String.raw`(?:^|/)(?<child>RHUH-\d{4})/(?<visit>[012])/RHUH-\d{4}_[012]_(?<sequence>t1ce|t1|t2|flair)${ending}`,
    ),
    note: 'visit 2 is the recurrence itself, which is never shown to a model: the table of outcomes must say its day',
  },
  {
    name: 'mu-glioma-post',
    shape: 'PatientID_0003/Timepoint_1/PatientID_0003_Timepoint_1_brain_t2f.nii.gz',
    pattern: new RegExp(
      String.raw`(?:^|/)(?<child>PatientID_\d{4})/(?<visit>Timepoint_\d+)/(?:[^/]*_)?brain_(?<sequence>t1c|t1n|t2w|t2f)${ending}`,
    ),
    note: 'the number counts time points and says nothing of days',
  },
]

/** Their words for sequences in those of BIDS; `ce` is with contrast agent. */
const sequences: Readonly<Record<string, { readonly sequence: string; readonly ce: boolean }>> = {
  t1c: { sequence: 'T1w', ce: true },
  t1ce: { sequence: 'T1w', ce: true },
  ct1: { sequence: 'T1w', ce: true },
  t1: { sequence: 'T1w', ce: false },
  t1n: { sequence: 'T1w', ce: false },
  t1w: { sequence: 'T1w', ce: false },
  t2: { sequence: 'T2w', ce: false },
  t2w: { sequence: 'T2w', ce: false },
  t2f: { sequence: 'FLAIR', ce: false },
  flair: { sequence: 'FLAIR', ce: false },
}

/** A sequence by whatever word; undefined for one that nobody knows. */
export function sequenceOf(word: string): { readonly sequence: string; readonly ce: boolean } | undefined {
  const known = word.toLowerCase()
  return Object.hasOwn(sequences, known) ? sequences[known] : undefined
}

/** A label of letters and digits, as sessions have: `ses-week0001` of `week-000-1`. */
export function sessionOf(visit: string): string {
  return `ses-${visit.replaceAll(/[^0-9A-Za-z]/g, '')}`
}
