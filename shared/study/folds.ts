// Which fold a child belongs to: decided by a hash of the study's seed and the child, so it never moves between rounds
// and does not depend on who else is in the cohort. A study that judges finished weights has the seed of the one that trained
// them, so no child changes its fold; at a site that took no part in the training there is nothing to keep apart.

import { sha256 } from '../digest.ts'
import type { Study } from './study.ts'

export type Fold = 'train' | 'validation' | 'test'

/** The fold of a child. `child` is the site's own id; only its hash is used. */
export function foldOf(study: Study, site: string, child: string): Fold {
  if (study.from !== undefined && !study.from.sites.includes(site)) return 'test'
  const digits = sha256(`sequela fold\n${study.seed}\n${site}\n${child}`).slice(0, 13)
  const position = Number.parseInt(digits, 16) / 2 ** 52
  if (position < study.folds.train) return 'train'
  return position < study.folds.train + study.folds.validation ? 'validation' : 'test'
}
