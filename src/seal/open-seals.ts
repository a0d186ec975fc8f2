import type { FileSystem } from '../files/file-system.ts'
import type { Clock, Random } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { type KeyRing, type LockedRing, type Master, newRing, ringSecretFor, withDataKey } from './key-ring.ts'
import type { MasterKey } from './master-key.ts'
import { masterPair } from './master-pair.ts'
import { provenRing, RingFiles } from './ring-files.ts'
import { Seals } from './seals.ts'

export interface SealsOptions {
  readonly files: FileSystem
  /** Folder of the store. */
  readonly root: string
  readonly storeId: string
  readonly clock: Clock
  readonly random: Random
  /** Tried one after another. */
  readonly keys: readonly MasterKey[]
  /** False: the store is only read, and its ring stays as it is. */
  readonly mayChange: boolean
}

/** A data key older than this is replaced when the store is opened: what it sealed stays readable. */
const longestUseMs = 90 * 24 * 60 * 60 * 1000

/**
 * What the sealed store is read and written with.
 *
 * @throws WaymarkError `key_missing` without a master key of the store, `corrupt` if its ring is missing or was changed, `unavailable`
 */
export async function openSeals(options: SealsOptions): Promise<Seals> {
  const rings = new RingFiles(options.files, options.root)
  let ring = await openedRing(rings, options)
  const newest = ring.dataKeys.at(-1)
  if (options.mayChange && newest !== undefined && options.clock.now() - newest.createdAt > longestUseMs) {
    await rings.replace(withDataKey(ring, options.random, options.clock.now()), options.random)
    ring = provenRing(await mustExist(rings, options.root), ring.ringSecret)
  }
  const { ringSecret } = ring
  return new Seals(ring, async () => provenRing(await mustExist(rings, options.root), ringSecret))
}

/** The ring, opened with the first of the keys that is one of its masters. */
export async function openedRing(
  rings: RingFiles,
  { root, storeId, keys }: Pick<SealsOptions, 'root' | 'storeId' | 'keys'>,
): Promise<KeyRing> {
  const locked = await mustExist(rings, root)
  for (const key of keys) {
    const secret = await ringSecretOf(locked, key, storeId)
    if (secret !== undefined) return provenRing(locked, secret)
  }
  throw keys.length === 0 ? noKey(root, locked) : wrongKey(root, locked, keys)
}

/** Makes the ring of a store that has none. */
export async function makeRing(
  options: SealsOptions & { readonly key: MasterKey; readonly name: string; readonly acceptsPlain: boolean },
): Promise<KeyRing> {
  const { files, root, storeId, clock, random, key, name, acceptsPlain } = options
  const master = await newMaster(key, name, storeId, clock.now())
  const ring = newRing(storeId, master, acceptsPlain, random, clock.now())
  if (await new RingFiles(files, root).replace(ring, random)) return ring
  throw new WaymarkError('conflict', {
    message: `the store ${root} has keys already`,
    means: 'Nothing was changed.',
    remedy: 'See them with: waymark keys list',
  })
}

/** The entry of a ring for a master key that it does not know yet. */
export async function newMaster(key: MasterKey, name: string, storeId: string, createdAt: number): Promise<Master> {
  const { secret, settings } = await key.newSecret(storeId)
  const { id, publicKey } = masterPair(secret, storeId)
  return { id, kind: key.kind, name, createdAt, publicKey, settings }
}

async function ringSecretOf(locked: LockedRing, key: MasterKey, storeId: string): Promise<Buffer | undefined> {
  for (const master of locked.masters) {
    if (!mayBe(key.kind, master.kind)) continue
    const secret = await key.secretFor(master.settings, storeId)
    const found = secret && ringSecretFor(locked, masterPair(secret, storeId))
    if (found !== undefined) return found
  }
  return undefined
}

/** A secret that is given as it is opens its entry wherever it is kept by now. */
const plainKinds = ['file', 'variable', 'command']

const mayBe = (kind: string, entry: string): boolean =>
  kind === entry || (plainKinds.includes(kind) && plainKinds.includes(entry))

async function mustExist(rings: RingFiles, root: string): Promise<LockedRing> {
  const ring = await rings.read()
  if (ring !== undefined) return ring
  throw new WaymarkError('corrupt', {
    message: `the store ${root} is sealed, but its key ring (the folder keys) is missing or damaged`,
    means: 'Nothing can be read without it. The sealed files are not touched by this.',
    remedy: 'Put back the folder keys from a backup of the store.',
  })
}

const wanted = ({ masters }: LockedRing): string => masters.map(({ kind, name, id }) => `${kind} ${name} (${id})`).join(', ')

function noKey(root: string, ring: LockedRing): WaymarkError {
  return new WaymarkError('key_missing', {
    message: `the store ${root} is sealed, and no key was given`,
    means: 'Nothing was read or written.',
    remedy: `Give one of its keys with --key or in WAYMARK_KEY: ${wanted(ring)}.`,
    details: { masters: ring.masters.map(({ id }) => id) },
  })
}

function wrongKey(root: string, ring: LockedRing, keys: readonly MasterKey[]): WaymarkError {
  return new WaymarkError('key_missing', {
    message: `the store ${root} does not open with ${keys.map(({ description }) => description).join(', ')}`,
    means: 'Nothing was read or written.',
    remedy: `Give one of its keys with --key or in WAYMARK_KEY: ${wanted(ring)}.`,
    details: { masters: ring.masters.map(({ id }) => id) },
  })
}
