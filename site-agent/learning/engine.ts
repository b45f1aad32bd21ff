// Loads the training engine: tfjs's operations on TensorFlow's C library, and those of our own. This file and kernels.ts are
// the only ones that know which backend runs; everything else sees operations on tensors.

import { createRequire } from 'node:module'
import util from 'node:util'
import type * as TensorFlow from '@tensorflow/tfjs-core'
import { ensureEngine } from '../../deploy/engine/ensure-engine.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { registerKernels } from './kernels.ts'

/** The operations, with the backend registered. */
export type Tf = typeof TensorFlow

export interface LoadedEngine {
  readonly tf: Tf
  /** For the record beside results: they repeat bit for bit only at the same versions and threads. */
  readonly versions: { readonly tensorflow: string; readonly tfjs: string; readonly threads: number }
}

export interface EngineOptions {
  /** Threads that one operation may use. */
  readonly threads: number
  readonly onProgress?: (sentence: string) => void
}

let loaded: Promise<LoadedEngine> | undefined

/**
 * The engine, installed and loaded at the first call; a process has one.
 * @throws SequelaError `engine_missing`.
 */
export function loadEngine(options: EngineOptions): Promise<LoadedEngine> {
  loaded ??= load(options)
  return loaded
}

async function load({ threads, onProgress }: EngineOptions): Promise<LoadedEngine> {
  const engine = await ensureEngine(onProgress === undefined ? {} : { onProgress })
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  process.env.TF_NUM_INTRAOP_THREADS = String(threads)
  process.env.TF_NUM_INTEROP_THREADS = '1'
  // oneDNN's kernels are several times faster and repeat bit for bit at a fixed number of threads.
  process.env.TF_ENABLE_ONEDNN_OPTS = '1'
  restoreUtil()
  const require = createRequire(import.meta.url)
  try {
    require('@tensorflow/tfjs-node/dist/register_all_kernels')
    const { NodeJSKernelBackend } = require('@tensorflow/tfjs-node/dist/nodejs_kernel_backend')
    const binding = require(engine.bindingFile)
    const tf: Tf = require('@tensorflow/tfjs')
    tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3)
    await tf.setBackend('tensorflow')
    await tf.ready()
    require(engine.kernelsFile).register(threads)
    registerKernels(tf)
    return { tf, versions: { tensorflow: engine.tensorflow, tfjs: tf.version_core, threads } }
  } catch (error) {
    const message = `the training engine in ${engine.folder} cannot be loaded; delete that folder and try again`
    throw new SequelaError('engine_missing', message, { cause: error })
  }
}

/** tfjs-node 4.22 calls two functions of `util`: one that newer Nodes have dropped, and one that they warn of. */
function restoreUtil(): void {
  const functions = {
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
    isArray: Array.isArray,
  }
  for (const [name, implementation] of Object.entries(functions)) Reflect.set(util, name, implementation)
}
