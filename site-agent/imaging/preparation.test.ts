import { describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { createPreparation, type ScanSource } from './preparation.ts'
import { createRecipe } from './recipe.ts'
import type { Registration } from './register.ts'
import { noMotion } from './rigid.ts'
import { readRegistrationTemplates } from './template.ts'
import { brainScan } from './testsupport/head.ts'

const recipe = createRecipe({
  ...{
    grid: [24, 32, 24],
    spacingMm: 7,
    template: 'mni152',
    registration: 'rigid',
    brainMask: 'template',
    biasCorrection: 'none',
  },
})

/** Scans that lie in place already, by name; `reads` are the names in the order in which files were opened. */
function preparing() {
  const reads: string[] = []
  const contents = new Map<string, Uint8Array>()
  const prepare = createPreparation({
    ...{ recipe, templates: readRegistrationTemplates(), fit: async () => noMotion },
    read: async (path) => {
      reads.push(path)
      return contents.get(path) ?? new Uint8Array()
    },
  })
  const sourceOf = (name: string): ScanSource => {
    const content = contents.get(name) ?? brainScan({ description: name })
    contents.set(name, content)
    return { path: name, contentDigest: sha256(content) }
  }
  const known = new Map<string, Registration>()
  const register = async (name: string, reference?: string): Promise<void> => {
    const registration = known.get(reference ?? '')
    const to = reference && registration && { reference: { ...sourceOf(reference), registration } }
    known.set(name, (await prepare({ scan: sourceOf(name), ...to })).registration)
  }
  return { reads, prepare, register, contents }
}

describe('a preparation process', () => {
  test('opens each scan of a child once, also where a visit has several sequences', async () => {
    const { reads, register } = preparing()
    await register('first FLAIR')
    await register('first T2w', 'first FLAIR')
    await register('second FLAIR', 'first FLAIR')
    await register('second T2w', 'second FLAIR')
    await register('third FLAIR', 'first FLAIR')
    expect(reads).toEqual(['first FLAIR', 'first T2w', 'second FLAIR', 'second T2w', 'third FLAIR'])
  })

  test('opens a reference anew once many others came between, so that its memory does not grow', async () => {
    const { reads, register } = preparing()
    await register('first')
    for (let other = 0; other < 8; other++) await register(`baseline of child ${other}`)
    await register('second', 'first')
    expect(reads.slice(-2)).toEqual(['second', 'first'])
  })

  test('refuses a scan whose file changed meanwhile', async () => {
    const { prepare, contents } = preparing()
    contents.set('changed', brainScan())
    const scan = { path: 'changed', contentDigest: sha256('what it was') }
    await expect(prepare({ scan })).rejects.toMatchObject({ code: 'scan_unreadable' })
  })
})
