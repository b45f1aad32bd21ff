// How far preparing is, on standard error: a bar with the time left on a terminal, else a line now and then for a log.

import { SingleBar } from 'cli-progress'

export interface PreparingProgress {
  readonly onProgress: (done: number, total: number) => void
  /** Clears the bar. */
  end(): void
}

/** Lines in a log for the whole job, at most. */
const lines = 10

export function preparingProgress(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }): PreparingProgress {
  if (stream.isTTY !== true) return loggedProgress((line) => void stream.write(line))
  const bar = new SingleBar({
    stream,
    format: '  preparing |{bar}| {value} of {total} scans, {eta_formatted}',
    formatTime: (seconds) => leftInWords(seconds),
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 20,
  })
  let begun = false
  return {
    onProgress: (done, total) => {
      if (!begun) bar.start(total, 0)
      begun = true
      bar.update(done)
    },
    end: () => bar.stop(),
  }
}

/** The bar counts 0 seconds, or none, before the first scan is done. */
export function leftInWords(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds <= 0) return 'time left not known yet'
  if (seconds < 90) return `about ${Math.ceil(seconds)} s left`
  return seconds < 5400 ? `about ${Math.ceil(seconds / 60)} min left` : `about ${(seconds / 3600).toFixed(1)} h left`
}

/** The same as lines. */
export function loggedProgress(write: (line: string) => void): PreparingProgress {
  return {
    onProgress: (done, total) => {
      const step = Math.max(1, Math.ceil(total / lines))
      if (done % step === 0 || done === total) write(`  prepared ${done} of ${total} scans\n`)
    },
    end: () => {},
  }
}
