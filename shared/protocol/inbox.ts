// Messages of a streaming call, taken in as they come, so that a call that breaks costs no more than what was still on
// the line: what had arrived is handed out before the break is told. Both sides receive weights through it.

/** The receiving half of a gRPC call, as far as it is needed here. `cancelled` is told on servers only. */
export interface MessageSource<Message> {
  on(event: 'data', listener: (message: Message) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end' | 'cancelled' | 'close', listener: () => void): unknown
  off(event: 'data', listener: (message: Message) => void): unknown
  pause(): unknown
  resume(): unknown
  /** What the stream itself still holds; null when that is nothing. */
  read(): Message | null
}

export interface Inbox<Message> {
  /** The next message, undefined after the last. Rejects with why the call broke, after all that came before. */
  next(): Promise<Message | undefined>
  /** Gives up waiting: `next` rejects with `reason` after what has come. */
  giveUp(reason: unknown): void
}

/** Messages that are held for a slow reader before the sender is made to wait. Chunks are 1 MiB, so this is 2 MiB. */
const mostHeld = 2

/** @param brokenWith what `next` rejects with when the source just closes. */
export function createInbox<Message>(source: MessageSource<Message>, brokenWith: () => unknown): Inbox<Message> {
  const held: Message[] = []
  let over: { readonly reason?: unknown } | undefined
  let wake = (): void => {}

  const take = (message: Message): void => {
    held.push(message)
    if (held.length >= mostHeld) source.pause()
    wake()
  }
  const end = (): void => {
    over ??= {}
    wake()
  }
  const breakOff = (reason: unknown): void => {
    if (over !== undefined) return
    source.off('data', take)
    for (let message = source.read(); message !== null; message = source.read()) held.push(message)
    over = { reason }
    wake()
  }
  source.on('data', take)
  source.on('end', end)
  source.on('error', breakOff)
  source.on('cancelled', () => breakOff(brokenWith()))
  source.on('close', () => breakOff(brokenWith()))

  return {
    next: async () => {
      while (held.length === 0 && over === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const message = held.shift()
      if (message === undefined) {
        if (over !== undefined && 'reason' in over) throw over.reason
        return undefined
      }
      if (held.length < mostHeld && over === undefined) source.resume()
      return message
    },
    giveUp: breakOff,
  }
}
