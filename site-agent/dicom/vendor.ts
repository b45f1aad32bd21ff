// Who made the scanner, as one of a few words. The header's own text is free and may hold anything, so it is not kept.

const vendors = [
  ['Siemens', /siemens/i],
  ['GE', /\bge\b|general electric/i],
  ['Philips', /philips/i],
  ['Canon', /canon|toshiba/i],
  ['Hitachi', /hitachi|fujifilm/i],
  ['United Imaging', /united imaging|\buih\b/i],
  ['Bruker', /bruker/i],
] as const

/** One of the known makers, or `other`. */
export function vendorOf(manufacturer: string | undefined): string {
  return vendors.find(([, pattern]) => pattern.test(manufacturer ?? ''))?.[0] ?? 'other'
}
