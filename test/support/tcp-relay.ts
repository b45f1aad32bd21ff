// A stretch of network between two programs, on loopback: it delays, narrows and cuts. Tests and benchmarks put it between
// a site and its coordinator.

import { connect, createServer, type Socket } from 'node:net'

export interface RelayOptions {
  /** Where the relay leads to, on this machine. */
  readonly port: number
  /** Each way, in ms; a round trip takes twice as long. */
  readonly delayMs?: number
  /** Of each connection and each way, in bytes a second. */
  readonly bytesPerSecond?: number
}

/** Up to the coordinator, or down to the site. */
type Way = 'up' | 'down'

export interface TcpRelay {
  readonly port: number
  /** Bytes that went through so far: up to the coordinator, down to the site. */
  readonly passed: { readonly up: number; readonly down: number }
  /** Cuts every connection once `bytes` more have gone that way; new connections are served. Resolves when it has. */
  cutAfter(way: Way, bytes: number): Promise<void>
  /** Likewise, but the connections stay and carry nothing any more, as over a line that died without a word. */
  muteAfter(way: Way, bytes: number): Promise<void>
  close(): Promise<void>
}

/** What one connection may have under way before the relay stops reading: a fast, long line holds a lot. */
const mostUnderWay = 64 * 1024 * 1024

export async function startTcpRelay({ port, delayMs = 0, bytesPerSecond }: RelayOptions): Promise<TcpRelay> {
  const passed = { up: 0, down: 0 }
  const sockets = new Set<Socket>()
  /** What still comes for these is lost. */
  const dead = new WeakSet<Socket>()
  let fault: { readonly way: Way; readonly atBytes: number; readonly happen: () => void } | undefined

  const strike = (way: Way, bytes: number, end: (socket: Socket) => void): Promise<void> =>
    new Promise((resolve) => {
      const happen = (): void => {
        fault = undefined
        for (const socket of sockets) {
          dead.add(socket)
          end(socket)
        }
        resolve()
      }
      fault = { way, atBytes: passed[way] + bytes, happen }
    })

  /** Writes what arrived, as much as may still pass. */
  const pass = (way: Way, to: Socket, bytes: Buffer): void => {
    if (dead.has(to)) return
    const room = fault?.way === way ? fault.atBytes - passed[way] : bytes.byteLength
    const piece = bytes.subarray(0, Math.max(room, 0))
    passed[way] += piece.byteLength
    if (!to.destroyed) to.write(piece)
    if (room <= bytes.byteLength && fault?.way === way) fault.happen()
  }

  const pipe = (way: Way, from: Socket, to: Socket): void => {
    // One timer, for the oldest piece alone: a timer for each piece could let one overtake another.
    const onTheWay: { readonly arrivesAt: number; readonly bytes?: Buffer }[] = []
    let underWay = 0
    let freeAt = 0
    const isFull = (): boolean => underWay + to.writableLength > mostUnderWay
    const readOn = (): void => {
      if (!isFull() && from.isPaused()) from.resume()
    }

    const deliver = (): void => {
      for (let next = onTheWay[0]; next !== undefined; next = onTheWay[0]) {
        const waitMs = next.arrivesAt - performance.now()
        if (waitMs > 0) return void setTimeout(deliver, Math.ceil(waitMs))
        onTheWay.shift()
        if (next.bytes === undefined) to.destroySoon()
        else {
          underWay -= next.bytes.byteLength
          pass(way, to, next.bytes)
        }
      }
      readOn()
    }
    const send = (bytes?: Buffer): void => {
      const size = bytes?.byteLength ?? 0
      freeAt = Math.max(freeAt, performance.now()) + (bytesPerSecond === undefined ? 0 : (size / bytesPerSecond) * 1000)
      underWay += size
      if (isFull()) from.pause()
      onTheWay.push(bytes === undefined ? { arrivesAt: freeAt + delayMs } : { arrivesAt: freeAt + delayMs, bytes })
      if (onTheWay.length === 1) deliver()
    }
    from.on('data', send)
    from.on('close', () => send())
    from.on('error', () => {})
    to.on('drain', readOn)
  }

  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    pipe('up', near, far)
    pipe('down', far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  return {
    port: address.port,
    passed,
    cutAfter: (way, bytes) => strike(way, bytes, (socket) => socket.destroySoon()),
    muteAfter: (way, bytes) => strike(way, bytes, () => {}),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
