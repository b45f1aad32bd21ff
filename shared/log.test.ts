import { describe, expect, test } from 'vitest'
import { createLog, type LogFields } from './log.ts'

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = []
  write(createLog('test', 'info', { write: (line) => void lines.push(line) }))
  return lines.join('')
}

describe('the log', () => {
  test('writes JSON lines with an event and the fields that are allowed', () => {
    const line = JSON.parse(logged((log) => log.info('update-counted', { site: 'boston', round: 3, bytes: 10 })))
    expect(line).toMatchObject({ name: 'test', msg: 'update-counted', site: 'boston', round: 3, bytes: 10 })
    expect(Object.keys(line).sort()).toEqual(['bytes', 'level', 'msg', 'name', 'round', 'site', 'time'])
  })

  test('drops what is not on the list, whoever passes it', () => {
    const fields: object = { site: 'boston', child: 'sub-0815', file: '/data/sub-0815/scan.nii.gz' }
    const line = logged((log) => log.info('event', fields as LogFields))
    expect(line).toContain('boston')
    expect(line).not.toMatch(/0815|scan/)
  })

  test('hides paths in a reason and cuts it to its limit', () => {
    const line = logged((log) =>
      log.warn('failed', { reason: `cannot read /data/hospital/sub-1/x.nii ${'y'.repeat(2000)}` }),
    )
    expect(line).toContain('[path]')
    expect(line).not.toContain('hospital')
    expect(line.length).toBeLessThan(800)
  })
})
