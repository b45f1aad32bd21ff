import { expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import { formatAssignmentId } from '../../shared/protocol/assignment-id.ts'
import { admitAnswer } from './admit-answer.ts'

const place = { studyDigest: sha256('study'), stage: 2, round: 0, site: 'boston', children: 12 }
const interval = { fromDay: 0, toDay: 365, observedDays: 900, censored: 7, children: 6 }
const answer = {
  ...{ format: 'sequela-evaluation-answer/1', site: 'boston', assignment: formatAssignmentId(place), children: 12 },
  ...{ pass: 'censoring', intervals: [interval] },
}

function admit(content: unknown, at = place): Promise<void> {
  const bytes = new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content))
  const read = async (offset: number, into: Uint8Array): Promise<void> =>
    into.set(bytes.subarray(offset, offset + into.length))
  return admitAnswer({ byteLength: bytes.byteLength, read }, at, 5)
}

test('an answer that fits its round is let in', async () => {
  await expect(admit(answer)).resolves.toBeUndefined()
})

test.each([
  ['is not JSON', '{"format":', 'answer_malformed'],
  ['has a field too many', { ...answer, child: 'sub-17' }, 'answer_malformed'],
  ['holds a number that is not finite', JSON.stringify(answer).replace('900', '1e999'), 'answer_malformed'],
  ['is of another site', { ...answer, site: 'zurich' }, 'answer_malformed'],
  ['is of another round', { ...answer, assignment: formatAssignmentId({ ...place, round: 1 }) }, 'answer_malformed'],
  ['answers another pass', { ...answer, pass: 'calibration', intervals: undefined, fits: {} }, 'answer_malformed'],
  ['names other children than were announced', { ...answer, children: 13 }, 'answer_malformed'],
  ['rests on a small cell', { ...answer, intervals: [{ ...interval, children: 4 }] }, 'too_few_children'],
])('an answer that %s is refused', async (_, content, code) => {
  await expect(admit(content)).rejects.toMatchObject({ code })
})
