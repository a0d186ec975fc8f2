import { DigestList } from './digest-list.ts'
import { WaymarkError } from './errors.ts'
import { KeyDigester, keyDigestBytes } from './key-digest.ts'
import { flag, KeyTable } from './key-table.ts'

/**
 * Tables that grow one at a time, so that growing never needs twice the memory of the whole. With 64 of them the allocator kept a hundred megabytes of what smaller tables had left: 8 measured
 * least in all.
 */
const tableCount = 8
const tableMask = tableCount - 1
const wordsPerDigest = 3
/** What a key is that a pass meets; `again`: it was met before in this pass. */
export type Met = 'new' | 'recorded' | 'again'

/** Keys whose places are fetched into the processor's cache at once. */
const fetchedAtOnce = 1_000
/** More than an even share that a table may get of many keys: several times the spread. */
const unevenShare = 1.01

/**
 * Keys of the items of a stage, by their digests: which are recorded as finished, and which the pass at hand has met. Ten million of them take 141 MB if it is known that they come, 157 if not; a
 * `Set` of as many texts takes over a gigabyte. Exact but for two keys with equal digests: {@link KeyDigester} says how likely that is.
 */
export class KeySet {
  readonly digester: KeyDigester
  readonly #tables: KeyTable[] = []
  #size = 0
  #isAnyMet = false
  /** Keys there can be in the end. */
  #most = Number.POSITIVE_INFINITY
  /** Marked as recorded already, though no record says so yet: those of {@link finish}, and those that were handed out. */
  readonly #finished = new DigestList()
  readonly #handedOut = new Set<Uint8Array>()
  /** Keys that were announced last, the index of the first of them, their digests, and what each was then. */
  #announced: readonly string[] = []
  #announcedFrom = 0
  #announcedDigests: Int32Array | undefined
  readonly #announcedWas: Met[] = []
  /** Made of what fetched places held: so that no compiler leaves out the reading of it. */
  #fetched = 0

  constructor(salt?: Uint8Array) {
    this.digester = new KeyDigester(salt)
  }

  /** Keys that are recorded. */
  get size(): number {
    return this.#size
  }

  /** Whether this key is recorded. */
  has(key: string): boolean {
    this.digester.digest(key)
    return (this.#flags() & flag.recorded) !== 0
  }

  /** Whether this key is recorded, or was met. */
  knows(key: string): boolean {
    this.digester.digest(key)
    return (this.#flags() & (flag.recorded | flag.met)) !== 0
  }

  /** Notes a key as recorded. */
  add(key: string): void {
    this.digester.digest(key)
    const { low, middle, high } = this.digester
    this.#record(low, middle, high)
  }

  /** Takes a key out of what is recorded. */
  delete(key: string): void {
    this.digester.digest(key)
    const { low, middle, high } = this.digester
    if ((this.#clear(low, middle, high) & flag.recorded) !== 0) this.#size--
  }

  /** Says how many keys there will be in all: the tables then grow to that at last, and not beyond. */
  expect(total: number): void {
    this.#most = total
  }

  /** Notes that the input holds this key; what it was before. */
  meet(key: string): Met {
    const { digester } = this
    digester.digest(key)
    return this.#meet(digester.low, digester.middle, digester.high)
  }

  /**
   * The same as {@link meet} for keys one after another, which is quicker than one by one; those beyond the first thousand are left out. How many were not. What each was is told by
   * {@link announcedWas}.
   *
   * @param from Index of the item of the first key
   */
  announce(keys: readonly string[], from = 0): number {
    const some = keys.length > fetchedAtOnce ? keys.slice(0, fetchedAtOnce) : keys
    this.#announced = some
    this.#announcedFrom = from
    this.#announcedDigests ??= new Int32Array(fetchedAtOnce * wordsPerDigest)
    const digests = this.#announcedDigests
    this.digester.digestAll(some, digests)
    this.#fetch(digests, some.length)
    for (let i = 0, at = 0; i < some.length; i++, at += wordsPerDigest)
      this.#announcedWas[i] = this.#meet(digests[at] ?? 0, digests[at + 1] ?? 0, digests[at + 2] ?? 0)
    return some.length
  }

  /** What the key at this place among those announced last was when it was met. */
  announcedWas(at: number): Met {
    return this.#announcedWas[at] ?? 'new'
  }

  /**
   * Notes that the item of this key is finished, for the next record. It is not recorded before that comes back.
   *
   * @param index Of the item: its digest is at hand if it was among those announced last
   */
  finish(key: string, index = -1): void {
    const { digester } = this
    const at = index - this.#announcedFrom
    if (this.#announcedDigests !== undefined && at >= 0 && this.#announced[at] === key)
      digester.recall(key, this.#announcedDigests, at * wordsPerDigest)
    else digester.digestAgain(key)
    const { low, middle, high } = digester
    // The entry is at hand now. When the record comes back it would have to be searched for, which takes as long as all the rest.
    if ((this.#put(low, middle, high, flag.recorded) & flag.recorded) === 0) this.#finished.push(digester)
  }

  /** Keys that are finished and not handed out yet. */
  get finished(): number {
    return this.#finished.length
  }

  /** Hands over the digests of what is finished: what is given back to {@link addDigests} counts as recorded. */
  takeFinished(): Uint8Array {
    const taken = this.#finished.take()
    if (taken.length > 0) this.#handedOut.add(taken)
    return taken
  }

  /**
   * A pass begins: what an earlier one met counts no more, nor does what it finished and could not record. One sweep over the tables; ten million keys take some hundredths of a second.
   */
  forgetMet(): void {
    this.takeFinished()
    for (const digests of this.#handedOut) this.#unrecord(digests)
    this.#handedOut.clear()
    if (!this.#isAnyMet) return
    this.#isAnyMet = false
    for (const table of this.#tables) table.clearAll(flag.met)
  }

  /**
   * Notes keys as recorded, by their digests one after another.
   *
   * @param most Keys that may still come, these included, if that is known: the tables do not grow beyond what these need
   * @throws WaymarkError `corrupt` if these bytes are not whole digests
   */
  addDigests(bytes: Uint8Array, most?: number): void {
    if (bytes.length % keyDigestBytes !== 0) throw damagedDigests(bytes.length)
    if (this.#handedOut.delete(bytes)) {
      this.#size += bytes.length / keyDigestBytes
      return
    }
    if (most !== undefined) this.#most = this.#size + most
    const digests = unpacked(bytes)
    const perTable = Math.ceil((digests.length / wordsPerDigest / tableCount) * unevenShare)
    for (let n = 0; n < tableCount; n++) this.#table(n).reserve(perTable, (this.#most / tableCount) * unevenShare)
    for (let from = 0; from < digests.length; from += fetchedAtOnce * wordsPerDigest) {
      const some = digests.subarray(from, from + fetchedAtOnce * wordsPerDigest)
      this.#fetch(some, some.length / wordsPerDigest)
      for (let at = 0; at < some.length; at += wordsPerDigest) this.#record(some[at] ?? 0, some[at + 1] ?? 0, some[at + 2] ?? 0)
    }
    // Frees it now: the collector would let dozens of them pile up.
    digests.buffer.transfer(0)
  }

  #unrecord(bytes: Uint8Array): void {
    const digests = unpacked(bytes)
    for (let at = 0; at < digests.length; at += wordsPerDigest)
      this.#clear(digests[at] ?? 0, digests[at + 1] ?? 0, digests[at + 2] ?? 0)
  }

  #meet(low: number, middle: number, high: number): Met {
    this.#isAnyMet = true
    const before = this.#put(low, middle, high, flag.met)
    if ((before & flag.met) !== 0) return 'again'
    return (before & flag.recorded) === 0 ? 'new' : 'recorded'
  }

  #record(low: number, middle: number, high: number): void {
    if ((this.#put(low, middle, high, flag.recorded) & flag.recorded) === 0) this.#size++
  }

  #put(low: number, middle: number, high: number, flags: number): number {
    return this.#table(low).put(low, middle, high, flags, (this.#most / tableCount) * unevenShare)
  }

  /** Flags of an entry before it was no more among the recorded. */
  #clear(low: number, middle: number, high: number): number {
    const table = this.#table(low)
    const at = table.find(low, middle, high)
    if (at < 0) return 0
    const before = table.flagsAt(at)
    table.clear(at, flag.recorded)
    return before
  }

  /** Reads the places of so many digests. One after another, without a look at what is there, they take a fifth of the time that as many searches wait for. */
  #fetch(digests: Int32Array, count: number): void {
    let read = this.#fetched
    for (let at = 0; at < count * wordsPerDigest; at += wordsPerDigest)
      read ^= this.#table(digests[at] ?? 0).touch(digests[at + 1] ?? 0)
    this.#fetched = read
  }

  #flags(): number {
    const { low, middle, high } = this.digester
    const table = this.#table(low)
    const at = table.find(low, middle, high)
    return at < 0 ? 0 : table.flagsAt(at)
  }

  #table(low: number): KeyTable {
    return this.#tables[low & tableMask] ?? this.#makeTables(low)
  }

  #makeTables(low: number): KeyTable {
    while (this.#tables.length < tableCount) this.#tables.push(new KeyTable())
    return this.#tables[low & tableMask] ?? new KeyTable()
  }
}

/** Fewer digests are taken as they come. */
const leastOrdered = 4_096
/** Parts of the tables: each is small enough for the processor's cache. */
const partsPerTable = 128
const partShift = 32 - Math.log2(partsPerTable)

const partOf = (low: number, middle: number): number => (low & tableMask) * partsPerTable + (middle >>> partShift)

/** Digests as words. Many come in the order of the parts of the tables they go to, so that not each of them waits for memory: a third of the time. */
function unpacked(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const digests = new Int32Array((bytes.length / keyDigestBytes) * wordsPerDigest)
  const places = bytes.length < leastOrdered * keyDigestBytes ? undefined : placesOfParts(view)
  let to = 0
  for (let from = 0; from < bytes.length; from += keyDigestBytes) {
    const low = view.getInt32(from, true)
    const middle = view.getInt32(from + 4, true)
    if (places !== undefined) {
      const part = partOf(low, middle)
      to = places[part] ?? 0
      places[part] = to + wordsPerDigest
    }
    digests[to] = low
    digests[to + 1] = middle
    digests[to + 2] = view.getUint16(from + 8, true) | (view.getUint8(from + 10) << 16)
    to += wordsPerDigest
  }
  return digests
}

/** Where the words of the digests of each part begin. */
function placesOfParts(view: DataView): Int32Array {
  const places = new Int32Array(tableCount * partsPerTable + 1)
  for (let from = 0; from < view.byteLength; from += keyDigestBytes) {
    const part = partOf(view.getInt32(from, true), view.getInt32(from + 4, true))
    places[part + 1] = (places[part + 1] ?? 0) + wordsPerDigest
  }
  for (let part = 1; part < places.length; part++) places[part] = (places[part] ?? 0) + (places[part - 1] ?? 0)
  return places
}

function damagedDigests(length: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `digests of keys take ${length} bytes, which is no multiple of ${keyDigestBytes}`,
    means: 'Which items are finished cannot be told; nothing was changed.',
    remedy: 'Run the stage again with --redo STAGE, or put back the store from a backup.',
  })
}
