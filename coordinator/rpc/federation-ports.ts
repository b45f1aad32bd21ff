// What the federation service needs from the rest of the coordinator, and no more.

import type { Clock } from '../../shared/clock.ts'
import type { Log } from '../../shared/log.ts'
import type { Study } from '../../shared/study/study.ts'
import type { Manifest } from '../../shared/weights/weights.ts'
import type { CommandLoop } from '../command-loop.ts'
import type { Blobs } from '../store/blobs.ts'
import type { Timer } from '../timer.ts'
import type { Attendance } from './attendance.ts'
import type { Peer } from './peer.ts'

export interface FederationPorts {
  readonly loop: Pick<CommandLoop<never>, 'federation' | 'handle' | 'subscribe' | 'journalIndexOf'>
  readonly blobs: Blobs
  readonly attendance: Attendance
  /** The parameters of a study's model. */
  readonly manifestOf: (study: Study) => Manifest
  /** A fresh certificate chain for the site; refuses unless the certificate in use is good. */
  readonly renew: (peer: Peer, csrPem: string) => Promise<string>
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}
