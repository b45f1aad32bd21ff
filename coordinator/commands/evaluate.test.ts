import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { judgingProblems } from '../../shared/study/judged-study.ts'
import { parseNewStudy } from '../../shared/study/study.ts'
import { exampleStudyText } from '../../shared/study/testsupport/example-study.ts'
import { coordinatorHome } from '../home.ts'
import { nothingLinked } from '../run/linkage.ts'
import { type RunStatus, runStatus } from '../status.ts'
import { evaluateStudy } from './evaluate.ts'
import { planEvaluation } from './plan-evaluation.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sequela-plan-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const trained = parseNewStudy(exampleStudyText)
const common = {
  ...{ studyDigest: trained.digest, text: trained.text, study: trained.study },
  ...{ published: [], stopped: [], linkage: nothingLinked, startedAtMs: 0, finishedAtMs: 1 },
}
const finished: RunStatus = runStatus({ ...common, phase: 'finished', weightsDigest: sha256('weights') })

describe('a finished study that asks for no evaluation', () => {
  test('is told the command by which another study judges its weights', async () => {
    const deps = {
      home: coordinatorHome('nowhere'),
      run: async () => ({ run: finished }),
      nowMs: () => 0,
      say: () => {},
    }
    const refusal = evaluateStudy(deps, { out: 'nowhere' })
    await expect(refusal).rejects.toMatchObject({ code: 'study_state' })
    await expect(refusal).rejects.toThrow(`coordinator evaluate ${trained.digest.slice(0, 12)} --plan FILE`)
  })

  test('gets a file of such a study, which may be proposed as it is, for its own sites or for others', async () => {
    for (const sites of [undefined, ['boston', 'oslo'], ['oslo']]) {
      const plan = join(folder, 'plan.yaml')
      const said = await planEvaluation({ run: finished }, [finished], { plan, ...(sites && { sites }) })
      const { study, digest } = parseNewStudy(await readFile(plan, 'utf8'))
      expect(said).toContain(`coordinator study propose ${plan}`)
      expect(said).toContain(`site approve ${digest.slice(0, 12)}`)
      expect(study).toMatchObject({
        stages: [],
        sites: sites ?? ['boston', 'zurich'],
        evaluation: { ruleOutNpv: 0.95 },
      })
      expect(study.from).toMatchObject({ study: trained.digest, weights: sha256('weights') })
      expect(judgingProblems(study, trained)).toEqual([])
    }
  })

  test('gets a file of another name each time, also when it is asked of a study that judged it before', async () => {
    const plan = join(folder, 'plan.yaml')
    await planEvaluation({ run: finished }, [finished], { plan })
    const { study, text, digest } = parseNewStudy(await readFile(plan, 'utf8'))
    expect(study.study).toBe('plgg-judged')
    const weightsDigest = sha256('weights')
    const judged = runStatus({ ...common, studyDigest: digest, text, study, phase: 'finished', weightsDigest })
    await planEvaluation({ run: judged, trained: finished }, [finished, judged], { plan })
    const again = parseNewStudy(await readFile(plan, 'utf8')).study
    expect(again).toMatchObject({ study: 'plgg-judged-2', from: study.from })
  })

  test('gets none before it has finished', async () => {
    const proposed = runStatus({ ...common, phase: 'proposed', proposedAtMs: 0 })
    await expect(planEvaluation({ run: proposed }, [proposed], { plan: join(folder, 'none.yaml') })).rejects.toThrow(
      'plgg is proposed; its weights can be judged once it has finished',
    )
  })
})
