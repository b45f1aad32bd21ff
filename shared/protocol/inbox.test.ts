import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createInbox, type Inbox } from './inbox.ts'

function openCall(): Readable {
  return new Readable({ objectMode: true, read: () => {} })
}

function cancelAndDestroy(call: Readable): void {
  call.emit('cancelled')
  call.destroy()
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function allOf(inbox: Inbox<number>): Promise<{ messages: number[]; reason?: unknown }> {
  const messages: number[] = []
  try {
    for (let next = await inbox.next(); next !== undefined; next = await inbox.next()) messages.push(next)
    return { messages }
  } catch (reason) {
    return { messages, reason }
  }
}

describe('an inbox', () => {
  test('hands out every message in order and then says that it was the last', async () => {
    const call = openCall()
    const inbox = createInbox<number>(call, () => 'broken')
    const reading = allOf(inbox)
    for (let i = 0; i < 40; i++) {
      call.push(i)
      if (i % 7 === 0) await settle()
    }
    call.push(null)
    expect(await reading).toEqual({ messages: Array.from({ length: 40 }, (_, i) => i) })
  })

  test.each([
    ['is cancelled and destroyed, as on a server', cancelAndDestroy],
    ['ends with an error, as on a client', (call: Readable) => void call.emit('error', 'broken')],
    ['is destroyed', (call: Readable) => void call.destroy()],
  ])('hands out all that had come when the call %s', async (_, breakOff) => {
    const call = openCall()
    const inbox = createInbox<number>(call, () => 'broken')
    await settle()
    // More than the inbox holds itself: the rest waits inside the stream.
    for (let i = 0; i < 9; i++) call.push(i)
    await settle()
    breakOff(call)
    await settle()
    const { messages, reason } = await allOf(inbox)
    expect(reason).toBe('broken')
    expect(messages).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('makes the sender wait while nobody reads', async () => {
    const call = openCall()
    const inbox = createInbox<number>(call, () => 'broken')
    for (let i = 0; i < 9; i++) {
      call.push(i)
      await settle()
    }
    expect(call.isPaused()).toBe(true)
    expect(call.readableLength).toBe(7)
    await inbox.next()
    await settle()
    expect(call.readableLength).toBe(6)
  })

  test('gives up waiting for the reason it is told', async () => {
    const inbox = createInbox<number>(openCall(), () => 'broken')
    const next = inbox.next()
    inbox.giveUp('too slow')
    await expect(next).rejects.toBe('too slow')
  })
})
