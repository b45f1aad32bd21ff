// YAML files that people edit, settings of both programs and studies: every fault is named with its place.

import { parse } from 'yaml'
import type { z } from 'zod'
import { type ErrorCode, SequelaError } from './protocol/errors.ts'
import { systemCode } from './system-code.ts'

/**
 * What a settings file says.
 * @param file its path, for messages
 * @throws SequelaError `config_invalid` when it is not YAML, or not what the schema asks for.
 */
export function parseSettings<T>(text: string, file: string, schema: z.ZodType<T>): T {
  return checkYaml(parseYaml(text, file), file, schema)
}

/** @param source what it is called in messages @throws SequelaError of `code` when it is not YAML. */
export function parseYaml(text: string, source: string, code: ErrorCode = 'config_invalid'): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SequelaError(code, `${source} is not YAML: ${reason}`, { cause: error })
  }
}

/** @throws SequelaError of `code` with one line for each fault. */
export function checkYaml<T>(
  value: unknown,
  source: string,
  schema: z.ZodType<T>,
  code: ErrorCode = 'config_invalid',
): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'file'}: ${issue.message}`)
  throw new SequelaError(code, `${source} cannot be used:\n${lines.join('\n')}`)
}

/** The refusal for a file that could not be read; `whenMissing` says what to do when there is none. */
export function unreadSettings(cause: unknown, file: string, whenMissing: string): SequelaError {
  const code = systemCode(cause)
  const message = code === 'ENOENT' ? `there is no ${file}; ${whenMissing}` : `${file} cannot be read (${code})`
  return new SequelaError('config_invalid', message, { cause })
}
