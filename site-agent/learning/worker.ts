// The training process. It is a process of its own because the engine never gives memory back to the system, and because
// a crash in native code must not take the agent along. It does one job at a time and ends with its parent.

import { scanShapeOf } from '../../shared/model/scan-shape.ts'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { embedChildren } from './embed.ts'
import { loadEngine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { childRisks } from './risks.ts'
import { scoreChildren } from './score.ts'
import { train } from './train.ts'
import { createVolumes, type Volumes } from './volumes.ts'
import type { WorkerReply, WorkerRequest } from './worker-messages.ts'

/** The agent's process; another one once that has ended. */
const parent = process.ppid
const threads = Number(process.argv[2] ?? '1')
const volumesByShape = new Map<string, Volumes>()

process.on('disconnect', () => process.exit(0))
// A signal meant for the agent reaches its whole group; the agent decides when this process ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('message', (request: WorkerRequest) => {
  perform(request).then(reply, (error: unknown) => {
    const { code, message } = SequelaError.from(error, 'training_failed')
    reply({ kind: 'failed', code, message })
  })
})

async function perform(request: WorkerRequest): Promise<WorkerReply> {
  const { tf } = await loadEngine({ threads })
  const volumes = volumesOf(request)
  switch (request.kind) {
    case 'train': {
      const result = train(tf, volumes, request.job, {
        onProgress: (progress) => reply({ kind: 'progress', progress }),
      })
      return { kind: 'trained', result }
    }
    case 'evaluate':
      return { kind: 'evaluated', metrics: evaluate(tf, volumes, request.job) }
    case 'embed':
      return { kind: 'embedded', embeddings: embedChildren(tf, volumes, request.job) }
    case 'risks':
      return { kind: 'judged', risks: childRisks(tf, volumes, request.job) }
    case 'score':
      return { kind: 'scored', scores: scoreChildren(tf, volumes, request.job) }
  }
}

function volumesOf({ job }: WorkerRequest): Volumes {
  const shape = scanShapeOf(job.model)
  const key = JSON.stringify(shape)
  const known = volumesByShape.get(key) ?? unlessOrphaned(createVolumes(shape))
  volumesByShape.set(key, known)
  return known
}

/**
 * A job is one stretch of work, a round of training for hours, in which this process hears no event: not the end of an agent
 * that was killed either, whose successor would train beside it. So it is looked for whenever a scan is shown.
 */
function unlessOrphaned(volumes: Volumes): Volumes {
  return {
    get: (file) => {
      if (process.ppid !== parent) process.exit(0)
      return volumes.get(file)
    },
  }
}

function reply(message: WorkerReply): void {
  process.send?.(message)
}
