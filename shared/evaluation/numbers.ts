// Numbers that a site may send: far beyond what any number of children gives, and far from where their sums and squares overflow.

import { z } from 'zod'

const largest = 1e12

export const numberSchema = z.number().min(-largest).max(largest)
export const amountSchema = z.number().nonnegative().max(largest)
export const countSchema = z.int().nonnegative().max(largest)
