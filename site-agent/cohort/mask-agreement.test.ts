import { expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { agreementInWords, maskAgreement } from './mask-agreement.ts'
import type { ScanVolume } from './prepare-visit.ts'

const volume = (agreement?: number): ScanVolume => {
  return {
    file: '/cache/a.f32',
    contentDigest: sha256('a'),
    ...(agreement === undefined ? {} : { quality: { agreement } }),
  }
}

test('the agreement of network and template is told in the middle and at least, each image of a visit counted once', () => {
  const [first, second, third] = [volume(0.94), volume(0.86), volume(0.91)]
  const agreement = maskAgreement({
    volumes: new Map([
      ['ses-1', first],
      ['ses-2', second],
    ]),
    channels: new Map([
      ['ses-1', [first, third]],
      ['ses-2', [second, undefined]],
    ]),
  })
  expect(agreement).toEqual({ images: 3, median: 0.91, least: 0.86 })
  expect(agreement && agreementInWords(agreement)).toBe(
    'Network and template agree on the brain by 0.91 (Dice) in the middle of 3 images, by 0.86 at least.',
  )
})

test('of one image there is no middle, and without a network there is nothing to tell', () => {
  const only = maskAgreement({ volumes: new Map([['ses-1', volume(0.9)]]), channels: new Map() })
  expect(only && agreementInWords(only)).toBe('Network and template agree on the brain by 0.90 (Dice) in one image.')
  expect(maskAgreement({ volumes: new Map([['ses-1', volume()]]), channels: new Map() })).toBeUndefined()
})
