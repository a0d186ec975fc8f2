const wordsPerEntry = 3
const leastSlots = 8
/** Tables of fewer slots have room to spare: a new entry is then placed after 4 looks, where in a table that is full to 0.85 it takes 23. */
const roomySlots = 1 << 18
/** Entries per slot at most, and how much larger a full table becomes: 14 to 18 bytes for each key in a large one. */
const fullestOf = (slots: number): number => (slots < roomySlots ? 0.6 : 0.85)
const growthOf = (slots: number): number => (slots < roomySlots ? 2 : 1.25)
/** How much larger it becomes at most where that makes room for all that can come: each time it grows, the memory of before is left in pieces that no larger table fits into. */
const mostGrowth = 256

/** Slots of a table with room for so many entries. */
function slotsFor(entries: number): number {
  const slots = Math.ceil(entries / fullestOf(roomySlots)) + leastSlots
  return slots < roomySlots ? Math.ceil(entries / fullestOf(slots)) + leastSlots : slots
}

/** What an entry says, in the bits above its digest. A slot without any is empty. */
export const flag = { used: 0x100_0000, recorded: 0x200_0000, met: 0x400_0000 } as const
const digestMask = 0xff_ffff

/**
 * Digests of 88 bits with flags, in open addressing. The entries are in the order of their middle words, so that it grows in one sweep from front to back.
 */
export class KeyTable {
  #slots = leastSlots
  #words = new Int32Array(leastSlots * wordsPerEntry)
  #used = 0
  /** Entries with which it becomes larger. */
  #full = Math.floor(leastSlots * fullestOf(leastSlots))

  /** Place of an entry, or the complement of the empty place where it belongs. */
  find(low: number, middle: number, high: number): number {
    const words = this.#words
    let at = this.#home(middle)
    for (;;) {
      const top = words[at + 2] ?? 0
      if (top === 0) return ~at
      if (words[at] === low && words[at + 1] === middle && (top & digestMask) === high) return at
      at += wordsPerEntry
      if (at === words.length) at = 0
    }
  }

  /** Reads where an entry would be, and nothing more: of many such reads one after another the processor waits for all at once. */
  touch(middle: number): number {
    return this.#words[this.#home(middle)] ?? 0
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

  /**
   * Sets flags of an entry, which is made if it is not there; what its flags were before.
   *
   * @param most Entries there can be in the end, as far as that is known
   */
  put(low: number, middle: number, high: number, flags: number, most: number): number {
    const at = this.find(low, middle, high)
    if (at >= 0) {
      const before = this.#words[at + 2] ?? 0
      this.#words[at + 2] = before | flags
      return before
    }
    this.#set(~at, low, middle, high | flag.used | flags)
    if (++this.#used > this.#full) this.#grow(most)
    return 0
  }

  /**
   * Makes room for so many entries more, so that they may come in the order of their middle words: in a table that grows meanwhile they would all lie at its front, in one row that each of them
   * goes along from its place to the end.
   *
   * @param most Entries there can be in the end, as far as that is known
   */
  reserve(more: number, most: number): void {
    while (this.#used + more > this.#full) this.#grow(most, this.#used + more)
  }

  #home(middle: number): number {
    return Math.floor(((middle >>> 0) / 0x1_0000_0000) * this.#slots) * wordsPerEntry
  }

  #set(at: number, low: number, middle: number, top: number): void {
    this.#words[at] = low
    this.#words[at + 1] = middle
    this.#words[at + 2] = top
  }

  /** @param wanted Entries for which there must be room */
  #grow(most: number, wanted = 0): void {
    const before = this.#words
    const slots = this.#slots
    const least = Math.max(slots, slotsFor(wanted))
    const enough = slotsFor(most)
    this.#slots = enough > slots && enough <= least * mostGrowth ? enough : Math.max(least, Math.ceil(slots * growthOf(slots)))
    this.#full = Math.floor(this.#slots * fullestOf(this.#slots))
    this.#words = new Int32Array(this.#slots * wordsPerEntry)
    const words = this.#words
    for (let from = 0; from < before.length; from += wordsPerEntry) {
      const top = before[from + 2] ?? 0
      if (top === 0) continue
      const middle = before[from + 1] ?? 0
      let at = this.#home(middle)
      while (words[at + 2] !== 0) at = at + wordsPerEntry === words.length ? 0 : at + wordsPerEntry
      this.#set(at, before[from] ?? 0, middle, top)
    }
    // Frees it now: the collector would let many of these pile up.
    before.buffer.transfer(0)
  }
}
