// Candidate: what one would write first. Read each update whole, add it up in one loop in float64, write the result.

import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printMeasurement } from '../self-measured.ts'
import { taskOfThisProcess } from './task.ts'

const { baseFile, updates, dataOffset, elements, outFolder } = taskOfThisProcess()

const valuesOf = (file: Uint8Array): Float32Array =>
  new Float32Array(file.buffer, file.byteOffset + dataOffset, elements)

mkdirSync(outFolder, { recursive: true })
await printMeasurement(async () => {
  const children = updates.reduce((sum, update) => sum + update.children, 0)
  const sums = new Float64Array(elements)
  for (const update of updates) {
    const values = valuesOf(readFileSync(update.file))
    const factor = update.children / children
    for (let i = 0; i < elements; i++) sums[i] = (sums[i] as number) + factor * (values[i] as number)
  }
  const result = readFileSync(baseFile)
  const weights = valuesOf(result)
  for (let i = 0; i < elements; i++) weights[i] = (weights[i] as number) + (sums[i] as number)
  const descriptor = openSync(join(outFolder, 'weights'), 'w')
  writeFileSync(descriptor, result)
  fsyncSync(descriptor)
  closeSync(descriptor)
  return createHash('sha256').update(result).digest('hex')
})
rmSync(outFolder, { recursive: true })
