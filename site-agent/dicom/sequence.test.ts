import { describe, expect, test } from 'vitest'
import type { Physics } from './instance.ts'
import { classify } from './sequence.ts'

const physics = (
  given: Partial<Omit<Physics, 'scanning' | 'variant'>> & { scanning?: string; variant?: string },
): Physics => ({
  echoTimeMs: undefined,
  repetitionTimeMs: undefined,
  inversionTimeMs: undefined,
  flipAngle: undefined,
  fieldStrengthT: 3,
  acquisitionType: undefined,
  sequenceName: '',
  contrastAgent: false,
  angiography: false,
  diffusion: false,
  ...given,
  scanning: new Set((given.scanning ?? 'SE').split(' ')),
  variant: new Set((given.variant ?? '').split(' ')),
})

const se = (tr: number, te: number, ti?: number) =>
  physics({ repetitionTimeMs: tr, echoTimeMs: te, inversionTimeMs: ti, scanning: ti === undefined ? 'SE' : 'SE IR' })
const gr = (tr: number, te: number, more: Parameters<typeof physics>[0] = {}) =>
  physics({ repetitionTimeMs: tr, echoTimeMs: te, scanning: 'GR', variant: 'SP', ...more })

describe('the contrast of a series is told from its physics', () => {
  test.each([
    ['Siemens 2-D FLAIR (TIRM)', se(9000, 125, 2500), 'FLAIR'],
    ['Siemens 3-D FLAIR (SPACE)', se(5000, 388, 1800), 'FLAIR'],
    ['GE CUBE FLAIR', se(6000, 130, 1650), 'FLAIR'],
    [
      'Philips VISTA FLAIR',
      physics({ repetitionTimeMs: 4800, echoTimeMs: 320, inversionTimeMs: 1660, scanning: 'IR' }),
      'FLAIR',
    ],
    ['turbo spin echo T2', se(5200, 100), 'T2w'],
    ['3-D T2 (SPACE)', se(3200, 408), 'T2w'],
    ['spin echo T1', se(550, 12), 'T1w'],
    ['3-D turbo spin echo T1 (SPACE)', se(700, 22), 'T1w'],
    ['GE T1 FLAIR', se(2100, 24, 800), 'T1w'],
    ['MPRAGE', gr(2000, 2.6, { inversionTimeMs: 900, scanning: 'GR IR' }), 'T1w'],
    ['GE IR-SPGR', gr(7, 2.8, { inversionTimeMs: 400 }), 'T1w'],
    ['Philips TFE without its inversion time', gr(8.1, 3.7, { flipAngle: 8 }), 'T1w'],
    ['2-D FLASH', gr(250, 2.5, { flipAngle: 70 }), 'T1w'],
  ])('%s', (_name, given, weighting) => {
    expect(classify(given, '')).toMatchObject({ weighting, contrast: false })
  })

  test.each([
    ['STIR', se(4000, 60, 160), 'suppresses fat'],
    ['proton density', se(3000, 20), 'proton density'],
    ['T2* gradient echo', gr(600, 20), 'T2*-weighted'],
    ['susceptibility weighting', gr(28, 10, { sequenceName: '*fl3d1r' }), 'susceptibility'],
    ['CISS', gr(6, 2.7, { sequenceName: '*ci3d1 ciss', variant: 'SS' }), 'balanced'],
    ['FIESTA told by its times alone', gr(5, 2.4, { flipAngle: 60, variant: 'SS' }), 'balanced'],
    ['echo-planar', physics({ echoTimeMs: 30, repetitionTimeMs: 2000, scanning: 'EP GR' }), 'echo-planar'],
    ['an echo between all others', se(3000, 50), 'cannot be told'],
    ['no echo time', physics({ repetitionTimeMs: 500 }), 'no echo time'],
    ['no repetition time', physics({ echoTimeMs: 100 }), 'no repetition time'],
  ])('%s is none of them, with its reason', (_name, given, reason) => {
    expect(classify(given, 't2 flair')).toEqual({ weighting: undefined, reason: expect.stringContaining(reason) })
  })

  test('a description that says otherwise is overruled, and that is told', () => {
    expect(classify(se(9000, 125, 2500), 't1_mprage sag')).toMatchObject({
      weighting: 'FLAIR',
      remark: 'its description says T1w; the times in the header decide',
    })
    expect(classify(se(9000, 125, 2500), 'ax t2 flair')).toMatchObject({ weighting: 'FLAIR', remark: undefined })
  })

  test('an agent in the header makes contrast-enhanced T1w and FLAIR, and leaves T2w what it is', () => {
    expect(classify({ ...se(550, 12), contrastAgent: true }, '')).toMatchObject({ contrast: true })
    expect(classify({ ...se(9000, 125, 2500), contrastAgent: true }, '')).toMatchObject({ contrast: true })
    expect(classify({ ...se(5200, 100), contrastAgent: true }, '')).toMatchObject({ contrast: false })
  })

  test.each(['t1_se_tra_km', 'ax t1 +c', 't1 post gad', 't1 mprage post_c'])(
    'an agent that only "%s" tells of counts, with a remark',
    (description) => {
      expect(classify(se(550, 12), description)).toMatchObject({
        contrast: true,
        remark: 'only its description says that a contrast agent was given',
      })
    },
  )

  test.each(['t1 pre', 't1 nativ', 't1 without contrast', 't1 w/o'])(
    'header and "%s" contradict each other about the agent: held',
    (description) => {
      expect(classify({ ...se(550, 12), contrastAgent: true }, description)).toMatchObject({ weighting: undefined })
      expect(classify(se(550, 12), description)).toMatchObject({ weighting: 'T1w', contrast: false })
    },
  )
})
