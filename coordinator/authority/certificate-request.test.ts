import { generateKeyPairSync, sign } from 'node:crypto'
import forge from 'node-forge'
import { beforeAll, describe, expect, test } from 'vitest'
import { SequelaError } from '../../shared/protocol/errors.ts'
import { seededRandom } from '../../shared/random.ts'
import { createKeyAndRequest, type KeyAndRequest } from '../../site-agent/identity.ts'
import { checkRequest, decodeRequest } from './certificate-request.ts'

let good: KeyAndRequest
let other: KeyAndRequest
beforeAll(async () => {
  good = await createKeyAndRequest('boston', 2048)
  other = await createKeyAndRequest('boston', 2048)
})

const check = (csrPem: string): string => checkRequest(decodeRequest(csrPem))
const refused = (text: string): unknown =>
  expect.objectContaining({ code: 'csr_invalid', message: expect.stringContaining(text) })
const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`

/** A request made by node-forge as a careless or hostile site might. */
function requestWith(options: {
  readonly keyBits?: number
  readonly exponent?: number
  readonly digest?: forge.md.MessageDigest
  readonly attributes?: forge.pki.CertificateField[]
}): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: options.keyBits ?? 2048,
    publicExponent: options.exponent ?? 65537,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const request = forge.pki.createCertificationRequest()
  request.publicKey = forge.pki.publicKeyFromPem(publicKey)
  request.setSubject([{ name: 'commonName', value: 'anybody' }])
  if (options.attributes !== undefined) request.setAttributes(options.attributes)
  request.sign(forge.pki.privateKeyFromPem(privateKey), options.digest ?? forge.md.sha256.create())
  return forge.pki.certificationRequestToPem(request)
}

/** The good request's signed part under somebody else's signature. */
function signedByOther(): string {
  const parsed = forge.asn1.fromDer(decodeRequest(good.csrPem).der.toString('binary'))
  const [info, algorithm] = Array.isArray(parsed.value) ? parsed.value : []
  if (info === undefined || typeof info === 'string' || algorithm === undefined) throw new Error('no request')
  const signature = sign('sha256', Buffer.from(forge.asn1.toDer(info).getBytes(), 'binary'), other.privateKeyPem)
  const bits = forge.asn1.create(0, forge.asn1.Type.BITSTRING, false, `\0${signature.toString('binary')}`)
  const whole = forge.asn1.create(0, forge.asn1.Type.SEQUENCE, true, [info, algorithm, bits])
  return pemOf(Buffer.from(forge.asn1.toDer(whole).getBytes(), 'binary'))
}

/** A request for an elliptic curve key has this shape; what matters is the kind of key. */
function requestForAnotherKindOfKey(): string {
  const der = decodeRequest(good.csrPem).der.toString('hex')
  const rsaEncryption = '06092a864886f70d010101'
  return pemOf(Buffer.from(der.replace(rsaEncryption, '06092a864886f70d010102'), 'hex'))
}

describe('a certificate request', () => {
  test('gives up its public key when it is signed by that key', () => {
    expect(check(good.csrPem)).toContain('BEGIN PUBLIC KEY')
    expect(check(`\n${good.csrPem.replaceAll('\n', '\r\n')}\n`)).toBe(check(good.csrPem))
    expect(check(requestWith({ digest: forge.md.sha512.create() }))).toContain('BEGIN PUBLIC KEY')
  })

  test('may ask for anything beside its key, which nobody reads', () => {
    const extensions = [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 6, value: 'x' }] },
    ]
    const request = requestWith({ attributes: [{ name: 'extensionRequest', extensions }] })
    expect(check(request)).toContain('BEGIN PUBLIC KEY')
  })

  test.each<[string, () => string, string]>([
    ['nothing', () => '', 'not one PEM block'],
    ['no PEM', () => 'request', 'not one PEM block'],
    ['another kind of PEM', () => good.privateKeyPem, 'not one PEM block'],
    ['two requests', () => good.csrPem + other.csrPem, 'not one PEM block'],
    ['text before it', () => `Subject: boston\n${good.csrPem}`, 'not one PEM block'],
    ['too long a text', () => good.csrPem.padEnd(17_000, '\n'), 'longer than'],
    ['an empty block', () => pemOf(new Uint8Array()), 'cannot be read'],
    ['zeros', () => pemOf(new Uint8Array(500)), 'cannot be read'],
    ['half of it', () => pemOf(decodeRequest(good.csrPem).der.subarray(0, 300)), 'cannot be read'],
    ['bytes after it', () => pemOf(Buffer.concat([decodeRequest(good.csrPem).der, Buffer.alloc(4)])), 'cannot be read'],
    ['2,000 levels of nesting', () => pemOf(nested(2000)), 'cannot be read'],
    ['a length of 4 GiB', () => pemOf(Buffer.from('3084ffffffff0201', 'hex')), 'cannot be read'],
    ['a key that is not RSA', requestForAnotherKindOfKey, 'cannot be read'],
    ["another's signature", signedByOther, 'not signed by its own key'],
    ['a signature with SHA-1', () => requestWith({ digest: forge.md.sha1.create() }), 'not signed with SHA-256'],
    ['a signature with MD5', () => requestWith({ digest: forge.md.md5.create() }), 'not signed with SHA-256'],
    ['a key of 1024 bits', () => requestWith({ keyBits: 1024 }), '1024 bits'],
    ['the exponent 3', () => requestWith({ exponent: 3 }), 'exponent is not 65537'],
  ])('is refused when it is or has %s', (_, make, why) => {
    expect(() => check(make())).toThrow(refused(why))
  })

  test('is refused before any arithmetic when its key is endless', () => {
    const der = decodeRequest(good.csrPem).der
    const publicKey = forge.pki.publicKeyFromPem(check(good.csrPem))
    const n = forge.asn1.toDer(forge.pki.publicKeyToAsn1(publicKey)).getBytes()
    expect(der.toString('binary')).toContain(n)
    const huge = forge.pki.setRsaPublicKey(new forge.jsbn.BigInteger('f'.repeat(2500), 16), publicKey.e)
    expect(() => check(withKey(der, huge))).toThrow(refused('10000 bits'))
    const endless = forge.pki.setRsaPublicKey(publicKey.n, publicKey.n)
    expect(() => check(withKey(der, endless))).toThrow(refused('exponent'))
  })

  test('with random damage is refused with a code or has the same key', () => {
    const random = seededRandom('damage')
    const der = decodeRequest(good.csrPem).der
    const key = check(good.csrPem)
    for (let run = 0; run < 500; run++) {
      const damaged = Buffer.from(der)
      for (let i = 0; i <= random.integer(4); i++) damaged.writeUInt8(random.integer(256), random.integer(der.length))
      try {
        expect(check(pemOf(damaged))).toBe(key)
      } catch (error) {
        if (!(error instanceof SequelaError)) throw error
        expect(error.code).toBe('csr_invalid')
      }
    }
  })
})

/** The same request with another public key; its signature cannot fit any more. */
function withKey(der: Buffer, key: forge.pki.rsa.PublicKey): string {
  const request = forge.pki.certificationRequestFromAsn1(forge.asn1.fromDer(der.toString('binary')))
  request.publicKey = key
  request.certificationRequestInfo = null
  return forge.pki.certificationRequestToPem(request)
}

/** Sequences in sequences, each with a length of two bytes. */
function nested(levels: number): Uint8Array {
  let bytes = Buffer.alloc(0)
  for (let level = 0; level < levels; level++) {
    bytes = Buffer.concat([Buffer.from([0x30, 0x82, bytes.length >> 8, bytes.length & 255]), bytes])
  }
  return bytes
}
