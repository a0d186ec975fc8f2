import { WaymarkError } from './errors.ts'
import { KeyDigester, keyDigestBytes } from './key-digest.ts'

/**
 * Tables that grow one at a time, so that growing never needs twice the memory of the whole. With 64 of them the allocator kept a hundred megabytes of what smaller tables had left: 8 measured
 * least in all.
 */
const shards = 8
const wordsPerEntry = 3
/** Entries per slot at most, and how much larger a full table becomes: 14 to 18 bytes for each key. */
const fullest = 0.85
const growth = 1.25
const leastSlots = 8

/** What an entry says, in the bits above its digest. A slot without any is empty. */
const flag = { used: 0x100_0000, recorded: 0x200_0000, met: 0x400_0000 } as const
const digestMask = 0xff_ffff

/**
 * Keys of the items of a stage, by their digests: which are recorded as finished, and which the pass at hand has met. Ten million of them take 157 MB; a `Set` of as many texts takes over a
 * gigabyte. Exact but for two keys with equal digests: {@link KeyDigester} says how likely that is.
 */
export class KeySet {
  readonly digester: KeyDigester
  readonly #shards: Shard[] = []
  #size = 0
  #isAnyMet = false

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
    this.#record(this.digester.low, this.digester.middle, this.digester.high)
  }

  /** Takes a key out of what is recorded. */
  delete(key: string): void {
    this.digester.digest(key)
    const { low, middle, high } = this.digester
    const shard = this.#shards[low % shards]
    const at = shard?.find(low, middle, high) ?? -1
    if (shard === undefined || at < 0 || (shard.flagsAt(at) & flag.recorded) === 0) return
    shard.clear(at, flag.recorded)
    this.#size--
  }

  /** Notes that the input holds this key. `again`: it was met before in this pass. */
  meet(key: string): 'new' | 'recorded' | 'again' {
    this.digester.digest(key)
    const { low, middle, high } = this.digester
    this.#isAnyMet = true
    const before = this.#shard(low).put(low, middle, high, flag.met)
    if ((before & flag.met) !== 0) return 'again'
    return (before & flag.recorded) === 0 ? 'new' : 'recorded'
  }

  /** A pass begins: what an earlier one met counts no more. One sweep over the tables; ten million keys take some hundredths of a second. */
  forgetMet(): void {
    if (!this.#isAnyMet) return
    this.#isAnyMet = false
    for (const shard of this.#shards) shard.clearAll(flag.met)
  }

  /**
   * Notes keys as recorded, by their digests one after another.
   *
   * @throws WaymarkError `corrupt` if these bytes are not whole digests
   */
  addDigests(bytes: Uint8Array): void {
    if (bytes.length % keyDigestBytes !== 0) throw damagedDigests(bytes.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < bytes.length; at += keyDigestBytes) {
      const high = view.getUint16(at + 8, true) | (view.getUint8(at + 10) << 16)
      this.#record(view.getUint32(at, true), view.getUint32(at + 4, true), high)
    }
  }

  #record(low: number, middle: number, high: number): void {
    if ((this.#shard(low).put(low, middle, high, flag.recorded) & flag.recorded) === 0) this.#size++
  }

  #flags(): number {
    const { low, middle, high } = this.digester
    const shard = this.#shards[low % shards]
    const at = shard?.find(low, middle, high) ?? -1
    return at < 0 ? 0 : (shard?.flagsAt(at) ?? 0)
  }

  #shard(low: number): Shard {
    const known = this.#shards[low % shards]
    if (known !== undefined) return known
    while (this.#shards.length < shards) this.#shards.push(new Shard())
    return this.#shards[low % shards] ?? new Shard()
  }
}

/** A table with open addressing, its entries in the order of a part of their digests, so that it grows in one sweep from front to back. */
class Shard {
  #slots = leastSlots
  #words = new Uint32Array(leastSlots * wordsPerEntry)
  #used = 0

  /** Place of an entry, or the complement of the empty place where it belongs. */
  find(low: number, middle: number, high: number): number {
    const words = this.#words
    let at = Math.floor((middle / 0x1_0000_0000) * this.#slots) * wordsPerEntry
    for (;;) {
      const top = words[at + 2] ?? 0
      if (top === 0) return ~at
      if (words[at] === low && words[at + 1] === middle && (top & digestMask) === high) return at
      at += wordsPerEntry
      if (at === words.length) at = 0
    }
  }

  flagsAt(at: number): number {
    return this.#words[at + 2] ?? 0
  }

  clear(at: number, flags: number): void {
    this.#words[at + 2] = (this.#words[at + 2] ?? 0) & ~flags
  }

  clearAll(flags: number): void {
    const words = this.#words
    for (let at = 2; at < words.length; at += wordsPerEntry) words[at] = (words[at] ?? 0) & ~flags
  }

  /** Sets flags of an entry, which is made if it is not there; what its flags were before. */
  put(low: number, middle: number, high: number, flags: number): number {
    const at = this.find(low, middle, high)
    if (at >= 0) {
      const before = this.#words[at + 2] ?? 0
      this.#words[at + 2] = before | flags
      return before
    }
    this.#insert(~at, low, middle, high | flag.used | flags)
    if (++this.#used > this.#slots * fullest) this.#grow()
    return 0
  }

  #insert(at: number, low: number, middle: number, top: number): void {
    this.#words[at] = low
    this.#words[at + 1] = middle
    this.#words[at + 2] = top
  }

  #grow(): void {
    const before = this.#words
    this.#slots = Math.ceil(this.#slots * growth)
    this.#words = new Uint32Array(this.#slots * wordsPerEntry)
    for (let at = 0; at < before.length; at += wordsPerEntry) {
      const top = before[at + 2] ?? 0
      if (top === 0) continue
      const [low, middle] = [before[at] ?? 0, before[at + 1] ?? 0]
      this.#insert(~this.find(low, middle, top & digestMask), low, middle, top)
    }
    // Frees it now: the collector would let many of these pile up.
    before.buffer.transfer(0)
  }
}

function damagedDigests(length: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `digests of keys take ${length} bytes, which is no multiple of ${keyDigestBytes}`,
    means: 'Which items are finished cannot be told; nothing was changed.',
    remedy: 'Run the stage again with --redo STAGE, or put back the store from a backup.',
  })
}

/** Digests of keys one after another, as a record holds them. */
export class DigestList {
  #bytes = Buffer.allocUnsafe(keyDigestBytes * 64)
  #length = 0

  /** How many. */
  get length(): number {
    return this.#length / keyDigestBytes
  }

  push({ low, middle, high }: KeyDigester): void {
    if (this.#length + keyDigestBytes > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(this.#bytes.length * 2)
      this.#bytes.copy(grown)
      this.#bytes = grown
    }
    const bytes = this.#bytes
    let at = this.#length
    at = bytes.writeUInt32LE(low, at)
    at = bytes.writeUInt32LE(middle, at)
    at = bytes.writeUInt16LE(high & 0xffff, at)
    this.#length = bytes.writeUInt8(high >>> 16, at)
  }

  /** Hands over what there is and begins anew; the result is never written to again. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = Buffer.allocUnsafe(keyDigestBytes * 64)
    this.#length = 0
    return taken
  }
}
