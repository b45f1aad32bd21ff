// The receiving end of the HTTPS candidate: writes a request's body to disk, hashes it, makes it durable, answers with the
// hash. Argument: a TransferTask. Prints its port.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { transferTask } from './task.ts'

const { tls, folder } = transferTask.parse(JSON.parse(process.argv[2] ?? ''))
const server = createServer(
  {
    ca: readFileSync(tls.root),
    key: readFileSync(tls.serverKey),
    cert: readFileSync(tls.serverChain),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  },
  async (request, response) => {
    const file = await open(join(folder, `https-${process.pid}`), 'w')
    const hash = createHash('sha256')
    for await (const bytes of request) {
      hash.update(bytes)
      await file.write(bytes)
    }
    await file.sync()
    await file.close()
    response.end(hash.digest('hex'))
  },
)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  process.stdout.write(`${address.port}\n`)
})
