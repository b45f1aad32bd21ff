// The header of one file on disk, read as far as it goes and no further: most are short, and pixels are not wanted yet.

import { open } from 'node:fs/promises'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { systemCode } from '../../shared/system-code.ts'
import { isDicom, parseDicomHeader } from './dicom-file.ts'
import { readInstance } from './header.ts'
import type { Instance } from './instance.ts'
import { firstHeaderBytes, maxEnhancedHeaderBytes, maxHeaderBytes } from './limits.ts'

/** An instance; undefined when the file is not DICOM at all. @throws SequelaError `scan_unreadable`, `file_unreadable`. */
export async function readHeaderFile(file: string): Promise<Instance | undefined> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    const message = `it cannot be opened (${systemCode(cause)}); check its permissions`
    throw new SequelaError('file_unreadable', message, { cause })
  })
  try {
    const { size } = await handle.stat()
    let bytes = new Uint8Array(0)
    for (const wanted of [firstHeaderBytes, maxHeaderBytes, maxEnhancedHeaderBytes]) {
      bytes = await readStart(handle, Math.min(wanted, size))
      if (!isDicom(bytes)) return undefined
      try {
        const { fields, transferSyntax } = parseDicomHeader(bytes)
        return readInstance(fields, transferSyntax)
      } catch (error) {
        // What breaks off may only have been cut by us.
        if (!(error instanceof SequelaError) || bytes.length === size) throw error
      }
    }
    throw new SequelaError('scan_unreadable', `its header is longer than ${maxEnhancedHeaderBytes} bytes`)
  } finally {
    await handle.close()
  }
}

async function readStart(handle: Awaited<ReturnType<typeof open>>, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count)
  let filled = 0
  while (filled < count) {
    const { bytesRead } = await handle.read(bytes, filled, count - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
