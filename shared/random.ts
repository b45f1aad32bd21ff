// Seeded chance: the same seed text gives the same numbers on every machine. Not for keys or codes.

/** A stream of pseudo-random numbers. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number
  /** Uniform integer in [0, count). */
  integer(count: number): number
  /** Standard normal. */
  normal(): number
}

/** A generator (xoshiro128**, Blackman and Vigna 2018) whose state comes from an FNV-1a/splitmix hash of `seed`. */
export function seededRandom(seed: string): Random {
  const state = seedState(seed)
  let spare: number | undefined
  const next = (): number => {
    const s1 = state[1] as number
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const t = s1 << 9
    state[2] = (state[2] as number) ^ (state[0] as number)
    state[3] = (state[3] as number) ^ s1
    state[1] = s1 ^ (state[2] as number)
    state[0] = (state[0] as number) ^ (state[3] as number)
    state[2] ^= t
    state[3] = rotateLeft(state[3] as number, 11)
    return result
  }
  const uniform = (): number => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992
  return {
    uniform,
    integer: (count) => Math.floor(uniform() * count),
    normal: () => {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
      const angle = 2 * Math.PI * uniform()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
  }
}

/** A new array with the same items in an order drawn from `random` (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const held = result[i] as T
    result[i] = result[j] as T
    result[j] = held
  }
  return result
}

function seedState(seed: string): Uint32Array {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(seed)) hash = Math.imul(hash ^ byte, 0x01000193)
  const state = new Uint32Array(4)
  for (let i = 0; i < 4; i++) {
    hash = (hash + 0x9e3779b9) | 0
    let z = hash
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    state[i] = (z ^ (z >>> 16)) >>> 0
  }
  return state
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
