import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseSettings, unreadSettings } from './yaml-file.ts'

const schema = z.strictObject({ threads: z.int().min(1).default(1), listener: z.strictObject({ port: z.int() }) })
const read = (text: string) => parseSettings(text, '/home/site.yaml', schema)

test('settings are read, with their defaults', () => {
  expect(read('listener: { port: 5 }')).toEqual({ threads: 1, listener: { port: 5 } })
})

test.each([
  ['a: b: c', /^\/home\/site\.yaml is not YAML: /],
  ['', /^\/home\/site\.yaml cannot be used:\n {2}file: /],
  ['listener: { port: x }\nthreads: 0', /cannot be used:\n {2}threads: .*\n {2}listener\.port: /],
  ['listener: { port: 5 }\nthreds: 2', /threds/],
  ['a: &a [*a, *a]', /not YAML|cannot be used/],
])('what is wrong in %j is said with its place', (text, message) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) }),
  )
})

test('a file that is missing and one that may not be read are told apart', () => {
  const saying = (code: string) =>
    unreadSettings(Object.assign(new Error(), { code }), 'site.yaml', 'enrol first').message
  expect(saying('ENOENT')).toBe('there is no site.yaml; enrol first')
  expect(saying('EACCES')).toBe('site.yaml cannot be read (EACCES)')
})
