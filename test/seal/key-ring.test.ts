import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isGenuine,
  type KeyRing,
  type LockedRing,
  lockRing,
  newRing,
  openRing,
  ringSecretFor,
  withDataKey,
  withMaster,
  withNewestKeyOnly,
  withoutMaster,
} from '../../src/seal/key-ring.ts'
import { lock, type MasterPair, masterPair, unlock } from '../../src/seal/master-pair.ts'
import { decodeRing, encodeRing } from '../../src/seal/ring-text.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const storeId = 'store-1'
const random = seededRandom(11)
const pairs = [1, 2, 3].map(seed => masterPair(seededRandom(seed).bytes(32), storeId))

const masterOf = ({ id, publicKey, proofKey }: MasterPair, name: string) => ({
  id,
  kind: 'file',
  name,
  createdAt: 5,
  publicKey,
  settings: { salt: 'abc', n: 2 },
  proofKey,
})

function pairAt(index: number): MasterPair {
  const pair = pairs[index]
  assert.ok(pair)
  return pair
}

const ringOfOne = (): KeyRing => newRing(storeId, masterOf(pairAt(0), 'first'), true, random, 7)

function opened(locked: LockedRing, pair: MasterPair): KeyRing | undefined {
  const secret = ringSecretFor(locked, pair)
  return secret && openRing(locked, secret)
}

test('E6 a ring opens with each of its master keys, says the same as before, and opens with no other key', () => {
  const ring = withDataKey(withMaster(ringOfOne(), masterOf(pairAt(1), 'second')), random, 9)
  const locked = lockRing(ring, random)
  for (const pair of [pairAt(0), pairAt(1)]) {
    const again = opened(locked, pair)
    assert.ok(again)
    assert.deepEqual(
      again.dataKeys.map(({ id, secret, createdAt }) => [id, Buffer.from(secret).toString('hex'), createdAt]),
      ring.dataKeys.map(({ id, secret, createdAt }) => [id, Buffer.from(secret).toString('hex'), createdAt]),
    )
    assert.deepEqual(
      [again.generation, again.acceptsPlain, again.masters.map(({ name }) => name)],
      [3, true, ['first', 'second']],
    )
    assert.deepEqual(Buffer.from(again.nameSecret), Buffer.from(ring.nameSecret))
  }
  assert.equal(opened(locked, pairAt(2)), undefined)
  // The same secret is another master key in another store.
  assert.notEqual(masterPair(seededRandom(1).bytes(32), 'store-2').id, pairAt(0).id)
})

test('E6 a master key that was removed opens the new ring no more, nor does the ring secret it knew', () => {
  const before = withMaster(ringOfOne(), masterOf(pairAt(1), 'second'))
  const known = ringSecretFor(lockRing(before, random), pairAt(0))
  assert.ok(known)
  const after = lockRing(withoutMaster(before, pairAt(0).id, random), random)
  assert.equal(ringSecretFor(after, pairAt(0)), undefined)
  assert.equal(openRing(after, known), undefined)
  assert.deepEqual(
    opened(after, pairAt(1))?.masters.map(({ name }) => name),
    ['second'],
  )
})

test('E6 with its newest data key only, a ring accepts plain files no more', () => {
  const ring = withNewestKeyOnly(withDataKey(ringOfOne(), random, 9))
  assert.deepEqual([ring.dataKeys.length, ring.dataKeys[0]?.createdAt, ring.acceptsPlain], [1, 9, false])
})

test('E6 a ring of which anything was changed by somebody without its secret does not open', () => {
  const ring = withMaster(ringOfOne(), masterOf(pairAt(1), 'second'))
  const locked = lockRing(ring, random)
  const secret = ring.ringSecret
  const [first, second] = locked.masters
  assert.ok(first && second)
  const stranger = pairAt(2)
  const changes: Record<string, LockedRing> = {
    'a public key swapped for that of a stranger': {
      ...locked,
      masters: [{ ...first, id: stranger.id, publicKey: stranger.publicKey }, second],
    },
    'a public key and lock of a stranger': {
      ...locked,
      masters: [{ ...first, ...masterOf(stranger, 'first'), lock: lock(stranger.publicKey, secret, storeId) }, second],
    },
    'a public key swapped, of a stranger whose id is the same': {
      ...locked,
      masters: [{ ...first, publicKey: stranger.publicKey }, second],
    },
    'a master removed': { ...locked, masters: [second] },
    'a master added': { ...locked, masters: [first, second, { ...second, name: 'third' }] },
    'masters in another order': { ...locked, masters: [second, first] },
    'a changed cost of the passphrase': { ...locked, masters: [{ ...first, settings: { salt: 'abc', n: 1 } }, second] },
    'a changed name': { ...locked, masters: [{ ...first, name: 'other' }, second] },
    'a changed kind': { ...locked, masters: [{ ...first, kind: 'variable' }, second] },
    'a proof of another': { ...locked, masters: [{ ...first, proof: second.proof }, second] },
    'a changed time': { ...locked, masters: [{ ...first, createdAt: 6 }, second] },
    'a lower generation': { ...locked, generation: 1 },
    'a higher generation': { ...locked, generation: 9 },
    'another store': { ...locked, storeId: 'store-2' },
    'plain files refused': { ...locked, acceptsPlain: false },
    'another salt': { ...locked, salt: Buffer.alloc(16) },
    'a bit of the secrets': { ...locked, secrets: flipped(locked.secrets) },
    'a bit of the proof': { ...locked, mac: flipped(locked.mac) },
    'the proof cut short': { ...locked, mac: locked.mac.subarray(0, 8) },
  }
  assert.ok(openRing(locked, secret))
  for (const [what, changed] of Object.entries(changes)) assert.equal(openRing(changed, secret), undefined, what)
})

test('E6 a ring that somebody made without a key of the store is not genuine, though it opens with each of its keys', () => {
  const ring = withMaster(ringOfOne(), masterOf(pairAt(1), 'second'))
  const both = [pairAt(0), pairAt(1)]
  for (const pair of both) assert.equal(isGenuine(ring, pair), true)
  // All that stands in the file, and a name secret of one's own: who knows the one of the store has or had a key.
  const forged: KeyRing = { ...ring, nameSecret: random.bytes(32), ringSecret: random.bytes(32), generation: 9 }
  const stranger = withMaster(forged, masterOf(pairAt(2), 'stranger'))
  for (const pair of both) {
    const found = opened(lockRing(stranger, random), pair)
    assert.ok(found)
    assert.equal(isGenuine(found, pair), false)
  }
  assert.equal(isGenuine(ring, pairAt(2)), false)
  // One that is added, the newest data key alone, a new ring secret: still the same store.
  const later = withNewestKeyOnly(withDataKey(withoutMaster(ring, pairAt(0).id, random), random, 9))
  assert.equal(isGenuine(later, pairAt(1)), true)
})

test('E6 the text of a ring is the whole of it, and any part of it is none', () => {
  const locked = lockRing(ringOfOne(), random)
  const text = encodeRing(locked)
  const again = decodeRing(text)
  assert.ok(again && opened(again, pairAt(0)))
  for (let length = 0; length < text.length - 1; length += 7) assert.equal(decodeRing(text.slice(0, length)), undefined)
  for (const [form, remedy] of [
    [1, /^Use the version of waymark that made it, and save what it holds into a new store\.$/],
    [3, /^Use the version of waymark that made it, or a newer one\.$/],
  ] as const)
    assert.throws(() => decodeRing(text.replace('"form": 2', `"form": ${form}`)), { code: 'unsupported', remedy })
  const [own, strange] = [pairAt(0), pairAt(2)].map(({ publicKey }) => publicKey.toString('base64'))
  assert.ok(own && strange && text.includes(own))
  // A public key is what its id says: a swapped one shows without any key.
  assert.equal(decodeRing(text.replace(own, strange)), undefined)
})

test('E6 what is locked for a master key opens with its private key in its store only', () => {
  const secret = random.bytes(32)
  const locked = lock(pairAt(0).publicKey, secret, storeId)
  assert.deepEqual(unlock(pairAt(0), locked, storeId), Buffer.from(secret))
  assert.equal(unlock(pairAt(1), locked, storeId), undefined)
  assert.equal(unlock(pairAt(0), locked, 'store-2'), undefined)
  assert.equal(unlock(pairAt(0), { ...locked, sealed: Buffer.from(flipped(locked.sealed)) }, storeId), undefined)
  // Made anew each time: two locks of one secret have nothing in common.
  assert.notDeepEqual(lock(pairAt(0).publicKey, secret, storeId).ephemeral, locked.ephemeral)
})

test('E6 one secret is one and the same master key in a store, in every version', () => {
  const pair = masterPair(Buffer.alloc(32, 7), 'store-1')
  assert.deepEqual(
    [pair.id, pair.publicKey.toString('hex')],
    ['f1d5a777', '0357096556725c4e3961755717011b819fdfcd83ccadc683738e2c84881ce44c'],
  )
  assert.notEqual(masterPair(Buffer.alloc(32, 7), 'store-2').id, pair.id)
})

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set([(copy[3] ?? 0) ^ 1], 3)
  return copy
}
