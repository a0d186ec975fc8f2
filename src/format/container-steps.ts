import { types } from 'node:util'
import { checkCount } from './builtin-writers.ts'
import type { ByteWriter } from './byte-writer.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { ArrayMarks } from './outline-notes.ts'
import { mostStoredKeys } from './stored-keys.ts'
import type { ValueEncoder } from './value-encoder.ts'

/** This many numbers, booleans and short texts of an array are written in one step. */
const elementsPerStep = 128
const shortText = 1_000

/** A container whose children are written one at a time, by somebody else. Its tag and head have been written. */
export interface ContainerSteps {
  /** What must be written next; valid after {@link advance}. */
  readonly child: unknown
  /** Writes what comes before the next child; false if there is none. */
  advance(): boolean
  /** The child was written. */
  wrote(): void
  /** Positions of elements, of an array. */
  readonly marks?: ArrayMarks
}

/** What happens at containers that are too large to be written in one step. */
export interface LargeContainers {
  /** Writes something else instead of the object; false if it is to be written. Asked for every object met between steps. */
  replace(value: object, encoder: ValueEncoder): boolean
  /** A container begins here. */
  begin(out: ByteWriter): void
  /** The innermost that began was written. */
  end(value: object, encoder: ValueEncoder): void
  /** An element of an array comes next. Returns how many elements it has written instead. */
  beginElement(array: readonly unknown[], index: number, encoder: ValueEncoder): number
  /** The element, an object, was written from `start` to here. */
  endElement(array: readonly unknown[], index: number, start: number, encoder: ValueEncoder): void
}

/** How to begin a plain object, array, Map or Set; undefined for any other object. */
export function containerKind(value: object): ((encoder: ValueEncoder, large?: LargeContainers) => ContainerSteps) | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null)
    return encoder => new PropertySteps(value, prototype === null, encoder)
  if (prototype === Array.prototype && Array.isArray(value)) return (encoder, large) => new ArraySteps(value, encoder, large)
  if (prototype === Map.prototype && types.isMap(value)) return encoder => new MapSteps(value, encoder)
  if (prototype === Set.prototype && types.isSet(value)) return encoder => new SetSteps(value, encoder)
  return undefined
}

class PropertySteps implements ContainerSteps {
  child: unknown
  readonly #object: Readonly<Record<string, unknown>>
  readonly #names: readonly string[]
  readonly #encoder: ValueEncoder
  #next = 0

  constructor(object: object, isNullPrototype: boolean, encoder: ValueEncoder) {
    // Any object can be read by any key; TypeScript has no other way to say so.
    this.#object = object as Readonly<Record<string, unknown>>
    this.#names = Object.keys(object)
    this.#encoder = encoder
    if (isNullPrototype) encoder.out.head(major.tag, cborTag.nullPrototype)
    encoder.out.head(major.map, this.#names.length)
  }

  advance(): boolean {
    const name = this.#names[this.#next]
    if (name === undefined) return false
    this.#next++
    this.#encoder.key(name, this.#names.length <= mostStoredKeys)
    this.child = this.#object[name]
    return true
  }

  wrote(): void {
    this.#encoder.wroteEntry(this.#names[this.#next - 1])
  }
}

class ArraySteps implements ContainerSteps {
  child: unknown
  readonly marks: ArrayMarks
  readonly #array: readonly unknown[]
  readonly #encoder: ValueEncoder
  readonly #large: LargeContainers | undefined
  #next = 0
  #start = 0
  #look = 1
  #holes = 0

  constructor(array: readonly unknown[], encoder: ValueEncoder, large: LargeContainers | undefined) {
    this.#array = array
    this.#large = large
    this.#encoder = encoder
    this.marks = new ArrayMarks(encoder.out.position)
    encoder.out.head(major.array, array.length)
  }

  advance(): boolean {
    for (let count = 0; this.#next < this.#array.length; count++) {
      const written = this.#large?.beginElement(this.#array, this.#next, this.#encoder) ?? 0
      if (written > 0) {
        this.#next += written
        continue
      }
      const element = this.#element(this.#next++)
      if (
        count === elementsPerStep ||
        typeof element === 'object' ||
        (typeof element === 'string' && element.length > shortText)
      ) {
        this.child = element
        this.#start = this.#encoder.out.position
        return true
      }
      this.#encoder.write(element)
    }
    return false
  }

  #element(index: number): unknown {
    if (index >= this.#look) this.#look = this.marks.look(index, this.#encoder.out.position)
    const element = this.#array[index]
    if (element === undefined && !Object.hasOwn(this.#array, index)) this.#encoder.hole(++this.#holes)
    return element
  }

  wrote(): void {
    if (typeof this.child === 'object') this.#large?.endElement(this.#array, this.#next - 1, this.#start, this.#encoder)
  }
}

class MapSteps implements ContainerSteps {
  child: unknown
  readonly #entries: Iterator<[unknown, unknown]>
  readonly #size: number
  readonly #encoder: ValueEncoder
  #key: unknown
  #count = 0

  constructor(map: ReadonlyMap<unknown, unknown>, encoder: ValueEncoder) {
    this.#entries = map.entries()
    this.#size = map.size
    this.#encoder = encoder
    encoder.out.head(major.tag, cborTag.map)
    encoder.out.head(major.map, map.size)
  }

  advance(): boolean {
    const { done, value } = this.#entries.next()
    if (done) {
      checkCount(this.#count, this.#size)
      return false
    }
    this.#count++
    this.#key = value[0]
    this.#encoder.write(this.#key)
    this.child = value[1]
    return true
  }

  wrote(): void {
    this.#encoder.wroteEntry(this.#key)
  }
}

class SetSteps implements ContainerSteps {
  child: unknown
  readonly #elements: Iterator<unknown>
  readonly #size: number
  #count = 0

  constructor(set: ReadonlySet<unknown>, encoder: ValueEncoder) {
    this.#elements = set.values()
    this.#size = set.size
    encoder.out.head(major.tag, cborTag.set)
    encoder.out.head(major.array, set.size)
  }

  advance(): boolean {
    const { done, value } = this.#elements.next()
    if (done) {
      checkCount(this.#count, this.#size)
      return false
    }
    this.#count++
    this.child = value
    return true
  }

  wrote(): void {}
}
