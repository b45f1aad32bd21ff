// Writing while more comes in: what arrives during one write goes out together in the next. Writes follow one another in
// order, so whatever a crash leaves behind is a beginning of the whole.

export interface BatchWriter {
  /** Takes a chunk over; waits while too much lies here unwritten. */
  add(chunk: Uint8Array): Promise<void>
  /** Resolves when everything is written; rejects with what the first write that failed threw. */
  flush(): Promise<void>
}

/** What may wait beside the write that is under way, in bytes. */
const mostWaitingBytes = 4 * 1024 * 1024

export function createBatchWriter(write: (chunks: readonly Uint8Array[]) => Promise<void>): BatchWriter {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let current = Promise.resolve()
  let draining: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      waitingBytes = 0
      current = write(batch)
      await current
    }
    draining = undefined
  }

  return {
    add: async (chunk) => {
      waiting.push(chunk)
      waitingBytes += chunk.byteLength
      if (draining === undefined) {
        draining = drain()
        // Whoever calls next hears of a failure; until then it is nobody's.
        draining.catch(() => {})
      }
      if (waitingBytes >= mostWaitingBytes) await current
    },
    flush: async () => {
      await draining
    },
  }
}
