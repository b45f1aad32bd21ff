// Short names for digests in tests: the label `w1` stands for the SHA-256 of the text "w1".

import { type Digest, sha256 } from '../../../shared/digest.ts'

export interface Labels {
  digest(label: string): Digest
  label(digest: Digest): string
}

export function createLabels(): Labels {
  const labels = new Map<Digest, string>()
  return {
    digest: (label) => {
      const digest = sha256(label)
      labels.set(digest, label)
      return digest
    },
    label: (digest) => labels.get(digest) ?? digest,
  }
}
