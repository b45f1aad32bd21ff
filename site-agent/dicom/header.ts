// From attributes to an instance: classic MR images, whose attributes stand at the top, and enhanced ones, whose
// attributes stand in groups for all frames or for each.

import { SequelaError } from '../../shared/protocol/errors.ts'
import { dayNumber, parseDateLabel } from '../cohort/acquisition-time.ts'
import { type Fields, numberOf, textOf } from './fields.ts'
import { framesOf } from './frames.ts'
import type { Identifiers, Instance, PixelLayout } from './instance.ts'
import { maxEdge, maxVoxels } from './limits.ts'
import { physicsOf } from './physics.ts'
import { acquisition, enhanced, identifying, image } from './tags.ts'
import { vendorOf } from './vendor.ts'

/**
 * Reads an instance out of its attributes.
 * @param transferSyntax as the file's own header gives it; empty when not known yet
 * @throws SequelaError `scan_unreadable` when what every image must have is missing or impossible
 */
export function readInstance(fields: Fields, transferSyntax: string): Instance {
  const identifiers = identifiersOf(fields)
  const layout = layoutOf(fields, transferSyntax)
  const frames = framesOf(fields)
  if (frames.length * layout.rows * layout.columns > maxVoxels)
    throw unreadable(`it claims more than ${maxVoxels} pixels`)
  const [first] = enhancedGroups(fields)
  const text = (tag: Parameters<typeof textOf>[1]): string => (textOf(fields, tag) ?? '').toUpperCase()
  const frameType = first === undefined ? [] : first.texts(enhanced.frameTypeValue)
  return {
    identifiers,
    sopClass: textOf(fields, acquisition.sopClass) ?? '',
    modality: text(acquisition.modality),
    imageType: [...fields.texts(acquisition.imageType), ...frameType].map((code) => code.toUpperCase()),
    vendor: vendorOf(textOf(fields, acquisition.manufacturer)),
    bodyPart: text(acquisition.bodyPart),
    seriesNumber: numberOf(fields, acquisition.seriesNumber),
    temporalPositions: numberOf(fields, acquisition.temporalPositions) ?? 1,
    physics: physicsOf(fields),
    layout,
    frames,
    identified:
      text(acquisition.identityRemoved) !== 'YES' &&
      textOf(fields, identifying.patientAge) !== undefined &&
      textOf(fields, identifying.studyDate) !== undefined,
    burnedIn: text(acquisition.burnedIn) === 'YES',
  }
}

function enhancedGroups(fields: Fields): readonly Fields[] {
  const perFrame = fields.items(enhanced.perFrame)[0]?.items(enhanced.frameType) ?? []
  return perFrame.length > 0 ? perFrame : (fields.items(enhanced.shared)[0]?.items(enhanced.frameType) ?? [])
}

function identifiersOf(fields: Fields): Identifiers {
  const required = (tag: Parameters<typeof textOf>[1], name: string): string => {
    const text = textOf(fields, tag)
    if (text === undefined) throw unreadable(`it has no ${name}`)
    return text
  }
  const dates = [
    identifying.acquisitionDate,
    identifying.acquisitionDateTime,
    identifying.seriesDate,
    identifying.studyDate,
  ].flatMap((tag) => {
    const dateMs = parseDateLabel((textOf(fields, tag) ?? '').slice(0, 8))
    return dateMs === undefined ? [] : [dayNumber(dateMs)]
  })
  const times = [identifying.acquisitionTime, identifying.seriesTime].map((tag) => textOf(fields, tag) ?? '')
  return {
    patientId: textOf(fields, identifying.patientId) ?? '',
    birthDate: textOf(fields, identifying.patientBirthDate),
    studyUid: required(identifying.studyUid, 'StudyInstanceUID'),
    seriesUid: required(identifying.seriesUid, 'SeriesInstanceUID'),
    sopUid: required(identifying.sopUid, 'SOPInstanceUID'),
    day: dates[0],
    clock: times.find((time) => /^\d{4}/.test(time)) ?? '',
    description: [identifying.seriesDescription, identifying.protocolName]
      .map((tag) => textOf(fields, tag) ?? '')
      .join(' ')
      .toLowerCase(),
  }
}

function layoutOf(fields: Fields, transferSyntax: string): PixelLayout {
  const whole = (tag: Parameters<typeof textOf>[1], name: string, most: number, otherwise?: number): number => {
    const value = numberOf(fields, tag) ?? otherwise
    if (value === undefined || !Number.isInteger(value) || value < 1 || value > most) {
      throw unreadable(`its ${name} is ${value ?? 'missing'}; it must be between 1 and ${most}`)
    }
    return value
  }
  const bitsAllocated = whole(image.bitsAllocated, 'BitsAllocated', 32)
  const bitsStored = whole(image.bitsStored, 'BitsStored', bitsAllocated, bitsAllocated)
  return {
    transferSyntax,
    rows: whole(image.rows, 'number of rows', maxEdge),
    columns: whole(image.columns, 'number of columns', maxEdge),
    samplesPerPixel: whole(image.samplesPerPixel, 'SamplesPerPixel', 4, 1),
    photometric: (textOf(fields, image.photometric) ?? '').toUpperCase(),
    bitsAllocated,
    bitsStored,
    highBit: numberOf(fields, image.highBit) ?? bitsStored - 1,
    signed: numberOf(fields, image.pixelRepresentation) === 1,
  }
}

function unreadable(reason: string): SequelaError {
  return new SequelaError('scan_unreadable', `The file cannot be used: ${reason}.`)
}
