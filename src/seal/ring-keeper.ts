import type { FileSystem } from '../files/file-system.ts'
import type { Clock, Random } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { isGenuine, type KeyRing, type LockedRing, type Master, openRing, ringSecretFor } from './key-ring.ts'
import type { MasterKey } from './master-key.ts'
import { type MasterPair, masterPair } from './master-pair.ts'
import { foreignRing, keyTakenAway, noKey, noRing, wrongKey } from './missing-key.ts'
import { provenRing, RingFiles } from './ring-files.ts'

export interface RingKeeperOptions {
  readonly files: FileSystem
  /** Folder of the store. */
  readonly root: string
  readonly storeId: string
  readonly clock: Clock
  readonly random: Random
  /** Tried one after another. */
  readonly keys: readonly MasterKey[]
}

/** A change that others keep coming before is given up after so many attempts. */
const mostAttempts = 20

/** The ring of one store as long as the store is open: opened with a master key once, read again as often as need be, changed. */
export class RingKeeper {
  readonly rings: RingFiles
  readonly #options: RingKeeperOptions
  #keys: readonly MasterKey[]
  #secret: Uint8Array | undefined
  #openedBy: string | undefined
  /** Of the newest ring that was read: an older one is never taken after it. */
  #generation = 0

  constructor(options: RingKeeperOptions) {
    this.#options = options
    this.#keys = options.keys
    this.rings = new RingFiles(options.files, options.root, options.clock)
  }

  /** Id of the master key that opened it. */
  get openedBy(): string | undefined {
    return this.#openedBy
  }

  /** The ring as it is locked: what anybody can see of it. Undefined if there is none. */
  locked(): Promise<LockedRing | undefined> {
    return this.rings.read()
  }

  /**
   * The ring as it is now.
   *
   * @throws WaymarkError `key_missing` if none of the keys is a master key of it (any more), `corrupt` if it is missing, was changed, or is older than one that was read before, `unavailable`
   */
  async read(): Promise<KeyRing> {
    const { root } = this.#options
    const locked = await this.rings.read()
    if (locked === undefined) throw noRing(root)
    if (locked.generation < this.#generation) throw olderRing(root, locked.generation, this.#generation)
    const known = this.#secret && openRing(locked, this.#secret)
    const ring = known ?? (await this.#open(locked))
    this.#secret = ring.ringSecret
    this.#generation = ring.generation
    return ring
  }

  /** Which of the master keys of the ring these are, by id; those that cannot be come by are left out. */
  opens(keys: readonly MasterKey[] = []): Promise<ReadonlySet<string>> {
    return this.openedWith(...this.#keys, ...keys)
  }

  /** As {@link opens}, of these keys alone. */
  async openedWith(...keys: readonly MasterKey[]): Promise<ReadonlySet<string>> {
    const locked = await this.rings.read()
    const found = new Set<string>()
    for (const key of keys)
      for (const master of locked?.masters ?? []) {
        if (locked === undefined || found.has(master.id) || !mayBe(key.kind, master.kind)) continue
        const pair = await this.#pairOf(key, master).catch(ignoreMissing)
        const ring = pair && openRingFor(locked, pair)
        if (ring !== undefined && pair !== undefined && isGenuine(ring, pair)) found.add(master.id)
      }
    return found
  }

  /** Also tried from now on where the ring has to be opened. */
  alsoTry(key: MasterKey): void {
    this.#keys = [key, ...this.#keys]
  }

  /**
   * Changes the ring; what another process changes meanwhile stays. Durable when it resolves.
   *
   * @param next the changed ring, or the same one if there is nothing to change; called again if another process was faster, or if that is not certain
   * @throws WaymarkError as {@link read}, `disk_full`, what `next` throws
   */
  async change(next: (ring: KeyRing) => KeyRing): Promise<KeyRing> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const ring = await this.read()
      const changed = next(ring)
      // One above it that is being written may have been made without what this ring says.
      if (changed === ring && !(await this.rings.isUnsettled(ring))) return ring
      if (!(await this.rings.replace({ ...changed, generation: ring.generation + 1 }, this.#options.random))) continue
      this.#secret = changed.ringSecret
      return this.read()
    }
    throw new WaymarkError('unavailable', {
      message: `other processes keep changing the keys of the store ${this.#options.root}`,
      means: 'The keys were not changed by this one.',
      remedy: 'Try again once nobody else changes them.',
      retryable: true,
    })
  }

  async #open(locked: LockedRing): Promise<KeyRing> {
    const { root } = this.#options
    let failure: unknown
    for (const key of this.#keys)
      for (const master of locked.masters) {
        if (!mayBe(key.kind, master.kind)) continue
        // Another one may open it while a service is away, say.
        const pair = await this.#pairOf(key, master).catch((error: unknown) => {
          ignoreMissing(error)
          failure ??= error
        })
        const secret = pair && ringSecretFor(locked, pair)
        if (pair === undefined || secret === undefined) continue
        const ring = provenRing(locked, secret)
        if (!isGenuine(ring, pair)) throw foreignRing(root)
        this.#openedBy = master.id
        return ring
      }
    if (failure !== undefined) throw failure
    if (this.#secret !== undefined) throw keyTakenAway(root, locked)
    throw this.#keys.length === 0 ? noKey(root, locked) : wrongKey(root, locked, this.#keys)
  }

  /** The master key, if it is this one. */
  async #pairOf(key: MasterKey, master: Master): Promise<MasterPair | undefined> {
    const { storeId } = this.#options
    const secret = await key.secretFor(master.settings, storeId)
    const pair = secret && masterPair(secret, storeId)
    return pair?.id === master.id ? pair : undefined
  }
}

function openRingFor(locked: LockedRing, pair: MasterPair): KeyRing | undefined {
  const secret = ringSecretFor(locked, pair)
  return secret && openRing(locked, secret)
}

/** A secret that is given as it is opens its entry wherever it is kept by now. */
const plainKinds = ['file', 'variable', 'command']

const mayBe = (kind: string, entry: string): boolean =>
  kind === entry || (plainKinds.includes(kind) && plainKinds.includes(entry))

function ignoreMissing(error: unknown): undefined {
  if (error instanceof WaymarkError && ['key_missing', 'unavailable', 'unsupported'].includes(error.code)) return undefined
  throw error
}

const olderRing = (root: string, found: number, known: number): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `the key ring of the store ${root} is an older one (${found}) than before (${known})`,
    means: 'Somebody put back an older copy. Nothing was read or written with it.',
    remedy: `Put back keys/ring.${known}.json from a backup, or, if the older one is meant, open the store again.`,
  })
