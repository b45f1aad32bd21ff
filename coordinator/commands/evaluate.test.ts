import { expect, test } from 'vitest'
import { binaryModel } from '../../shared/model/testsupport/models.ts'
import { coordinatorHome } from '../home.ts'
import type { RunStatus } from '../status.ts'
import { evaluateStudy } from './evaluate.ts'

const run: RunStatus = {
  ...{
    studyDigest: 'd',
    study: 'example',
    phase: 'finished',
    sites: ['here'],
    quorum: 1,
    text: '',
    model: binaryModel,
  },
  ...{ evaluates: false, stages: [{ task: 'recurrence', rounds: 2 }], rounds: [], stopped: [] },
}

test('a study that asks for no evaluation is told that asking makes another study, which is trained again', async () => {
  const deps = { home: coordinatorHome('nowhere'), run: async () => run, nowMs: () => 0, say: () => {} }
  await expect(evaluateStudy(deps, { out: 'nowhere' })).rejects.toThrow(
    'another study, which has to be proposed, approved by every site and trained again',
  )
})
