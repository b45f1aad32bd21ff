import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { linkKey } from '../commands/link-key.ts'
import { siteHome } from '../home.ts'
import { createLinkKey, importLinkKey, keyFingerprint, readLinkSecrets } from './link-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'sequela-link-key-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const newHome = () => siteHome(join(folder, `site-${count++}`))
const newFile = (): string => join(folder, `key-${count++}`)
const refused = (text: RegExp) =>
  expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(text) })

describe('a key', () => {
  test('that one hospital makes and another takes over is the same, and what each fills up with is its own', async () => {
    const [one, other, file] = [newHome(), newHome(), newFile()]
    const made = await createLinkKey(one, file)
    expect(await importLinkKey(other, file)).toBe(made)
    const [mine, theirs] = [await readLinkSecrets(one.linkKeyFile), await readLinkSecrets(other.linkKeyFile)]
    expect(mine?.key).toEqual(theirs?.key)
    expect(mine?.key).toHaveLength(32)
    expect(mine?.filling).not.toEqual(theirs?.filling)
    expect(keyFingerprint(mine?.key ?? new Uint8Array())).toBe(made)
  })

  test('is for this user alone, at the site and in the file for the others', async () => {
    const [home, file] = [newHome(), newFile()]
    await createLinkKey(home, file)
    expect([home.linkKeyFile, file].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
  })

  test('is another one each time', async () => {
    expect(await createLinkKey(newHome(), newFile())).not.toBe(await createLinkKey(newHome(), newFile()))
  })

  test('that a site has is not replaced by another', async () => {
    const [home, file] = [newHome(), newFile()]
    const made = await createLinkKey(home, newFile())
    await createLinkKey(newHome(), file)
    await expect(importLinkKey(home, file)).rejects.toEqual(refused(/has a key already.*delete/))
    await expect(createLinkKey(home, newFile())).rejects.toEqual(refused(/has a key already/))
    expect(await linkKey(home, {})).toContain(made.slice(0, 4))
  })

  test('that was taken over before is taken over again without complaint', async () => {
    const [home, file] = [newHome(), newFile()]
    const made = await createLinkKey(newHome(), file)
    expect([await importLinkKey(home, file), await importLinkKey(home, file)]).toEqual([made, made])
  })

  test('is not written over a file that is there', async () => {
    const [home, file] = [newHome(), newFile()]
    writeFileSync(file, 'a letter')
    await expect(createLinkKey(home, file)).rejects.toEqual(refused(/is there already/))
    expect(readFileSync(file, 'utf8')).toBe('a letter')
    expect(await readLinkSecrets(home.linkKeyFile)).toBeUndefined()
  })

  test('that others on the machine may read is not used', async () => {
    const home = newHome()
    await createLinkKey(home, newFile())
    chmodSync(home.linkKeyFile, 0o640)
    await expect(readLinkSecrets(home.linkKeyFile)).rejects.toEqual(refused(/chmod 600/))
  })

  test('with a digit changed on the way is refused, and so is what is no key', async () => {
    const file = newFile()
    await createLinkKey(newHome(), file)
    const text = readFileSync(file, 'utf8')
    const digit = text[30] === '0' ? '1' : '0'
    for (const wrong of [`${text.slice(0, 30)}${digit}${text.slice(31)}`, 'hello', '', 'a'.repeat(5000)]) {
      const changed = newFile()
      writeFileSync(changed, wrong)
      await expect(importLinkKey(newHome(), changed)).rejects.toEqual(refused(/no key|changed on the way/))
    }
  })
})

describe('site link-key', () => {
  test('says the same fingerprint in groups of four wherever the key is, and never the key', async () => {
    const [one, other, file] = [newHome(), newHome(), newFile()]
    const said = [
      await linkKey(one, { create: file }),
      await linkKey(other, { import: file }),
      await linkKey(one, {}),
    ].map((text) => /[0-9a-f]{4}( [0-9a-f]{4}){4}/.exec(text)?.[0])
    expect(said[0]).toBeDefined()
    expect(new Set(said).size).toBe(1)
    const key = Buffer.from((await readLinkSecrets(one.linkKeyFile))?.key ?? []).toString('hex')
    expect(`${await linkKey(one, {})} ${await linkKey(other, { import: file })}`).not.toContain(key)
  })

  test('says how to come by a key where there is none, and wants one thing at a time', async () => {
    expect(await linkKey(newHome(), {})).toMatch(/has no key/)
    await expect(linkKey(newHome(), { create: 'a', import: 'b' })).rejects.toMatchObject({ code: 'usage' })
  })
})
