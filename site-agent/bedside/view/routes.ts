// What can be seen: the list, a child, its pictures, and the two files that pages need. Everything here lies behind the
// guards of server.ts, and a child is written into the log of views before it is shown.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Html } from '../../../shared/html.ts'
import { SequelaError } from '../../../shared/protocol/errors.ts'
import type { CohortChild } from '../../cohort/cohort.ts'
import type { Bedside } from '../bedside.ts'
import { changePicture, greyPicture } from '../picture.ts'
import { axes, changeBetween, sliceCount, sliceOf, type Voxels } from '../slices.ts'
import type { ViewLog } from '../view-log.ts'
import { childPage } from './child-page.ts'
import { listPage } from './list-page.ts'
import { waitingPage } from './notice-pages.ts'
import type { OpenedChildren, ReadyChild } from './opened-children.ts'
import { pictureKinds, usualWindow, windowLimits } from './scans-section.ts'

export interface RouteDeps {
  readonly room: string
  readonly bedside: Bedside
  readonly opened: OpenedChildren
  readonly log: ViewLog
}

/** A child that is ready sooner than this is shown at once, without the page that counts. */
const patienceMs = 700

/** Change at which colours are at their strongest, in deviations of the brain. */
const fullChange = 4

const assets = {
  'icon.svg': 'image/svg+xml',
  'view.css': 'text/css; charset=utf-8',
  'view.mjs': 'text/javascript; charset=utf-8',
} as const

const level = z.coerce.number().min(windowLimits.least).max(windowLimits.most)
const pictureSchema = z.object({
  visit: z.coerce.number().int().min(0).max(999),
  kind: z.enum(pictureKinds),
  axis: z.enum(axes),
  slice: z.coerce.number().int().min(0).max(999),
})
const windowSchema = z
  .object({ dark: level.default(usualWindow.dark), bright: level.default(usualWindow.bright) })
  .refine(({ dark, bright }) => dark < bright)

type Picture = z.infer<typeof pictureSchema>

export function addRoutes(server: FastifyInstance, { room, bedside, opened, log }: RouteDeps): void {
  const weights = bedside.model === undefined ? {} : { weights: bedside.model.digest }
  const byKey = new Map(bedside.cohort.children.map((child) => [child.key, child]))
  const childOf = (key: string): CohortChild => {
    const child = byKey.get(key)
    if (child === undefined) throw new SequelaError('usage', 'There is no such child.')
    return child
  }

  for (const [name, type] of Object.entries(assets)) {
    const content = readFileSync(join(import.meta.dirname, 'assets', name))
    server.get(`/${name}`, async (_request, reply) => reply.type(type).send(content))
  }

  server.get('/', async (_request, reply) => {
    await log.record({ what: 'list', ...weights })
    return send(reply, listPage(room, bedside))
  })

  server.get<{ Params: { key: string } }>('/children/:key', async (request, reply) => {
    const child = childOf(request.params.key)
    await Promise.race([opened.settled(child), delay(patienceMs)])
    const opening = opened.state(child)
    if (opening.state === 'failed') throw opening.error
    if (opening.state === 'opening') return send(reply, waitingPage(room, opening.what, opening.done, opening.total))
    await log.record({ what: 'child', child: child.key, ...weights })
    return send(reply, childPage(room, bedside, opening.child))
  })

  server.get<{ Params: { key: string } }>(
    '/children/:key/pictures/:visit/:kind/:axis/:slice',
    async (request, reply) => {
      const child = childOf(request.params.key)
      const picture = pictureSchema.safeParse(request.params)
      const window = windowSchema.safeParse(request.query)
      if (!picture.success || !window.success) throw noPicture()
      const opening = opened.state(child)
      if (opening.state !== 'ready') throw noPicture()
      return reply.type('image/png').send(Buffer.from(drawn(opening.child, picture.data, window.data)))
    },
  )
}

function drawn({ scans }: ReadyChild, { visit, kind, axis, slice }: Picture, window: z.infer<typeof windowSchema>) {
  const volume = scans[visit]?.volume
  if (volume === undefined || slice >= sliceCount(volume.shape, axis)) throw noPicture()
  if (kind === 'scan') return greyPicture(sliceOf(volume, axis, slice), window)
  const earlier = scans[kind === 'since-first' ? 0 : visit - 1]?.volume
  if (earlier === undefined || visit === 0) throw noPicture()
  const [before, after] = [earlier, volume].map((one) => asVolume(sliceOf(one, axis, slice)))
  if (before === undefined || after === undefined) throw noPicture()
  const { shape, voxels } = changeBetween(before, after)
  return changePicture({ width: shape[2], height: shape[1], values: voxels }, fullChange)
}

/** One slice as a volume of one, so that only it is compared. */
function asVolume({ width, height, values }: ReturnType<typeof sliceOf>): Voxels {
  return { shape: [1, height, width], voxels: values }
}

function noPicture(): SequelaError {
  return new SequelaError('usage', 'There is no such picture.')
}

function send(reply: FastifyReply, { text }: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(text)
}
