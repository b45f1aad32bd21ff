// What a file is when it is not NIfTI: sites hand over pointers, other formats and empty files under scans' names, and
// a sentence that names the thing saves them a search.

/** A sentence part ("it is ...; do ...") for bytes of a known other kind; undefined when they may be NIfTI. */
export function describeForeignFile(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength === 0) return 'the file is empty; copy the scan again'
  const text = String.fromCharCode(...bytes.subarray(0, 300))
  if (text.startsWith('version https://git-lfs')) {
    return 'the file is only a Git LFS pointer; fetch the content with git lfs pull'
  }
  if (text.includes('annex/objects/')) {
    return 'the file is only a git-annex pointer; fetch the content with git annex get'
  }
  if (text.slice(128, 132) === 'DICM' || startsLikeDicom(bytes, text)) {
    return 'it is a DICOM file; convert the series to NIfTI first'
  }
  if (startsLikeMgh(bytes)) return 'it is a FreeSurfer MGH file; convert it to NIfTI first'
  if (text.startsWith('NRRD')) return 'it is an NRRD file; convert it to NIfTI first'
  if (text.startsWith('CDF') || text.startsWith('\x89HDF'))
    return 'it is a MINC or HDF5 file; convert it to NIfTI first'
  if (text.startsWith('PK\x03\x04')) return 'it is a ZIP archive; unpack it first'
  return undefined
}

/** DICOM without its preamble begins with an element of group 0002 or 0008, in either byte order, or names its letters. */
function startsLikeDicom(bytes: Uint8Array, text: string): boolean {
  if (text.slice(0, 64).includes('ISO_IR')) return true
  const [a, b, c, d] = bytes
  const group = (value: number | undefined) => value === 2 || value === 8
  return bytes.byteLength > 8 && ((group(a) && b === 0 && d === 0) || (a === 0 && group(b) && c === 0))
}

/** MGH: big-endian version 1, four plausible sizes, a known number type. */
function startsLikeMgh(bytes: Uint8Array): boolean {
  if (bytes.byteLength < 284) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const sizes = [4, 8, 12, 16].map((at) => view.getInt32(at))
  return view.getInt32(0) === 1 && sizes.every((size) => size > 0 && size < 2 ** 16) && view.getInt32(20) <= 4
}
