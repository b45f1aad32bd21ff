// Candidate: the coordinator's own code, as it runs after a round is sealed. Arguments: the task, then another strategy than
// FedAvg. The outcome is the digest of the new weights.

import { rm } from 'node:fs/promises'
import { aggregate } from '../../coordinator/aggregation/aggregate.ts'
import { openFileBlobs } from '../../coordinator/store/files.ts'
import { manifestOfTensors } from '../random-weights.ts'
import { printMeasurement } from '../self-measured.ts'
import { taskOfThisProcess } from './task.ts'

const { baseFile, updates, dataOffset, elements, tensorElements, outFolder } = taskOfThisProcess()
const others = {
  'coordinate-median': {},
  'fed-adam': { adam: { learningRate: 0.01, beta1: 0.9, beta2: 0.99, tau: 1e-3 } },
}
const wanted = process.argv[3]
const name = wanted === 'coordinate-median' || wanted === 'fed-adam' ? wanted : 'fed-avg'
const settings = name === 'fed-avg' ? {} : others[name]
const strategy = { name, weightBy: 'children', serverMomentum: 0, ...settings } as const
const plan = { strategy, baseFile, previousBaseFile: undefined, updates, dataOffset, elements }

const blobs = await openFileBlobs({ folder: outFolder, minFreeBytes: 0 })
const manifest = manifestOfTensors(tensorElements)
await printMeasurement(async () => (await aggregate({ blobs, manifest, plan })).weightsDigest)
await rm(outFolder, { recursive: true })
