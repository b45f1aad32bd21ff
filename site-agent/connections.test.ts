import { expect, test } from 'vitest'
import { createConnections } from './connections.ts'

const clientOf = (name: string, closed: string[]) => ({ name, close: () => void closed.push(name) })

test('work is done on the connection in force, and refused while there is none', async () => {
  const connections = createConnections<ReturnType<typeof clientOf>>()
  await expect(connections.use(async () => {})).rejects.toMatchObject({ code: 'unreachable' })
  connections.replace(clientOf('first', []))
  connections.replace(clientOf('second', []))
  expect(await connections.use(async ({ name }) => name)).toBe('second')
})

test('a connection is closed once it was replaced and all work on it has ended, in whatever way', async () => {
  const closed: string[] = []
  const connections = createConnections<ReturnType<typeof clientOf>>()
  connections.replace(clientOf('first', closed))
  const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const works = [connections.use(() => one.promise), connections.use(() => other.promise)]
  connections.replace(clientOf('second', closed))
  expect(closed).toEqual([])
  one.resolve()
  await works[0]
  expect(closed).toEqual([])
  other.reject(new Error('broken off'))
  await expect(works[1]).rejects.toThrow('broken off')
  expect(closed).toEqual(['first'])
  connections.close()
  expect(closed).toEqual(['first', 'second'])
})
