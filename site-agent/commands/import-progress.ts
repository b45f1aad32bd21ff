// The line that moves while an import runs: what is done, what is left, and about how long it takes.

import { systemClock } from '../../shared/clock.ts'
import type { ImportProgress } from '../dicom/import.ts'

export interface ProgressLine {
  readonly show: (progress: ImportProgress) => void
  readonly clear: () => void
}

/** How often the line changes while files are read. */
const everyFiles = 50

/** Writes to a terminal only. */
export function importProgress(stream: NodeJS.WriteStream, wanted: boolean): ProgressLine {
  const shows = wanted && stream.isTTY === true
  let startedMs: number | undefined
  const write = (text: string): void => {
    if (shows) stream.write(`\r\u001b[K${text}`)
  }
  return {
    show: (progress) => {
      if (progress.step === 'reading') {
        if (progress.files % everyFiles < 1 || progress.files < everyFiles)
          write(`reading headers, ${progress.files} so far `)
        return
      }
      startedMs ??= systemClock.now()
      const { done, total } = progress
      const leftS = done === 0 ? undefined : ((systemClock.now() - startedMs) / 1000 / done) * (total - done)
      write(
        `converting series ${done + 1} of ${total}${leftS === undefined ? '' : `, about ${Math.ceil(leftS)} s left`} `,
      )
    },
    clear: () => write(''),
  }
}
