import { connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startTcpRelay } from './tcp-relay.ts'

const pieceBytes = 4096

/** Keeps the event loop from looking at its clock, so that timers set meanwhile start in the past. */
function holdTheLoop(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test.each([{ delayMs: 3 }, { bytesPerSecond: 4 * 1024 * 1024 }, { delayMs: 2, bytesPerSecond: 8 * 1024 * 1024 }])(
  'bytes arrive in the order sent, and the last before the end: %o',
  async (line) => {
    const arrived = Promise.withResolvers<Buffer>()
    let heard = 0
    const server = createServer((socket) => {
      socket.on('data', () => holdTheLoop(heard++ % 5))
      buffer(socket).then(arrived.resolve, arrived.reject)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    const relay = await startTcpRelay({ port: address.port, ...line })
    const socket: Socket = connect({ port: relay.port, host: '127.0.0.1', noDelay: true })
    const pieces = Array.from({ length: 100 }, (_, index) => Buffer.alloc(pieceBytes, index + 1))
    for (const piece of pieces) {
      await new Promise((resolve) => socket.write(piece, resolve))
      await new Promise(setImmediate)
    }
    socket.end()
    expect((await arrived.promise).equals(Buffer.concat(pieces))).toBe(true)
    await relay.close()
    await new Promise((resolve) => server.close(resolve))
  },
)
