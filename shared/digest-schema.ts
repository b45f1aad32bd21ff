// A digest in what is read from files.

import { z } from 'zod'
import { type Digest, isDigest } from './digest.ts'

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'not a digest: 64 digits and letters from a to f',
)
