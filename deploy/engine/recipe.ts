// What the engine is made of: TensorFlow's C library from a current wheel, pinned by hash, and the two C++ files of
// tfjs-node that connect it to Node. See docs/decisions/0006-engine-from-the-wheel.md.

import { SequelaError } from '../../shared/protocol/errors.ts'

export interface EngineRecipe {
  /** A requirement for `pip download --require-hashes`. */
  readonly requirement: string
  readonly platform: string
  /** The interpreter that the wheel is for; the C library inside does not depend on it. */
  readonly pythonVersion: string
  readonly downloadMb: number
  readonly installedMb: number
  readonly tensorflow: string
}

const recipes: Readonly<Record<string, EngineRecipe>> = {
  'linux-x64': {
    requirement:
      'tensorflow-cpu==2.20.0 --hash=sha256:c7a9224185818094ed95c4e114d3efe77241db35fbf0b75251fb2bf6222dd6a7',
    platform: 'manylinux2014_x86_64',
    pythonVersion: '3.12',
    downloadMb: 259,
    installedMb: 780,
    tensorflow: '2.20.0',
  },
  'linux-arm64': {
    requirement: 'tensorflow==2.20.0 --hash=sha256:2bfbfb3dd0e22bffc45fe1e922390d27753e99261fab8a882e802cf98a0e078f',
    platform: 'manylinux2014_aarch64',
    pythonVersion: '3.12',
    downloadMb: 260,
    installedMb: 780,
    tensorflow: '2.20.0',
  },
}

/** @throws SequelaError `engine_missing` on a platform that has no recipe. */
export function engineRecipe(): EngineRecipe {
  const platform = `${process.platform}-${process.arch}`
  const recipe = recipes[platform]
  if (recipe !== undefined) return recipe
  const known = Object.keys(recipes).join(' and ')
  throw new SequelaError('engine_missing', `the training engine is built for ${known}, not for ${platform}`)
}
