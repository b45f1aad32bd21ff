// Makes the whole-head map beside this file from the 2 mm linear average of 152 heads as NIfTI's own example files hold it,
// in which the letters R and L are burnt in: the brain under them is taken from the tissue maps, skull and scalp from heads'
// mean layers. Run by hand when the map changes, after make-templates.ts: node make-head.ts avg152T1_LR_nifti.nii.gz.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { encodeNifti } from '../../../demo/hospitals/nifti-writer.ts'
import { resample } from '../resample.ts'
import { decodeScan } from '../scan-file.ts'
import { readTemplateBrain, readTemplatePicture } from '../template.ts'
import { toStored } from '../volume.ts'

const spacingMm = 3
/** Brightness of the letters; nothing else is as bright. */
const letter = 255
/** Layers of one voxel around the brain whose means are taken; beyond is air, or the neck. */
const layers = 24

const source = process.argv[2]
if (source === undefined) {
  process.stderr.write('usage: node make-head.ts AVG152T1_LR_NIFTI\n')
  process.exit(2)
}
const head = decodeScan(readFileSync(source))
const [depth, height, width] = head.shape
const place = { shape: head.shape, affine: head.affine }
const share = resample(toStored(readTemplateBrain()), place).voxels
const picture = resample(toStored(readTemplatePicture()), place).voxels
const neighbours = [1, -1, width, -width, width * height, -width * height]

const hidden = grown(grown(Uint8Array.from(head.voxels, (value) => (value === letter ? 1 : 0))))
const layerOf = layersAround(Uint8Array.from(share, (value) => (value >= 127.5 ? 1 : 0)))
const scale =
  meanWhere(head.voxels, (i) => hidden[i] === 0 && layerOf[i] === 0) / meanWhere(picture, (i) => layerOf[i] === 0)
/** Above the brain's middle there is air around the scalp, below it the neck. */
const isAbove = (i: number): boolean => head.affine[2][3] + 2 * Math.floor(i / (width * height)) > 0
const meansOf = (above: boolean): number[] =>
  Array.from({ length: layers + 1 }, (_, layer) =>
    meanWhere(head.voxels, (i) => hidden[i] === 0 && layerOf[i] === layer && isAbove(i) === above),
  )
const [meansAbove, meansBelow] = [meansOf(true), meansOf(false)]
const whole = head.voxels.map((value, i) => {
  if (hidden[i] === 0) return value
  const layer = layerOf[i] ?? layers
  return layer === 0 ? (picture[i] ?? 0) * scale : ((isAbove(i) ? meansAbove : meansBelow)[layer] ?? 0)
})

const count = (voxels: number): number => Math.floor((voxels * 2) / spacingMm)
const shape = [count(depth), count(height), count(width)] as const
const affine = head.affine.map((row, axis) => [
  ...[0, 1, 2].map((column) => (column === axis ? spacingMm : 0)),
  row[3] + 0.5,
])
const grid = { shape, affine: [row(0), row(1), row(2)] as const }
const voxels = resample(toStored({ ...head, voxels: whole }), grid).voxels
writeFileSync(
  join(import.meta.dirname, 'mni152-head-3mm.nii.gz'),
  gzipSync(
    encodeNifti({
      shape,
      voxels: voxels.map((value) => Math.min(254, Math.round(value))),
      affine: [...affine, [0, 0, 0, 1]],
      datatype: 'uint8',
      description: 'MNI ICBM152 linear average, 3 mm',
    }),
    { level: 9 },
  ),
)

function row(axis: number): [number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = affine[axis] ?? []
  return [a, b, c, d]
}

/** The same and every voxel beside it. */
function grown(mask: Uint8Array): Uint8Array {
  return mask.map((inside, i) => (inside === 1 || neighbours.some((step) => mask[i + step] === 1) ? 1 : 0))
}

/** 0 in the mask, then how many steps of one voxel away from it. */
function layersAround(mask: Uint8Array): Uint8Array {
  const result = new Uint8Array(mask.length).fill(layers)
  let reached = mask
  for (let layer = 0; layer < layers; layer++) {
    reached.forEach((inside, i) => {
      if (inside === 1 && result[i] === layers) result[i] = layer
    })
    reached = grown(reached)
  }
  return result
}

function meanWhere(values: Float32Array, isWanted: (i: number) => boolean): number {
  let [sum, number] = [0, 0]
  values.forEach((value, i) => {
    if (!isWanted(i)) return
    sum += value
    number++
  })
  return number === 0 ? 0 : sum / number
}
