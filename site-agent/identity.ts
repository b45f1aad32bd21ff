// How a site comes by an identity: it makes its own key, which never leaves, and a request that proves it holds it.

import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'

export interface KeyAndRequest {
  readonly privateKeyPem: string
  readonly csrPem: string
}

/** Of the kinds of key that the certificate library knows, this is good beyond 2030 (NIST SP 800-57, table 2). */
const defaultKeyBits = 3072

/**
 * A fresh RSA key and the certificate request for it. The coordinator takes nothing but the key from a request; the
 * site's name in it is for people.
 */
export async function createKeyAndRequest(site: string, keyBits = defaultKeyBits): Promise<KeyAndRequest> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: keyBits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const request = forge.pki.createCertificationRequest()
  request.publicKey = forge.pki.publicKeyFromPem(publicKey)
  request.setSubject([{ name: 'commonName', value: site }])
  request.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create())
  return {
    privateKeyPem: privateKey,
    csrPem: forge.pki.certificationRequestToPem(request).replaceAll('\r', ''),
  }
}
