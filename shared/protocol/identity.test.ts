import { describe, expect, test } from 'vitest'
import { refusalOfSiteId, siteOfAltNames, siteUri } from './identity.ts'

describe('the name in a certificate', () => {
  test('is read back as it was written', () => {
    const name = { domain: 'plgg.example.org', site: 'boston-2' }
    expect(siteUri(name)).toBe('spiffe://plgg.example.org/site/boston-2')
    expect(siteOfAltNames(`URI:${siteUri(name)}`)).toEqual(name)
  })

  test.each([
    ['none', undefined],
    ['nothing', ''],
    ['a host name', 'DNS:boston.example.org'],
    ['two sites', 'URI:spiffe://d/site/boston, URI:spiffe://d/site/toronto'],
    ['a site and a host', 'URI:spiffe://d/site/boston, DNS:boston.example.org'],
    ['a site written as a host name', 'DNS:"URI:spiffe://d/site/boston"'],
    ['more path', 'URI:spiffe://d/site/boston/admin'],
    ['another kind of member', 'URI:spiffe://d/user/boston'],
    ['no id', 'URI:spiffe://d/site/'],
    ['capitals', 'URI:spiffe://d/site/Boston'],
    ['another scheme', 'URI:https://d/site/boston'],
    ['a line break after it', 'URI:spiffe://d/site/boston\n'],
    ['a longer id', `URI:spiffe://d/site/${'a'.repeat(41)}`],
  ])('authenticates nobody when it is %s', (_, altNames) => {
    expect(() => siteOfAltNames(altNames)).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  })

  test.each(['', '-a', 'A', 'a b', 'a/b', '..', 'a'.repeat(41), 'a\n', 'ä'])('has no site called %j', (site) => {
    expect(refusalOfSiteId(site)).toMatchObject({ code: 'config_invalid' })
    expect(() => siteUri({ domain: 'd', site })).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })

  test.each(['', 'D', 'a/b', 'a b', 'user@host'])('has no domain called %j', (domain) => {
    expect(() => siteUri({ domain, site: 'boston' })).toThrow(expect.objectContaining({ code: 'config_invalid' }))
  })
})
