import { expect, test } from 'vitest'
import { sha256 } from '../../shared/digest.ts'
import type { LinkageStatus, SiteLinkage } from '../linkage/linkage-status.ts'
import { foldSeparation as separationIn } from './fold-separation.ts'

const compared = (site: string, keyFingerprint = 'k'): SiteLinkage => ({
  ...{ site, state: 'compared', keyFingerprint, tokens: 64 },
})
const foldSeparation = (linkage: LinkageStatus | undefined): string => separationIn(linkage, { sites: [] })
const linkage = (...sites: SiteLinkage[]): LinkageStatus => ({ minCell: 5, sites, pairs: [] })

test('where nobody was asked to look, a child at two sites may be in two folds', () => {
  expect(foldSeparation(undefined)).toContain('nobody looked')
  expect(foldSeparation(undefined)).toContain('trained on at one and tested at another')
})

test('where all sites were compared, a child that two of them name is used at one', () => {
  const said = foldSeparation(linkage(compared('boston'), compared('zurich')))
  expect(said).toContain('all 2 sites were compared')
  expect(said).toContain('used at one alone')
  expect(said).not.toContain('may have been trained on')
})

test('where some were compared, the others are named, and so are those with another key', () => {
  const said = foldSeparation(
    linkage(
      compared('boston'),
      compared('lyon', 'another'),
      { site: 'toronto', state: 'silent' },
      { site: 'vienna', state: 'unchecked', reason: 'no-key' },
      compared('zurich'),
    ),
  )
  expect(said).toContain('2 of 5 sites were compared')
  expect(said).toContain('shares with lyon, toronto, vienna')
})

test('where it was asked for and no two sites were compared, it is as if nobody had looked', () => {
  const said = foldSeparation(linkage(compared('boston'), compared('zurich', 'another')))
  expect(said).toContain('no two were compared')
  expect(said).toContain('tested at another')
})

test('a site that trained the weights and takes no part when they are judged is named', () => {
  const from = { study: sha256('s'), weights: sha256('w'), sites: ['boston', 'lyon'], tasks: [], horizonDays: 365 }
  expect(separationIn(undefined, { from, sites: ['boston', 'oslo'] })).toContain(
    'a child that was trained on at lyon, which took no part here, would not be found elsewhere',
  )
  expect(separationIn(undefined, { from, sites: ['boston', 'lyon', 'oslo'] })).not.toContain('took no part')
})
