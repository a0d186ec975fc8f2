import { types } from 'node:util'
import { isArrowTable } from '../tables/arrow-bridge.ts'
import { type TableMark, tableMarkOf } from '../tables/table-mark.ts'
import { Ancestors } from './ancestors.ts'
import { builtinWriters, checkCount, type ItemSink, writeBigInt, writeRegistered } from './builtin-writers.ts'
import { attemptEnded, ByteWriter } from './byte-writer.ts'
import { major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import type { CodecRegistry } from './codec.ts'
import { explainedError, instanceWithinItself, tooSparse } from './encoding-errors.ts'
import { writeError } from './error-writer.ts'
import { localPrototype } from './local-prototype.ts'
import { ObjectSampling } from './object-sampling.ts'
import { ArrayMarks, guessedKey, mostRootKeys, notedBytes, type OutlineNotes } from './outline-notes.ts'
import { isForInExact, ownPropertyCount } from './own-property-count.ts'
import { findExtraProperty, findUnstorableProperty, type UnstorableProperty } from './property-check.ts'
import { refusedValue } from './refused-value.ts'
import { SharedReferences } from './shared-references.ts'
import { type KeyGuess, mostStoredKeys, StoredKeys } from './stored-keys.ts'
import { TableWriter } from './table-writer.ts'
import { refusalOfPrototype, refusalOfType, unmarkedTable } from './unstorable-kinds.ts'
import { joinPath } from './value-path.ts'

/** Holes cost three bytes each: a sparse array like `a[4e9] = 1` must not fill the memory. */
const mostHoles = 1_000_000
/** The first element of an array whose position is looked at. */
const markedFrom = 16

/** Writes one value. `release` it when done. */
export class ValueEncoder implements ItemSink {
  readonly out = new ByteWriter()
  readonly #keys = StoredKeys.current
  readonly #isForInExact = isForInExact()
  readonly #codecs: CodecRegistry
  readonly #references: SharedReferences | undefined
  readonly #notes: OutlineNotes | undefined
  readonly #keepsTables: boolean
  readonly ancestors = new Ancestors()
  readonly tables = new TableWriter()
  readonly #sampling = new ObjectSampling()
  /** The key under which objects are being written. */
  site = this.#keys.root

  /**
   * @param notes where to note what is large, if anywhere
   * @param keepsTables false: what is marked as a table is written as what it is without the mark
   */
  constructor(codecs: CodecRegistry, withReferences: boolean, notes?: OutlineNotes, keepsTables = true) {
    this.#keepsTables = keepsTables
    this.#codecs = codecs
    this.#references = withReferences ? new SharedReferences() : undefined
    this.#notes = notes
  }

  /** Writes the whole value. */
  encode(value: unknown): void {
    try {
      this.write(value)
    } catch (error) {
      throw this.explained(error)
    }
  }

  /** What was written, in memory of its own. */
  copy(): Uint8Array {
    return this.#references?.insertInto(this.out.copy()) ?? this.out.copy()
  }

  release(): void {
    this.out.release()
  }

  /**
   * Writes a value if its encoding is shorter than `bytes` and holds fewer objects than about `objects`; else writes nothing and
   * returns false. Codecs are then asked for what they have to store again.
   */
  attempt(value: object, bytes: number, objects: number): boolean {
    const depth = this.ancestors.depth
    const site = this.site
    const start = this.out.beginAttempt(bytes)
    this.#sampling.beginAttempt(objects)
    try {
      this.write(value)
      if (this.out.endAttempt()) return true
    } catch (error) {
      if (error !== attemptEnded) throw error
      this.out.endAttempt()
    } finally {
      this.#sampling.endAttempt()
    }
    this.out.rewind(start)
    this.#notes?.dropFrom(start)
    this.tables.dropFrom(start)
    this.ancestors.depth = depth
    this.site = site
    return false
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.out.text(value)
      case 'number':
        return this.out.number(value)
      case 'object':
        return value === null ? this.out.byte(simple.null) : this.#object(value)
      case 'boolean':
        return this.out.byte(value ? simple.true : simple.false)
      case 'undefined':
        return this.out.byte(simple.undefined)
      case 'bigint':
        return writeBigInt(value, this)
      default: {
        const { problem, remedy } = refusalOfType(typeof value)
        throw refusedValue(this.ancestors.pathTo(value), problem, remedy)
      }
    }
  }

  #object(value: object): void {
    if (this.#references?.meet(value, this.out.position)) return this.#checkReference(value)
    const notes = this.#notes
    const start = notes === undefined ? 0 : this.out.position
    this.ancestors.enter(value)
    const prototype: object | null = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) this.writeProperties(value)
    else if (prototype === Array.prototype && Array.isArray(value)) this.#array(value)
    else this.#otherObject(value, prototype)
    if (notes === undefined) this.ancestors.depth--
    else this.leave(value, start)
  }

  /** A container that was entered is complete. */
  leave(value: object, start: number): void {
    this.ancestors.depth--
    const length = this.out.position - start
    if (length >= notedBytes) this.#notes?.add(start, length, guessedKey(this.ancestors.innermost, this.site.text, value))
  }

  /** A plain object, and what is stored as one. */
  writeProperties(value: object): void {
    if (this.#sampling.isChecked()) this.#refuse(findUnstorableProperty(value))
    this.#properties(value)
  }

  /** The map of the own enumerable properties with string keys. */
  #properties(value: object): void {
    // Any object can be read by any key; TypeScript has no other way to say so.
    const record = value as Readonly<Record<string, unknown>>
    const count = ownPropertyCount(record, this.#isForInExact)
    this.out.head(major.map, count)
    const written = count > mostStoredKeys ? this.#dictionary(record) : this.#record(record)
    checkCount(written, count)
  }

  #dictionary(object: Readonly<Record<string, unknown>>): number {
    let count = 0
    for (const name in object) {
      if (!this.#isForInExact && !Object.hasOwn(object, name)) continue
      this.out.text(name)
      this.write(object[name])
      if (this.#notes !== undefined) this.wroteEntry(name)
      count++
    }
    return count
  }

  /** Names what was noted under a key that need not be among the {@link StoredKeys}, and lists the keys of the value itself. */
  wroteEntry(key: unknown): void {
    const notes = this.#notes
    if (notes === undefined) return
    if (this.ancestors.depth === 1 && notes.rootEnds.length <= mostRootKeys) notes.rootEnds.push(this.out.position)
    const { latest } = notes
    if (latest === undefined) return
    notes.latest = undefined
    if (typeof key === 'string' && latest.start + latest.length === this.out.position) latest.key = key
  }

  #record(object: Readonly<Record<string, unknown>>): number {
    const ends = this.ancestors.depth === 1 ? this.#notes?.rootEnds : undefined
    const site = this.site
    let guess = site.inside
    let count = 0
    for (const name in object) {
      if (!this.#isForInExact && !Object.hasOwn(object, name)) continue
      const key = guess.recent
      if (key !== undefined && key.text === name) {
        this.out.key(key)
        this.site = key
        guess = key.following
      } else {
        guess = this.#newKey(name, guess)
      }
      this.write(object[name])
      if (ends !== undefined) ends.push(this.out.position)
      count++
    }
    this.site = site
    return count
  }

  /** Writes a key that was not the one guessed. Returns the guess for the next key. */
  #newKey(name: string, guess: KeyGuess): KeyGuess {
    const key = this.#keys.find(name)
    if (key === undefined) {
      this.out.text(name)
      return guess
    }
    guess.learn(key)
    this.out.key(key)
    this.site = key
    return key.following
  }

  /** Writes the key of a property whose value is written next. */
  key(name: string, isStored: boolean): void {
    const key = isStored ? this.#keys.find(name) : undefined
    if (key === undefined) return this.out.text(name)
    this.out.key(key)
    this.site = key
  }

  /** Refuses an object with properties that would be lost. Not every object is looked at. */
  check(value: object): void {
    if (!this.#sampling.isChecked()) return
    const prototype: unknown = Object.getPrototypeOf(value)
    const isPlain = prototype === null || prototype === Object.prototype
    this.#refuse(isPlain ? findUnstorableProperty(value) : findExtraProperty(value))
  }

  #array(value: readonly unknown[]): void {
    if (this.#sampling.isChecked()) this.#refuse(findExtraProperty(value))
    const mark = this.#keepsTables ? tableMarkOf(value) : undefined
    if (mark !== undefined) return this.#table(value, mark)
    const length = value.length
    let holes = 0
    let marks: ArrayMarks | undefined
    let look = this.#notes === undefined ? -1 : markedFrom
    const start = this.out.position
    this.out.head(major.array, length)
    for (let index = 0; index < length; index++) {
      if (index === look) {
        marks ??= new ArrayMarks(start)
        look = marks.look(index, this.out.position)
      }
      const element = value[index]
      if (element === undefined && !Object.hasOwn(value, index)) {
        this.hole(++holes)
      }
      this.write(element)
    }
    if (marks !== undefined) this.#notes?.addMarks(marks)
  }

  #table(value: object, mark: TableMark): void {
    this.tables.write(value, mark, this.ancestors.path(), this.out.position, this)
  }

  /** Marks that the element written next, as undefined, is absent: the `count`th of its array. */
  hole(count: number): void {
    if (count > mostHoles) throw tooSparse(this.ancestors.path(), mostHoles)
    this.out.head(major.tag, cborTag.absent)
  }

  #otherObject(value: object, prototype: object | null): void {
    if (prototype === null) {
      this.out.head(major.tag, cborTag.nullPrototype)
      return this.writeProperties(value)
    }
    const mark = this.#keepsTables ? tableMarkOf(value) : undefined
    if (mark !== undefined) return this.#table(value, mark)
    const codec = this.#codecs.forPrototype(prototype)
    if (codec !== undefined) return writeRegistered(codec, value, this)
    if (this.#builtin(value, prototype)) return
    if (types.isNativeError(value) || value instanceof DOMException) return writeError(value, this)
    const local = localPrototype(prototype)
    if (local === Object.prototype) return this.writeProperties(value)
    if (local === Array.prototype && Array.isArray(value)) return this.#array(value)
    if (local !== prototype && this.#builtin(value, local)) return
    const { problem, remedy } = isArrowTable(value) ? unmarkedTable : refusalOfPrototype(prototype, builtinWriters.has(local))
    throw refusedValue(this.ancestors.path(), problem, remedy)
  }

  #builtin(value: object, prototype: object): boolean {
    const writer = builtinWriters.get(prototype)
    if (writer === undefined) return false
    if (this.#sampling.isChecked()) this.#refuse(findExtraProperty(value))
    return writer(value, this)
  }

  /** An object that stands for one written before. Its codec would be asked for an instance before it has made it. */
  #checkReference(value: object): void {
    const codec = this.#codecs.forPrototype(Object.getPrototypeOf(value))
    if (codec === undefined || !this.ancestors.has(value)) return
    throw instanceWithinItself(this.ancestors.pathTo(value), codec.tag)
  }

  #refuse(found: UnstorableProperty | undefined): void {
    if (found !== undefined) throw refusedValue(joinPath(this.ancestors.path(), found.segment), found.problem, found.remedy)
  }

  /** What the user should see of an error raised while writing. */
  explained(error: unknown): unknown {
    return explainedError(error, this.ancestors.path(), this.ancestors.depth)
  }
}
