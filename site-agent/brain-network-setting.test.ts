import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImageStudy } from '../shared/study/study.ts'
import { brainNetworkFor } from './brain-network-setting.ts'
import { testStudy } from './cohort/testsupport/data-set.ts'
import { siteHome } from './home.ts'
import { brightIsBrain, writeBrainNetwork } from './imaging/testsupport/brain-network.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sequela-setting-'))
  writeBrainNetwork(join(root, 'networks'), brightIsBrain())
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const settings = { data: '/data', threads: 2 }
const study = (brainMask: ImageStudy['pipeline']['brainMask']): ImageStudy => {
  const plain = testStudy()
  return { ...plain, pipeline: { ...plain.pipeline, brainMask } }
}

describe('the network that a study asks a site for', () => {
  test('is the one in site.yaml, named from the folder of that file', () => {
    const brainMask = { weights: 'networks/model.json' }
    expect(brainNetworkFor(siteHome(root), { ...settings, brainMask }, study('network'))).toMatchObject({
      file: join(root, 'networks', 'model.json'),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      threads: 2,
    })
  })

  test('is not looked for where the study asks for none', () => {
    const brainMask = { weights: 'nowhere/model.json' }
    expect(brainNetworkFor(siteHome(root), { ...settings, brainMask }, study('template'))).toBeUndefined()
  })

  test('is missed with the line to write, or with what is wrong with the file', () => {
    const ask = (named: object) => () => brainNetworkFor(siteHome(root), { ...settings, ...named }, study('network'))
    expect(ask({})).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(ask({})).toThrow(/write into .*site\.yaml: brainMask: \{ weights: FILE \}/)
    expect(ask({ brainMask: { weights: 'elsewhere.json' } })).toThrow(/elsewhere\.json .*ENOENT/)
  })
})
