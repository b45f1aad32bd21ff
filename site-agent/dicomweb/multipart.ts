// Takes a multipart/related body apart while it comes (RFC 2046, 2387): each part is handed on when it is whole, so that
// what came before a cut is kept. Nothing grows without a limit.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { PassingFault } from './pacs-connection.ts'

export interface MultipartLimits {
  readonly maxPartBytes: number
  readonly maxParts: number
}

/** The longest headers of a part: three or four short lines. */
const maxPartHeaderBytes = 8 * 1024

/** The boundary in a Content-Type. @throws SequelaError `message_malformed`. */
export function boundaryOf(contentType: string): string {
  const [, quoted, plain] =
    /^multipart\/related\b.*;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) throw malformed('it is not multipart/related with a boundary')
  return boundary
}

/**
 * Bodies of the parts, in order.
 * @throws SequelaError `message_malformed` when the body breaks the rules or a limit; a `PassingFault` when it breaks off.
 */
export async function* partsOf(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  { maxPartBytes, maxParts }: MultipartLimits,
): AsyncGenerator<Uint8Array> {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // The first delimiter may stand at the very beginning.
  let rest = Buffer.from('\r\n')
  let part: Buffer[] = []
  let [bytes, parts, preamble] = [0, 0, true]
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const found = rest.indexOf(delimiter)
      if (found < 0) break
      const last = preamble ? undefined : withoutHeaders(Buffer.concat([...part, rest.subarray(0, found)]))
      rest = rest.subarray(found + delimiter.length)
      part = []
      bytes = 0
      preamble = false
      if (last === undefined) continue
      if (++parts > maxParts) throw malformed(`it has more than ${maxParts} parts`)
      if (last.length > maxPartBytes) throw malformed(`a part is longer than ${maxPartBytes} bytes`)
      yield last
    }
    // What may be the beginning of a delimiter waits for the next chunk.
    const certain = Math.max(0, rest.length - delimiter.length)
    part.push(rest.subarray(0, certain))
    bytes += certain
    rest = rest.subarray(certain)
    if (preamble && bytes > maxPartHeaderBytes) throw malformed('no part begins')
    if (bytes > maxPartBytes + maxPartHeaderBytes) throw malformed(`a part is longer than ${maxPartBytes} bytes`)
  }
  if (preamble || !rest.toString('latin1').startsWith('--')) {
    // Whole for HTTP, as when a server fails after its first bytes: like a line that was cut.
    throw new PassingFault('message_malformed', 'the PACS sent an answer that ends in the middle of a part')
  }
}

function withoutHeaders(part: Buffer): Buffer {
  const end = part.subarray(0, maxPartHeaderBytes).indexOf('\r\n\r\n')
  if (end < 0) throw malformed('a part has no end of its headers')
  return part.subarray(end + 4)
}

function malformed(reason: string): SequelaError {
  return new SequelaError('message_malformed', `The PACS sent an answer that cannot be understood: ${reason}.`)
}
