// Settings files of both programs: small YAML files that people edit, so every fault is named with its place.

import { parse as parseYaml } from 'yaml'
import type { z } from 'zod'
import { SequelaError } from './protocol/errors.ts'

/**
 * What a settings file says.
 * @param file its path, for messages
 * @throws SequelaError `config_invalid` when it is not YAML, or not what the schema asks for.
 */
export function parseSettings<T>(text: string, file: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = parseYaml(text, { maxAliasCount: 0 })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SequelaError('config_invalid', `${file} is not YAML: ${reason}`, { cause: error })
  }
  return checkSettings(value, file, schema)
}

/** @throws SequelaError `config_invalid` with one line for each fault. */
export function checkSettings<T>(value: unknown, source: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'file'}: ${issue.message}`)
  throw new SequelaError('config_invalid', `${source} cannot be used:\n${lines.join('\n')}`)
}

/** The refusal for a file that could not be read; `whenMissing` says what to do when there is none. */
export function unreadSettings(cause: unknown, file: string, whenMissing: string): SequelaError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const message = code === 'ENOENT' ? `there is no ${file}; ${whenMissing}` : `${file} cannot be read (${code})`
  return new SequelaError('config_invalid', message, { cause })
}
