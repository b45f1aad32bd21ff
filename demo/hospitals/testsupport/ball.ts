// A template that tests can reason about: a ball of white matter in a shell of fluid, on a grid of three lengths.

import type { Grid, TissueMap } from '../anatomy.ts'

export const ballGrid: Grid = { shape: [26, 34, 30], spacingMm: 5, originMm: [-70, -90, -60] }

export function ballTemplate(): TissueMap {
  const [depth, height, width] = ballGrid.shape
  const shares = new Float32Array(3 * depth * height * width)
  let at = 0
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += 3) {
        const radius = Math.hypot(x - (width - 1) / 2, y - (height - 1) / 2, z - (depth - 1) / 2)
        if (radius < 9) shares[at + 1] = 1
        else if (radius < 10) shares[at + 2] = 1
      }
    }
  }
  return { grid: ballGrid, shares }
}
