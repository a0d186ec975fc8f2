import { types } from 'node:util'
import { WaymarkError } from '../model/errors.ts'
import { bytesOfMagnitude } from './bigint-bytes.ts'
import { builtinWriters, checkCount, type ItemSink } from './builtin-writers.ts'
import { ByteWriter } from './byte-writer.ts'
import { major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import type { Codec, CodecRegistry } from './codec.ts'
import { errorClassOf, errorFieldsOf } from './error-fields.ts'
import { localPrototype } from './local-prototype.ts'
import { isForInExact, ownPropertyCount } from './own-property-count.ts'
import { findExtraProperty, findUnstorableProperty, type UnstorableProperty } from './property-check.ts'
import { refusedValue, tooDeep } from './refused-value.ts'
import { SharedReferences } from './shared-references.ts'
import { type KeyGuess, mostStoredKeys, StoredKeys } from './stored-keys.ts'
import { refusalOfPrototype, refusalOfType } from './unstorable-kinds.ts'
import { defaultMaxDepth, isStackOverflow } from './value-depth.ts'
import { joinPath, pathOf } from './value-path.ts'

/** This many objects of a value are searched for properties that would be lost, then one in {@link checkedEvery}. */
const alwaysChecked = 1_000
/** A prime, so that no repeating order of objects hides one kind from it. */
const checkedEvery = 31
/** Holes cost three bytes each: a sparse array like `a[4e9] = 1` must not fill the memory. */
const mostHoles = 1_000_000

/** Writes one value. `release` it when done. */
export class ValueEncoder implements ItemSink {
  readonly out = new ByteWriter()
  readonly #keys = StoredKeys.current
  readonly #isForInExact = isForInExact()
  readonly #codecs: CodecRegistry
  readonly #references: SharedReferences | undefined
  /** The objects around what is being written, outermost first; valid up to the depth. */
  readonly #ancestors: object[] = []
  #depth = 0
  #objects = 0
  /** The key under which objects are being written. */
  #site = this.#keys.root

  constructor(codecs: CodecRegistry, withReferences: boolean) {
    this.#codecs = codecs
    this.#references = withReferences ? new SharedReferences() : undefined
  }

  encode(value: unknown): Uint8Array {
    try {
      this.write(value)
    } catch (error) {
      throw this.#explained(error)
    }
    return this.#references === undefined ? this.out.copy() : this.#references.insertInto(this.out.copy())
  }

  release(): void {
    this.out.release()
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
        return this.#bigint(value)
      default: {
        const { problem, remedy } = refusalOfType(typeof value)
        throw refusedValue(this.#pathTo(value), problem, remedy)
      }
    }
  }

  /** Always with a tag, also where an integer would do: so that a bigint comes back as a bigint. */
  #bigint(value: bigint): void {
    this.out.head(major.tag, value < 0n ? cborTag.negativeBigInt : cborTag.positiveBigInt)
    this.out.bytes(bytesOfMagnitude(value < 0n ? -1n - value : value))
  }

  #object(value: object): void {
    if (this.#references?.meet(value, this.out.position)) return this.#checkReference(value)
    this.#enter(value)
    const prototype: object | null = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) this.#plainObject(value)
    else if (prototype === Array.prototype && Array.isArray(value)) this.#array(value)
    else this.#otherObject(value, prototype)
    this.#depth--
  }

  /**
   * Cycles are found by looking through the ancestors, which costs nothing per object where nesting is shallow; below 32 levels
   * only every 16th looks, which meets any cycle a little later.
   */
  #enter(value: object): void {
    const depth = this.#depth
    const ancestors = this.#ancestors
    if (depth < 32 || depth % 16 === 0) {
      for (let index = 0; index < depth; index++) if (ancestors[index] === value) throw this.#cycle(value, index)
    }
    if (depth >= defaultMaxDepth) throw tooDeep(this.#pathTo(value), defaultMaxDepth)
    ancestors[depth] = value
    this.#depth = depth + 1
  }

  #plainObject(value: object): void {
    if (this.#isChecked()) this.#refuse(findUnstorableProperty(value))
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
      count++
    }
    return count
  }

  #record(object: Readonly<Record<string, unknown>>): number {
    const site = this.#site
    let guess = site.inside
    let count = 0
    for (const name in object) {
      if (!this.#isForInExact && !Object.hasOwn(object, name)) continue
      const key = guess.recent
      if (key !== undefined && key.text === name) {
        this.out.key(key)
        this.#site = key
        guess = key.following
      } else {
        guess = this.#newKey(name, guess)
      }
      this.write(object[name])
      count++
    }
    this.#site = site
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
    this.#site = key
    return key.following
  }

  #array(value: readonly unknown[]): void {
    if (this.#isChecked()) this.#refuse(findExtraProperty(value))
    const length = value.length
    let holes = 0
    this.out.head(major.array, length)
    for (let index = 0; index < length; index++) {
      const element = value[index]
      if (element === undefined && !Object.hasOwn(value, index)) {
        if (++holes > mostHoles) throw this.#tooSparse()
        this.out.head(major.tag, cborTag.absent)
      }
      this.write(element)
    }
  }

  #otherObject(value: object, prototype: object | null): void {
    if (prototype === null) {
      this.out.head(major.tag, cborTag.nullPrototype)
      return this.#plainObject(value)
    }
    const codec = this.#codecs.forPrototype(prototype)
    if (codec !== undefined) return this.#registered(codec, value)
    if (this.#builtin(value, prototype)) return
    if (types.isNativeError(value) || value instanceof DOMException) return this.#error(value)
    const local = localPrototype(prototype)
    if (local === Object.prototype) return this.#plainObject(value)
    if (local === Array.prototype && Array.isArray(value)) return this.#array(value)
    if (local !== prototype && this.#builtin(value, local)) return
    const { problem, remedy } = refusalOfPrototype(prototype, builtinWriters.has(local))
    throw refusedValue(this.#path(), problem, remedy)
  }

  #builtin(value: object, prototype: object): boolean {
    const writer = builtinWriters.get(prototype)
    if (writer === undefined) return false
    if (this.#isChecked()) this.#refuse(findExtraProperty(value))
    return writer(value, this)
  }

  #registered(codec: Codec, value: object): void {
    this.out.head(major.tag, cborTag.registeredClass)
    this.out.head(major.array, 2)
    this.out.text(codec.tag)
    this.write(codec.encode(value))
  }

  #error(value: Error): void {
    const className = errorClassOf(value)
    const fields = errorFieldsOf(value, className)
    const hasProperties = Object.keys(value).length > 0
    this.out.head(major.tag, cborTag.error)
    this.out.head(major.map, 1 + fields.length + (hasProperties ? 1 : 0))
    this.out.text('class')
    this.out.text(className)
    for (const [name, field] of fields) {
      this.out.text(name)
      this.write(field)
    }
    if (!hasProperties) return
    this.out.text('properties')
    this.#plainObject(value)
  }

  /** An object that stands for one written before. Its codec would be asked for an instance before it has made it. */
  #checkReference(value: object): void {
    const codec = this.#codecs.forPrototype(Object.getPrototypeOf(value))
    if (codec === undefined || !this.#ancestors.slice(0, this.#depth).includes(value)) return
    throw refusedValue(
      this.#pathTo(value),
      `it is the instance that the codec "${codec.tag}" is encoding`,
      'Leave the way back to the instance out of what the codec stores, and restore it in decode.',
    )
  }

  #isChecked(): boolean {
    const objects = this.#objects++
    return objects < alwaysChecked || objects % checkedEvery === 0
  }

  #refuse(found: UnstorableProperty | undefined): void {
    if (found !== undefined) throw refusedValue(joinPath(this.#path(), found.segment), found.problem, found.remedy)
  }

  #cycle(value: object, depth: number): WaymarkError {
    const start = pathOf(this.#ancestors.slice(0, depth + 1))
    return refusedValue(
      this.#pathTo(value),
      `it is ${start === '' ? 'the whole value' : start} again, which contains it`,
      'Refer to it by an id instead of holding it.',
    )
  }

  #tooSparse(): WaymarkError {
    return new WaymarkError('limit', {
      message: `Cannot store ${this.#path() || 'the value'}: an array with more than ${mostHoles} holes.`,
      means: 'Nothing was saved; what was saved before is untouched.',
      remedy: 'Use a Map with numbers as keys, or fill the holes.',
      details: { path: this.#path(), mostHoles },
    })
  }

  /** What the user should see of an error raised while writing: getters, proxies and codecs are code of theirs. */
  #explained(error: unknown): unknown {
    if (error instanceof WaymarkError) return error
    if (isStackOverflow(error)) return tooDeep(this.#path(), this.#depth)
    const reason = error instanceof Error ? error.message : String(error)
    return refusedValue(this.#path(), `reading it failed (${reason})`, 'Mend what fails, or store a plain copy.', error)
  }

  /** Where the object being written is. */
  #path(): string {
    return pathOf(this.#ancestors.slice(0, this.#depth))
  }

  /** Where something inside that object is. */
  #pathTo(value: unknown): string {
    return pathOf([...this.#ancestors.slice(0, this.#depth), value])
  }
}
