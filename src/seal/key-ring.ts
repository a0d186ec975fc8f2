import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '../model/clock.ts'
import { type DataKey, dataKeyOf, derive, newDataKey } from './data-key.ts'
import { fileKeys, seal, unseal } from './file-keys.ts'
import { type Locked, lock, type MasterPair, unlock } from './master-pair.ts'

/** A master key as the ring knows it: enough to lock something for it, and to say which one is wanted. */
export interface Master {
  /** Of the public key: see {@link MasterPair}. */
  readonly id: string
  /** How its secret is come by: `file`, `passphrase`, `aws-kms` … */
  readonly kind: string
  /** What its owner calls it. */
  readonly name: string
  /** Wall milliseconds. */
  readonly createdAt: number
  readonly publicKey: Uint8Array
  /** What its kind needs to come by the secret again: salt and cost of a passphrase, the wrapped secret of a key service. Nothing in it is secret. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Of who had both the secret of this master key and the name secret of the store, when it became one of the ring: see {@link isGenuine}. */
  readonly proof: Uint8Array
}

/** One that is not in a ring yet. */
export interface NewMaster extends Omit<Master, 'proof'> {
  readonly proofKey: Uint8Array
}

/** What the keys folder of a sealed store says, opened. */
export interface KeyRing {
  readonly storeId: string
  /** Grows with each change. */
  readonly generation: number
  /** True while there may be files from before the store was sealed; afterwards a plain one is refused. */
  readonly acceptsPlain: boolean
  readonly masters: readonly Master[]
  /** Oldest first; what is written is sealed with the newest. */
  readonly dataKeys: readonly DataKey[]
  /** Names are made with it; it stays the same as long as the store. */
  readonly nameSecret: Uint8Array
  /** Locks the rest; another one once a master key was removed. */
  readonly ringSecret: Uint8Array
}

/** A ring as it stands in its file: what can be read without a key, and the rest. */
export interface LockedRing {
  readonly storeId: string
  readonly generation: number
  readonly acceptsPlain: boolean
  readonly masters: readonly (Master & { readonly lock: Locked })[]
  readonly salt: Uint8Array
  readonly secrets: Uint8Array
  readonly mac: Uint8Array
}

const secretLength = 32

export function newRing(storeId: string, master: NewMaster, acceptsPlain: boolean, random: Random, createdAt: number): KeyRing {
  const nameSecret = random.bytes(secretLength)
  return {
    storeId,
    generation: 1,
    acceptsPlain,
    masters: [withProof(master, nameSecret)],
    dataKeys: [newDataKey(random, createdAt)],
    nameSecret,
    ringSecret: random.bytes(secretLength),
  }
}

/** With a new data key, which seals what is written from now on. */
export const withDataKey = (ring: KeyRing, random: Random, createdAt: number, storedBytes?: number): KeyRing => ({
  ...ring,
  generation: ring.generation + 1,
  dataKeys: [...ring.dataKeys, newDataKey(random, createdAt, storedBytes)],
})

/** Only with its newest data key: once nothing is sealed with the others any more. */
export const withNewestKeyOnly = (ring: KeyRing): KeyRing => ({
  ...ring,
  generation: ring.generation + 1,
  acceptsPlain: false,
  dataKeys: ring.dataKeys.slice(-1),
})

export const withMaster = (ring: KeyRing, master: NewMaster): KeyRing => ({
  ...ring,
  generation: ring.generation + 1,
  masters: [...ring.masters, withProof(master, ring.nameSecret)],
})

/** Without a master key. What was locked for it opens the ring no more: there is a new ring secret. It may have been used to read the data keys there were until now. */
export const withoutMaster = (ring: KeyRing, id: string, random: Random): KeyRing => ({
  ...ring,
  generation: ring.generation + 1,
  masters: ring.masters.filter(master => master.id !== id),
  ringSecret: random.bytes(secretLength),
})

export function lockRing(ring: KeyRing, random: Random): LockedRing {
  const salt = random.bytes(16)
  const { storeId, generation, acceptsPlain } = ring
  const text = JSON.stringify({
    names: base64(ring.nameSecret),
    keys: ring.dataKeys.map(({ secret, ...said }) => ({ ...said, secret: base64(secret) })),
  })
  const secrets = seal(ringKeys(ring.ringSecret, salt), placeOf(storeId, generation), Buffer.from(text))
  const masters = ring.masters.map(master => ({ ...master, lock: lock(master.publicKey, ring.ringSecret, storeId) }))
  const locked = { storeId, generation, acceptsPlain, masters, salt, secrets }
  return { ...locked, mac: macOf(ring.ringSecret, locked) }
}

/** The ring secret, if this master key is one of the ring. */
export function ringSecretFor(ring: LockedRing, pair: MasterPair): Buffer | undefined {
  const master = ring.masters.find(({ id }) => id === pair.id)
  return master && unlock(pair, master.lock, ring.storeId)
}

/** The ring; undefined if anything of it was changed by somebody who has not its secret. */
export function openRing(ring: LockedRing, ringSecret: Uint8Array): KeyRing | undefined {
  if (!timingSafeEqual(macOf(ringSecret, ring), padded(ring.mac))) return undefined
  const text = unseal(ringKeys(ringSecret, ring.salt), placeOf(ring.storeId, ring.generation), ring.secrets)
  const secrets = text && secretsIn(text.toString())
  if (secrets === undefined) return undefined
  const { storeId, generation, acceptsPlain } = ring
  const masters = ring.masters.map(({ lock: _, ...master }) => master)
  return { storeId, generation, acceptsPlain, masters, ...secrets, ringSecret }
}

/**
 * Whether a ring that was opened with this master key is of the store that the key was added to. Who only writes files can make a ring of his own, and lock it for all public keys of the one that was there; he does not know the name
 * secret, which stays the same as long as the store, and without the secret of the master key he has no proof for another one.
 */
export function isGenuine(ring: KeyRing, pair: MasterPair): boolean {
  const master = ring.masters.find(({ id }) => id === pair.id)
  return master !== undefined && timingSafeEqual(proofOf(pair.proofKey, ring.nameSecret), padded(master.proof))
}

const withProof = ({ proofKey, ...master }: NewMaster, nameSecret: Uint8Array): Master => ({
  ...master,
  proof: proofOf(proofKey, nameSecret),
})

const proofOf = (proofKey: Uint8Array, nameSecret: Uint8Array): Buffer =>
  createHmac('sha256', proofKey).update(nameSecret).digest()

function secretsIn(text: string): { nameSecret: Uint8Array; dataKeys: readonly DataKey[] } | undefined {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null || !('names' in parsed) || !('keys' in parsed)) return undefined
  if (typeof parsed.names !== 'string' || !Array.isArray(parsed.keys)) return undefined
  const dataKeys = parsed.keys.flatMap(
    ({ id, secret, createdAt, storedBytes }) => dataKeyOf(id, Buffer.from(secret, 'base64'), createdAt, storedBytes) ?? [],
  )
  if (dataKeys.length !== parsed.keys.length || dataKeys.length === 0) return undefined
  return { nameSecret: Buffer.from(parsed.names, 'base64'), dataKeys }
}

const ringKeys = (ringSecret: Uint8Array, salt: Uint8Array) =>
  fileKeys({ id: '', secret: ringSecret, createdAt: 0 }, salt, 'ring')

/** Over all that can be read without a key: a public key slipped in, which the next change would lock the ring for, is noticed. */
function macOf(ringSecret: Uint8Array, ring: Omit<LockedRing, 'mac'>): Buffer {
  const { storeId, generation, acceptsPlain, masters, salt, secrets } = ring
  const said = masters.map(({ id, kind, name, createdAt, publicKey, settings, proof, lock: { ephemeral, sealed } }) => [
    id,
    kind,
    name,
    createdAt,
    base64(publicKey),
    Object.entries(settings),
    base64(proof),
    base64(ephemeral),
    base64(sealed),
  ])
  const text = JSON.stringify([storeId, generation, acceptsPlain, said, base64(salt), base64(secrets)])
  return createHmac('sha256', derive(ringSecret, new Uint8Array(0), 'waymark/ring mac/1', 32))
    .update(text)
    .digest()
}

const padded = (mac: Uint8Array): Buffer => Buffer.concat([mac, Buffer.alloc(32)]).subarray(0, 32)

const placeOf = (storeId: string, generation: number): Buffer => Buffer.from(`ring ${generation} of ${storeId}`, 'latin1')

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
