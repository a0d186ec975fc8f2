import { WaymarkError } from '../model/errors.ts'
import { ambientKeys } from './ambient-keys.ts'
import { type KeyRing, type NewMaster, newRing, withDataKey } from './key-ring.ts'
import type { MasterKey } from './master-key.ts'
import { masterPair } from './master-pair.ts'
import { RingFiles } from './ring-files.ts'
import { RingKeeper, type RingKeeperOptions } from './ring-keeper.ts'
import { Seals } from './seals.ts'

export interface SealsOptions extends RingKeeperOptions {
  /** False: the store is only read, and its ring stays as it is. */
  readonly mayChange: boolean
}

/** What a sealed store is opened with: what it is read and written with, and the ring that comes from. */
export interface OpenedSeals {
  readonly seals: Seals
  readonly keeper: RingKeeper
}

/** A data key older than this is replaced when the store is opened: what it sealed stays readable. */
const longestUseMs = 90 * 24 * 60 * 60 * 1000

/**
 * What the sealed store is read and written with.
 *
 * @throws WaymarkError `key_missing` without a master key of the store, `corrupt` if its ring is missing or was changed, `unavailable`
 */
export async function openSeals(options: SealsOptions): Promise<OpenedSeals> {
  const { mayChange, clock, random } = options
  const keeper = new RingKeeper(options)
  const locked = options.keys.length === 0 ? await keeper.locked() : undefined
  for (const key of locked === undefined ? [] : ambientKeys(locked)) keeper.alsoTry(key)
  const isOld = ({ dataKeys }: KeyRing): boolean => clock.now() - (dataKeys.at(-1)?.createdAt ?? 0) > longestUseMs
  let ring = await keeper.read()
  if (mayChange && isOld(ring)) ring = await keeper.change(now => (isOld(now) ? withDataKey(now, random, clock.now()) : now))
  return {
    seals: new Seals(
      ring,
      () => keeper.read(),
      generation => keeper.rings.has(generation),
    ),
    keeper,
  }
}

export interface NewRingOptions extends Omit<RingKeeperOptions, 'keys'> {
  readonly key: MasterKey
  /** What the key is called. */
  readonly name: string
  /** True for a store that holds plain files already. */
  readonly acceptsPlain: boolean
}

/** Makes the ring of a store that has none, durable when it resolves. */
export const makeRing = async (options: NewRingOptions): Promise<void> => (await prepareRing(options))()

/**
 * A ring for a store that has none. What takes its time, or fails, is coming by the key; that is over when this resolves to what puts the ring there.
 *
 * @throws WaymarkError `key_missing`, `invalid`, `unavailable`; what it resolves to throws `conflict` if there is a ring, `unavailable`, `disk_full`
 */
export async function prepareRing(options: NewRingOptions): Promise<() => Promise<void>> {
  const { files, root, storeId, clock, random, key, name, acceptsPlain } = options
  const master = await newMaster(key, name, storeId, clock.now())
  const ring = newRing(storeId, master, acceptsPlain, random, clock.now())
  return async () => {
    const rings = new RingFiles(files, root, clock)
    const before = await rings.read()
    // Of a making of this store that did not come to its end, and whose descriptor is gone.
    const isForeign = !acceptsPlain && before !== undefined && before.storeId !== storeId
    const generation = isForeign ? before.generation + 1 : ring.generation
    if (!(await rings.replace({ ...ring, generation }, random))) throw hasKeys(root)
  }
}

const hasKeys = (root: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `the store ${root} has keys already`,
    means: 'Nothing was changed.',
    remedy: 'See them with: waymark keys list',
  })

/** The entry of a ring for a master key that it does not know yet. */
export async function newMaster(key: MasterKey, name: string, storeId: string, createdAt: number): Promise<NewMaster> {
  const { secret, settings } = await key.newSecret(storeId)
  const { id, publicKey, proofKey } = masterPair(secret, storeId)
  return { id, kind: key.kind, name, createdAt, publicKey, settings, proofKey }
}
