// Vectors as NumPy's `np.save` writes them: format 1.0, the header padded to 64 bytes.

export type NpyKind = '<f2' | '<f4' | '<f8'

/** @param shape as Python writes it, such as `768,` */
export function npyFile(values: readonly number[], kind: NpyKind = '<f4', shape = `${values.length},`): Uint8Array {
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${shape}), }`
  const padded = Buffer.from(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`, 'latin1')
  const size = Number(kind.slice(2))
  const data = new DataView(new ArrayBuffer(values.length * size))
  for (const [i, value] of values.entries()) {
    if (kind === '<f2') data.setFloat16(i * size, value, true)
    else if (kind === '<f4') data.setFloat32(i * size, value, true)
    else data.setFloat64(i * size, value, true)
  }
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY', 'latin1'), 1, 0, padded.length & 255, padded.length >> 8])
  return new Uint8Array(Buffer.concat([head, padded, Buffer.from(data.buffer)]))
}
