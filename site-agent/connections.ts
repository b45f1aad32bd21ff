// The connection in force and those before it. After a renewal, an approval or a line that went down there is a new one,
// while an assignment may still be at work on the old one: that is closed as soon as nothing uses it any more, and not kept
// until the agent ends, since each holds a socket.

import { SequelaError } from '../shared/protocol/errors.ts'

export interface Connections<Client> {
  /** Puts a client in force; the one before is closed once nothing uses it. */
  replace(client: Client): void
  /**
   * Does `work` on the client in force, which stays open until that has ended.
   * @throws SequelaError `unreachable` while there is none.
   */
  use<Result>(work: (client: Client) => Promise<Result>): Promise<Result>
  /** Puts no client in force any more. */
  close(): void
}

interface Held<Client> {
  readonly client: Client
  uses: number
  retired: boolean
}

export function createConnections<Client extends { close(): void }>(): Connections<Client> {
  let current: Held<Client> | undefined

  const closeIfSpent = ({ client, uses, retired }: Held<Client>): void => {
    if (retired && uses === 0) client.close()
  }
  const retire = (held: Held<Client> | undefined): void => {
    if (held === undefined) return
    held.retired = true
    closeIfSpent(held)
  }

  return {
    replace: (client) => {
      retire(current)
      current = { client, uses: 0, retired: false }
    },
    use: async (work) => {
      const held = current
      if (held === undefined) throw new SequelaError('unreachable', 'there is no connection to the coordinator')
      held.uses++
      try {
        return await work(held.client)
      } finally {
        held.uses--
        closeIfSpent(held)
      }
    },
    close: () => {
      retire(current)
      current = undefined
    },
  }
}
