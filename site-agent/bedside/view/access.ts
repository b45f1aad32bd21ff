// Who may see the pages: whoever was given the link that `site view` printed, in the one browser in which it was opened
// first. The link's key works once and is exchanged for a cookie. Everything lies below a random path, so that the cookie,
// which browsers do not keep apart by port, is sent to no other server of this machine.

import { timingSafeEqual } from 'node:crypto'

/** 256 bits, so that guessing needs no limit. */
const secretBytes = 32

export interface Access {
  /** First part of every path, with its slash. */
  readonly room: string
  /** Path of the link, to be printed once. */
  readonly entrance: string
  readonly cookieName: string
  /** What the cookie must hold if `key` is that of the link and was not used before. */
  enter(key: string): 'wrong' | 'used' | { readonly session: string }
  /** Whether a request with this cookie comes from the browser that was let in. */
  isIn(session: string | undefined): boolean
}

/** @param randomBytes a source of secrets, such as node:crypto's */
export function createAccess(randomBytes: (count: number) => Uint8Array): Access {
  const secret = (): string => Buffer.from(randomBytes(secretBytes)).toString('base64url')
  const [room, key, session] = [`/${secret()}`, secret(), secret()]
  let used = false
  return {
    room,
    entrance: `${room}/enter?key=${key}`,
    cookieName: 'sequela_view',
    enter: (offered) => {
      if (!same(offered, key)) return 'wrong'
      if (used) return 'used'
      used = true
      return { session }
    },
    isIn: (offered) => used && offered !== undefined && same(offered, session),
  }
}

/** Takes the same time wherever two texts begin to differ. */
function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
