import type { Buffer } from 'node:buffer'
import type { ByteWriter } from './byte-writer.ts'
import type { LargeContainers } from './container-steps.ts'
import type { KnownSubtree, KnownSubtrees, Subtree, SubtreeTables } from './known-subtrees.ts'
import type { OutlineNotes } from './outline-notes.ts'

import type { ValueEncoder } from './value-encoder.ts'

/** Stands between the pieces of an encoding. */
export class SubtreeMarker {
  readonly kind: 'known' | 'begin' | 'end'
  readonly subtree: Subtree

  constructor(kind: SubtreeMarker['kind'], subtree: Subtree) {
    this.kind = kind
    this.subtree = subtree
  }

  /** Bytes it stands for. */
  get length(): number {
    return this.kind === 'known' ? this.subtree.length : 0
  }

  get isVoid(): boolean {
    return this.subtree instanceof NewSubtree && !this.subtree.isMarked
  }
}

class NewSubtree implements Subtree {
  length = 0
  chunks: unknown
  /** False if it shall be parts like all others after all. */
  isMarked = true
}

interface OpenSubtree {
  readonly subtree: NewSubtree
  readonly start: number
  /** Index of the first element, of a run of elements. */
  readonly first: number
}

/** Plain objects, arrays, Maps and Sets whose encoding is at least this long are remembered. */
export const rememberedBytes = 16 * 1024
const longestRun = 64 * 1024
/** How much longer than {@link rememberedBytes} a run becomes on average. */
const meanRest = 8 * 1024

/**
 * Puts known subtrees in the place of their bytes, and marks where new ones begin and end. The small elements of an array are
 * gathered in runs, which are remembered like subtrees: else one changed element would mean encoding all of them. A run ends after
 * an element that its own bytes choose, so that runs after a change are those of before.
 */
export class SubtreeMarkers implements LargeContainers {
  readonly #known: KnownSubtrees
  readonly #notes: OutlineNotes | undefined
  readonly #open: OpenSubtree[] = []
  readonly #onRemember: (() => void)[] = []

  constructor(known: KnownSubtrees, notes: OutlineNotes | undefined) {
    this.#known = known
    this.#notes = notes
  }

  replace(value: object, encoder: ValueEncoder): boolean {
    const { out, ancestors } = encoder
    const known = this.#known.find(value, ancestors.depth)
    if (known === undefined) return false
    this.#endRun(out)
    if (known.tables !== undefined) this.#adoptTables(known.tables, value, encoder)
    this.#insertKnown(known, out)
    return true
  }

  begin(out: ByteWriter): void {
    this.#endRun(out)
    this.#begin(out, -1)
  }

  end(value: object, encoder: ValueEncoder): void {
    const {
      out,
      ancestors: { depth },
    } = encoder
    this.#endRun(out)
    const tables = tablesIn(value, this.#open.at(-1)?.start ?? 0, encoder)
    const subtree = this.#end(out)
    const note = this.#notes?.latest
    this.#onRemember.push(() => this.#known.remember(value, { subtree, depth, note, tables }))
  }

  beginElement(array: readonly unknown[], index: number, { out, ancestors }: ValueEncoder): number {
    const element = array[index]
    if (typeof element !== 'object' || element === null || this.#isInRun) return 0
    const run = this.#known.findRun(array, index, element, ancestors.depth)
    if (run === undefined) {
      this.#begin(out, index)
      return 0
    }
    this.#insertKnown(run, out)
    return run.elements.length
  }

  endElement(array: readonly unknown[], index: number, start: number, encoder: ValueEncoder): void {
    const {
      out,
      ancestors: { depth },
    } = encoder
    const run = this.#open.at(-1)
    if (run === undefined || run.first < 0) return
    // What a run holds has no places of its own, and a table must be found where it is.
    if (encoder.tables.since(run.start).length > 0) return this.#endRun(out)
    const length = out.position - run.start
    if (length < rememberedBytes) return
    const chance = (out.position - start) / meanRest
    if (length < longestRun && chance < 1 && sampledHash(out.since(start)) / 2 ** 32 >= chance) return
    const subtree = this.#end(out)
    const elements = array.slice(run.first, index + 1)
    const first = elements[0]
    if (typeof first !== 'object' || first === null) return
    this.#onRemember.push(() => this.#known.rememberRun(first, { subtree, depth, note: undefined, tables: undefined, elements }))
  }

  /** From now on what was written is known. */
  remember(): void {
    for (const remember of this.#onRemember) remember()
  }

  get #isInRun(): boolean {
    return (this.#open.at(-1)?.first ?? -1) >= 0
  }

  /** Something that is not part of a run begins, or the array ends. What came so far is not remembered: more might come next time. */
  #endRun(out: ByteWriter): void {
    if (this.#isInRun) this.#end(out).isMarked = false
  }

  #adoptTables({ tables, path, start }: SubtreeTables, value: object, { out, ancestors, tables: written }: ValueEncoder): void {
    const to = ancestors.pathTo(value)
    written.adopt(tables.map(table => table.moved(path, to, out.position + table.start - start)))
  }

  #insertKnown({ subtree, note }: KnownSubtree, out: ByteWriter): void {
    const start = out.position
    out.insert(new SubtreeMarker('known', subtree), subtree.length)
    if (note !== undefined) this.#notes?.adopt({ ...note, key: undefined, start })
  }

  #begin(out: ByteWriter, first: number): void {
    const subtree = new NewSubtree()
    this.#open.push({ subtree, start: out.position, first })
    out.insert(new SubtreeMarker('begin', subtree), 0)
  }

  #end(out: ByteWriter): NewSubtree {
    const open = this.#open.pop()
    if (open === undefined) throw new Error('more ends than beginnings')
    open.subtree.length = out.position - open.start
    out.insert(new SubtreeMarker('end', open.subtree), 0)
    return open.subtree
  }
}

function tablesIn(value: object, start: number, { tables, ancestors }: ValueEncoder): SubtreeTables | undefined {
  const found = tables.since(start)
  return found.length === 0 ? undefined : { tables: found, path: ancestors.pathTo(value), start }
}

/** A number from 0 to 2^32 - 1, made of the length and 16 words at even distances. */
function sampledHash(bytes: Buffer): number {
  let hash = bytes.length
  for (let word = 0; word < 16 && bytes.length >= 4; word++) {
    hash = Math.imul(hash ^ bytes.readInt32LE(Math.floor((word * (bytes.length - 4)) / 15)), 0x9e37_79b1)
    hash ^= hash >>> 15
  }
  return Math.imul(hash, 0x85eb_ca6b) >>> 0
}
