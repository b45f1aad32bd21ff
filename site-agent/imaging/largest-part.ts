// The largest connected part of a mask: a network now and then calls a few voxels of eye or neck brain.

/**
 * 1 in the largest set of voxels that touch one another by their faces, else 0; the first of those where several are as large.
 * @param mask 1 or 0, [depth, height, width]
 */
export function largestPart(mask: Uint8Array, [depth, height, width]: readonly [number, number, number]): Uint8Array {
  const part = new Int32Array(mask.length)
  const stack = new Int32Array(mask.length)
  let [parts, largest, most] = [0, 0, 0]
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] !== 1 || part[seed] !== 0) continue
    part[seed] = ++parts
    let [size, top] = [0, 0]
    stack[top++] = seed
    const visit = (at: number): void => {
      if (mask[at] !== 1 || part[at] !== 0) return
      part[at] = parts
      stack[top++] = at
    }
    while (top > 0) {
      const at = stack[--top] as number
      size++
      const [x, y, z] = [at % width, Math.floor(at / width) % height, Math.floor(at / (width * height))]
      if (x > 0) visit(at - 1)
      if (x < width - 1) visit(at + 1)
      if (y > 0) visit(at - width)
      if (y < height - 1) visit(at + width)
      if (z > 0) visit(at - width * height)
      if (z < depth - 1) visit(at + width * height)
    }
    if (size > most) [largest, most] = [parts, size]
  }
  return mask.map((_, at) => (most > 0 && part[at] === largest ? 1 : 0))
}
