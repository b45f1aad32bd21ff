// Who a certificate speaks for: the one name in it, spiffe://<domain>/site/<id>. Both sides build and read it here, so
// that neither takes a peer's identity from anywhere else (the common name is for people).

import { siteIdPattern } from '../study/names.ts'
import { SequelaError } from './errors.ts'

/** A site of a consortium. */
export interface SiteIdentityName {
  readonly domain: string
  readonly site: string
}

/** Domains are host names in lower case: what `coordinator init` takes. */
const domainPattern = /^[a-z0-9]([a-z0-9.-]{0,252})$/

/** The URI that a site's certificate carries. @throws SequelaError `config_invalid` for a domain or id of another form. */
export function siteUri({ domain, site }: SiteIdentityName): string {
  if (!domainPattern.test(domain)) {
    throw new SequelaError(
      'config_invalid',
      `"${shown(domain)}" cannot be a domain; use lower-case letters, digits, dots`,
    )
  }
  const refusal = refusalOfSiteId(site)
  if (refusal !== undefined) throw refusal
  return `spiffe://${domain}/site/${site}`
}

/** Why `site` cannot be a site's id, with the rule; undefined if it can. */
export function refusalOfSiteId(site: string): SequelaError | undefined {
  if (siteIdPattern.test(site)) return undefined
  const rule = 'use 1 to 40 lower-case letters, digits and hyphens, and no hyphen first'
  return new SequelaError('config_invalid', `"${shown(site)}" cannot be a site's id; ${rule}`)
}

/**
 * Reads the names in a certificate as Node's TLS shows them ("URI:spiffe://…"): exactly one, and a site's.
 * @throws SequelaError `unauthenticated` for anything else.
 */
export function siteOfAltNames(subjectAltName: string | undefined): SiteIdentityName {
  const match = /^URI:spiffe:\/\/([^/,"]+)\/site\/([^/,"]+)$/.exec(subjectAltName ?? '')
  const [, domain, site] = match ?? []
  if (domain === undefined || site === undefined || !domainPattern.test(domain) || !siteIdPattern.test(site)) {
    throw new SequelaError('unauthenticated', 'the certificate does not name one site; enrol with a code first')
  }
  return { domain, site }
}

function shown(text: string): string {
  return text.slice(0, 80).toWellFormed()
}
