import { type TableMark, tableMarkOf } from '../tables/table-mark.ts'
import type { CodecRegistry } from './codec.ts'
import { type ContainerSteps, containerKind, type LargeContainers } from './container-steps.ts'
import type { OutlineNotes } from './outline-notes.ts'
import type { StoredKey } from './stored-keys.ts'
import { ValueEncoder } from './value-encoder.ts'

export interface StepSizes {
  /** A part with a shorter encoding is one step. */
  readonly bytes: number
  /** A part with more objects is more than one step. */
  readonly objects: number
}

interface OpenContainer {
  readonly value: object
  readonly start: number
  readonly steps: ContainerSteps
  /** The key under which it is. */
  readonly site: StoredKey
}

/**
 * Writes the same bytes as {@link ValueEncoder}, in short steps. What is small is tried to be written whole, at full speed; what
 * proves larger is taken back and entered. One step, however long, are: a text, a typed array, a table, a key of a Map, the list of the keys
 * of one object, an Error, what a codec stores for an instance, and objects of another realm.
 */
export class SteppedEncoder {
  readonly encoder: ValueEncoder
  readonly #codecs: CodecRegistry
  readonly #notes: OutlineNotes | undefined
  readonly #sizes: StepSizes
  readonly #large: LargeContainers | undefined
  readonly #open: OpenContainer[] = []

  constructor(codecs: CodecRegistry, notes: OutlineNotes | undefined, sizes: StepSizes, large?: LargeContainers) {
    this.encoder = new ValueEncoder(codecs, false, notes)
    this.#codecs = codecs
    this.#notes = notes
    this.#sizes = sizes
    this.#large = large
  }

  /** Writes the value, or begins to. */
  begin(value: unknown): void {
    this.#guarded(() => this.#write(value))
  }

  /** Writes on, for so many steps, or until about so much was written; false when all is. */
  advance(steps: number, bytes: number = Number.POSITIVE_INFINITY): boolean {
    return this.#guarded(() => {
      const end = this.encoder.out.position + bytes
      for (let left = steps; left > 0 && this.#open.length > 0 && this.encoder.out.position < end; left--) this.#step()
      return this.#open.length > 0
    })
  }

  #guarded<Result>(run: () => Result): Result {
    try {
      return run()
    } catch (error) {
      throw this.encoder.explained(error)
    }
  }

  #step(): void {
    const open = this.#open.at(-1)
    if (open === undefined) return
    if (!open.steps.advance()) {
      this.#open.pop()
      this.#end(open)
      this.#open.at(-1)?.steps.wrote()
    } else if (this.#write(open.steps.child)) {
      open.steps.wrote()
    }
  }

  /** True if it was written, false if it was begun. */
  #write(value: unknown): boolean {
    const { encoder } = this
    if (typeof value !== 'object' || value === null) {
      encoder.write(value)
      return true
    }
    const mark = tableMarkOf(value)
    if (mark !== undefined) return this.#writeTable(value, mark)
    if (this.#large?.replace(value, encoder) || encoder.attempt(value, this.#sizes.bytes, this.#sizes.objects)) return true
    return !this.#begin(value)
  }

  /** In one step, and like a container where it is large: what is not changed is not read again. */
  #writeTable(value: object, mark: TableMark): true {
    const { encoder } = this
    if (this.#large?.replace(value, encoder)) return true
    const { bytes } = encoder.tables.prepare(value, mark, encoder.ancestors.pathTo(value))
    const isLarge = bytes >= this.#sizes.bytes
    if (isLarge) this.#large?.begin(encoder.out)
    encoder.write(value)
    if (isLarge) this.#large?.end(value, encoder)
    return true
  }

  #begin(value: object): boolean {
    const { encoder } = this
    const start = encoder.out.position
    const begin = this.#codecs.forPrototype(Object.getPrototypeOf(value)) === undefined ? containerKind(value) : undefined
    if (begin === undefined) {
      encoder.write(value)
      return false
    }
    this.#large?.begin(encoder.out)
    encoder.ancestors.enter(value)
    encoder.check(value)
    const { site } = encoder
    const steps = begin(encoder, this.#large)
    this.#open.push({ value, start, steps, site })
    return true
  }

  #end({ value, start, steps, site }: OpenContainer): void {
    this.encoder.site = site
    if (steps.marks !== undefined) this.#notes?.addMarks(steps.marks)
    this.encoder.leave(value, start)
    this.#large?.end(value, this.encoder)
  }
}
