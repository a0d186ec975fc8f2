import { createHash, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { derive } from './data-key.ts'
import { type FileKeys, fileKeys, seal, unseal } from './file-keys.ts'

/** Bytes of a master secret, whatever it comes from. */
export const masterSecretLength = 32

/** The fixed beginnings of an X25519 key in PKCS 8 and in SubjectPublicKeyInfo (RFC 8410), before its 32 bytes. */
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b656e032100', 'hex')

/**
 * A master key as a pair: something can be locked for it without having its secret, so that a ring can be changed where only one of several master keys is at hand.
 */
export interface MasterPair {
  /** 8 hex digits of the digest of the public key: how the master key is called. */
  readonly id: string
  readonly publicKey: Buffer
  readonly privateKey: KeyObject
  /** What its holder proves with that a ring is made by somebody who has a key of the store: anybody can lock something for a public key. */
  readonly proofKey: Buffer
}

/** @param storeId so that one secret gives another pair in each store */
export function masterPair(secret: Uint8Array, storeId: string): MasterPair {
  const salt = Buffer.from(storeId, 'latin1')
  const raw = derive(secret, salt, 'waymark/master/1', 32)
  const privateKey = createPrivateKey({ key: Buffer.concat([privatePrefix, raw]), format: 'der', type: 'pkcs8' })
  const publicKey = rawPublic(createPublicKey(privateKey))
  return { id: masterId(publicKey), publicKey, privateKey, proofKey: derive(secret, salt, 'waymark/master proof/1', 32) }
}

export const masterId = (publicKey: Uint8Array): string => createHash('sha256').update(publicKey).digest('hex').slice(0, 8)

/** What is locked for one master key. */
export interface Locked {
  /** The public half of a pair made for this one use. */
  readonly ephemeral: Buffer
  readonly sealed: Buffer
}

/** Locks a secret for whoever has the master key: X25519 (RFC 7748) with a pair made for this, HKDF, AES-256-GCM. */
export function lock(publicKey: Uint8Array, secret: Uint8Array, storeId: string): Locked {
  const pair = generateKeyPairSync('x25519')
  const ephemeral = rawPublic(pair.publicKey)
  return { ephemeral, sealed: seal(sharedKeys(pair.privateKey, publicKey, [ephemeral, publicKey]), placeOf(storeId), secret) }
}

/** The secret; undefined if it was locked for another master key or store, or changed. */
export function unlock(pair: MasterPair, { ephemeral, sealed }: Locked, storeId: string): Buffer | undefined {
  return unseal(sharedKeys(pair.privateKey, ephemeral, [ephemeral, pair.publicKey]), placeOf(storeId), sealed)
}

function sharedKeys(own: KeyObject, other: Uint8Array, publics: readonly Uint8Array[]): FileKeys {
  const publicKey = createPublicKey({ key: Buffer.concat([publicPrefix, other]), format: 'der', type: 'spki' })
  const secret = diffieHellman({ privateKey: own, publicKey })
  return fileKeys({ id: '', secret, createdAt: 0 }, Buffer.concat(publics), 'lock')
}

const placeOf = (storeId: string): Buffer => Buffer.from(`ring key of ${storeId}`, 'latin1')

const rawPublic = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length)
