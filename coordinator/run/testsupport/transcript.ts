// Runs a transcript: lines that begin with `>` are commands, and the lines after each say what came of it. Comments and
// empty lines stay; everything else is written anew from what the machine really does.

import { decide } from '../decide.ts'
import { decodeRunEvent, encodeRunEvent } from '../event-codec.ts'
import { emptyFederation, evolve } from '../evolve.ts'
import type { Federation } from '../run.ts'
import { createLabels } from './labels.ts'
import { smallStudy } from './small-study.ts'
import { commandOf, proposedStudy } from './transcript-commands.ts'
import { assignmentLines, deadlineLine, eventLine, participationLines, plain, stateLine } from './transcript-words.ts'

/** The transcript with the results that the machine gives. */
export function runTranscript(text: string): string {
  const labels = createLabels()
  let study = smallStudy({ sites: ['a'], quorum: 1, stages: [1] })
  /** What a study judges, if it judges one: the last that trains. */
  let trained = study
  let federation: Federation = emptyFederation
  let nowMs = 0

  const answer = (words: readonly string[]): string[] => {
    const run = federation.runs.get(study.digest)
    switch (words[0]) {
      case 'wait':
        nowMs += Number.parseFloat(words[1] ?? '') * 60_000
        return [`it is +${nowMs / 60_000}m`]
      case 'assignments':
        return assignmentLines(federation, study.study.sites, labels)
      case 'participation':
        return run === undefined ? [] : participationLines(run, labels)
      case 'deadline':
        return [deadlineLine(federation)]
    }
    if (words[0] === 'propose' && words[1] !== undefined && !words[1].includes('=')) {
      study = proposedStudy(words, trained, labels)
      if (study.study.from === undefined) trained = study
    }
    const { events, refusal } = decide(federation, commandOf(words, study, labels), nowMs)
    for (const event of events) {
      federation = evolve(federation, decodeRunEvent(event.type, encodeRunEvent(event)), nowMs)
    }
    const after = federation.runs.get(study.digest)
    return [
      ...events.map((event) => eventLine(event, labels)),
      ...(refusal === undefined ? [] : [`refused ${refusal.code}: ${plain(refusal.message, labels)}`]),
      ...(events.length === 0 && refusal === undefined ? ['nothing'] : []),
      ...(events.length === 0 || after === undefined ? [] : [`= ${stateLine(after, labels)}`]),
    ]
  }

  const lines = text.split('\n').flatMap((line) => {
    if (line.startsWith('> ')) return [line, ...answer(line.slice(2).split(' ')).map((each) => `  ${each}`)]
    return line.startsWith('#') || line === '' ? [line] : []
  })
  return lines.join('\n')
}
