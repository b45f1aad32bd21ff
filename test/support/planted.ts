// Identifiers planted where hospitals have them, and the search for what is left of them.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { systemCode } from '../../shared/system-code.ts'
import type { DataSet } from '../../site-agent/dicom/testsupport/dicom-writer.ts'

/** A name in every free field, and numbers that only a person has. Searched for in any case. */
export const planted = {
  name: 'Mustermannova',
  patientId: 'PID7734291',
  accession: 'ACC9948172',
  birth: '20150717',
  date: '20240310',
  clock: '101533',
  device: 'SN66120937',
} as const

/** Every text attribute that names a person, a place or a time, and private ones. Tags of PS3.15 table E.1-1 and others. */
export function plantedAttributes(index: number): DataSet {
  const { name, accession, birth, date, clock, device } = planted
  const texts = [
    '00080014',
    '00080050',
    '00080080',
    '00080081',
    '00080090',
    '00080092',
    '00080094',
    '00081010',
    '00081030',
    '00081040',
    '00081048',
    '00081050',
    '00081060',
    '00081070',
    '00081080',
    '00081090',
    '00100010',
    '00100021',
    '00101000',
    '00101001',
    '00101005',
    '00101040',
    '00101060',
    '00101090',
    '00102000',
    '00102154',
    '00102160',
    '00102180',
    '001021b0',
    '00104000',
    '00180010',
    '00181000',
    '00181020',
    '00181030',
    '00181250',
    '00200010',
    '00204000',
    '00321032',
    '00321033',
    '00321060',
    '00324000',
    '00380010',
    '00380300',
    '00380500',
    '00400006',
    '00400241',
    '00400242',
    '00400243',
    '00400253',
    '00400254',
    '00400280',
    '00401001',
    '00402016',
    '00402017',
    '0009010a',
    '00091001',
    '00191055',
    '00291008',
  ]
  return {
    ...Object.fromEntries(texts.map((tag) => [tag, `${name}^${tag}`])),
    '00080005': 'ISO_IR 100',
    '00080012': date,
    '00080013': clock,
    '00080021': date,
    '00080023': date,
    '00080030': clock,
    '00080031': clock,
    '00080033': clock,
    '0008002a': `${date}${clock}`,
    '00080050': accession,
    '0008103e': `t2_tirm ${name}`,
    '00080070': `SIEMENS ${name}`,
    '00100030': birth,
    '00100040': 'F',
    '00101010': '008Y',
    '00181000': device,
    '00180015': 'BRAIN',
    '00180024': `*tir2d1_${name}`,
    '00080008': `ORIGINAL\\PRIMARY\\M\\${name.toUpperCase()}`,
    '00200012': String(index),
    '00200052': '2.25.778899001122',
    '00400275': [{ '00400007': `${name} step`, '00400009': accession }],
  }
}

/** What is searched for, in the forms in which programs write it. */
export function traces(...more: readonly string[]): readonly string[] {
  const dashed = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`
  const { clock } = planted
  return [
    ...Object.values(planted),
    dashed(planted.date),
    dashed(planted.birth),
    `${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4)}`,
    ...more,
  ]
}

/** Where traces are left: `trace in name-of-file` or `trace in the name name-of-file`. Compressed files are looked into. */
export function tracesBelow(
  root: string,
  wanted: readonly string[],
  except: (path: string) => boolean = () => false,
): string[] {
  const found: string[] = []
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name))
    if (except(path)) continue
    found.push(...tracesIn(path, wanted).map((trace) => `${trace} in the name ${path}`))
    if (!entry.isFile()) continue
    const bytes = contentOf(join(root, path))
    if (bytes === undefined) continue
    const isZipped = bytes[0] === 0x1f && bytes[1] === 0x8b
    const text = (isZipped ? gunzipSync(bytes) : bytes).toString('latin1')
    found.push(...tracesIn(text, wanted).map((trace) => `${trace} in ${path}`))
  }
  return found
}

/** Undefined for a file that was deleted since it was listed, as a coordinator deletes averaged updates: nothing is left in it. */
function contentOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Which of the traces a text holds, whatever its case. */
export function tracesIn(text: string, wanted: readonly string[]): string[] {
  const lower = text.toLowerCase()
  return wanted.filter((trace) => lower.includes(trace.toLowerCase()))
}
