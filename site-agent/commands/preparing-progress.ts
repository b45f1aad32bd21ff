// How far preparing is, on standard error: a bar with the time left on a terminal, else a line now and then for a log.

import { SingleBar } from 'cli-progress'

export interface PreparingProgress {
  readonly onProgress: (done: number, total: number) => void
  /** Clears the bar. */
  end(): void
}

/** Lines in a log for the whole job, at most. */
const lines = 10

export function preparingProgress(isTerminal: boolean): PreparingProgress {
  if (!isTerminal) return loggedProgress((line) => void process.stderr.write(line))
  const bar = new SingleBar({
    format: '  preparing |{bar}| {value} of {total} scans, {eta_formatted} left',
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
