import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { type DataKey, derive } from './data-key.ts'
import { giveBack } from './give-back.ts'
import { HmacKey } from './hmac-key.ts'

/** Bytes that sealing adds: the nonce before, the tag behind. */
export const nonceLength = 12
export const tagLength = 16
export const sealOverhead = nonceLength + tagLength

const cipherName = 'aes-256-gcm'
const keyLength = 32

/** The keys of one file, with which each of its pieces is sealed by itself. */
export interface FileKeys {
  readonly cipher: KeyObject
  readonly nonces: HmacKey
}

/**
 * The keys of the file with this salt, which is random and stands in the file: no two files have the same keys.
 *
 * @param purpose what kind of file, so that bytes of one kind are never taken for those of another
 */
export function fileKeys(key: DataKey, salt: Uint8Array, purpose: string): FileKeys {
  const both = derive(key.secret, salt, `waymark/${purpose}/1`, 2 * keyLength)
  return { cipher: createSecretKey(both.subarray(0, keyLength)), nonces: new HmacKey(both.subarray(keyLength)) }
}

/**
 * Seals with AES-256-GCM (NIST SP 800-38D): nonce, ciphertext, tag.
 *
 * The nonce is HMAC-SHA256 over where the piece stands and what it says, cut to 96 bits. So it is the same again only for the same bytes at the same place, where it gives nothing away, even if two processes go on from one
 * image of a machine's memory with the same keys and the same random numbers. (The idea is that of SIV, RFC 5297: a nonce made of what is sealed.)
 *
 * @param place what the piece is bound to; it opens with the same place only
 */
export function seal(keys: FileKeys, place: Uint8Array, plain: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(plain.length + sealOverhead)
  sealInto(keys, place, plain, sealed)
  return sealed
}

/** As {@link seal}, into the first `plain.length + sealOverhead` bytes of `target`. */
export function sealInto(keys: FileKeys, place: Uint8Array, plain: Uint8Array, target: Buffer): void {
  const nonce = keys.nonces.digest(withLength(place), plain).subarray(0, nonceLength)
  const cipher = createCipheriv(cipherName, keys.cipher, nonce, { authTagLength: tagLength })
  cipher.setAAD(place)
  nonce.copy(target, 0)
  const ciphertext = cipher.update(plain)
  ciphertext.copy(target, nonceLength)
  giveBack(ciphertext)
  cipher.final()
  cipher.getAuthTag().copy(target, nonceLength + plain.length)
}

/** What was sealed; undefined if a bit of it, its place or its key is another. */
export function unseal(keys: FileKeys, place: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const end = sealed.length - tagLength
  if (end < nonceLength) return undefined
  const decipher = createDecipheriv(cipherName, keys.cipher, sealed.subarray(0, nonceLength), { authTagLength: tagLength })
  decipher.setAAD(place)
  decipher.setAuthTag(sealed.subarray(end))
  const plain = decipher.update(sealed.subarray(nonceLength, end))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}

/** What has a variable length, behind its length, so that two pairs of texts are never joined to the same bytes. */
function withLength(bytes: Uint8Array): Buffer {
  const joined = Buffer.allocUnsafe(4 + bytes.length)
  joined.writeUInt32LE(bytes.length)
  joined.set(bytes, 4)
  return joined
}
