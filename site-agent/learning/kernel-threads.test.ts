import type { Tensor, Tensor5D } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { seededRandom } from '../../shared/random.ts'
import { loadEngine } from './engine.ts'
import { kernelOps } from './kernel-ops.ts'
import { primitiveOps } from './primitive-ops.ts'

test('a kernel that works with two threads gives what primitive operations give', async () => {
  const { tf } = await loadEngine({ threads: 2 })
  // Odd, so that one thread has a scan more; large enough that a second is started.
  const shape: [number, number, number, number, number] = [5, 24, 30, 22, 16]
  const random = seededRandom('threads')
  const voxels = Float32Array.from({ length: 5 * 24 * 30 * 22 * 16 }, () => random.normal())
  expect(voxels.length).toBeGreaterThan(2 ** 20)
  tf.tidy(() => {
    const [x, scale, shift] = [tf.tensor5d(voxels, shape), tf.ones([16]), tf.zeros([16])]
    const [native, primitive] = [kernelOps(tf), primitiveOps(tf)].map((ops) => {
      const square = (input: Tensor): Tensor => {
        const y = ops.groupNorm(input as Tensor5D, { scale, shift, channelsPerGroup: 8, relu: true })
        return tf.sum(tf.mul(y, tf.square(x)))
      }
      return tf.grad(square)(x)
    }) as [Tensor, Tensor]
    expect(tf.max(tf.abs(tf.sub(native, primitive))).dataSync()[0]).toBeLessThan(1e-4)
  })
})
