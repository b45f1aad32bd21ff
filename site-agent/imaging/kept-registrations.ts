// Registrations on disk, by what was registered to what: they do not hang on a study's grid, so another study, or a finer
// grid to look at, need not register again.

import { join } from 'node:path'
import { z } from 'zod'
import { type Digest, sha256 } from '../../shared/digest.ts'
import { readJson } from './kept-json.ts'
import type { Registration } from './register.ts'

/** To be raised with every change that alters a registration. */
const registrationVersion = 2

const rowSchema = z.tuple([z.number(), z.number(), z.number(), z.number()])
const matrixSchema = z.tuple([rowSchema, rowSchema, rowSchema])
const registrationSchema = z.strictObject({
  anatomy: z.enum(['brain', 'head']),
  templateToScan: matrixSchema,
  fitted: matrixSchema,
  quality: z.strictObject({
    mutualInformation: z.number(),
    dice: z.number(),
    fieldOfView: z.number(),
    rotationDegrees: z.number(),
    starts: z.int(),
  }),
})

interface RegisteredScan {
  readonly contentDigest: Digest
  readonly registration: Registration
}

export interface KeptRegistrations {
  find(content: Digest, reference?: RegisteredScan): Promise<Registration | undefined>
  keep(content: Digest, reference: RegisteredScan | undefined, registration: Registration): Promise<void>
}

export interface KeptRegistrationsOptions {
  readonly folder: string
  readonly template: string
  readonly write: (file: string, content: string) => Promise<void>
}

export function keptRegistrations({ folder, template, write }: KeptRegistrationsOptions): KeptRegistrations {
  const fileOf = (content: Digest, reference?: RegisteredScan): string => {
    const target = reference === undefined ? template : [reference.contentDigest, reference.registration.templateToScan]
    const key = sha256(JSON.stringify({ registrationVersion, content, target }))
    return join(folder, `${key}.registration.json`)
  }
  return {
    find: (content, reference) => readJson(fileOf(content, reference), registrationSchema),
    keep: (content, reference, registration) => write(fileOf(content, reference), JSON.stringify(registration)),
  }
}
