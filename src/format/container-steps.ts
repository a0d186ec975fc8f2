import { types } from 'node:util'
import { checkCount } from './builtin-writers.ts'
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

/** How to begin a plain object, array, Map or Set; undefined for any other object. */
export function containerKind(value: object): ((encoder: ValueEncoder) => ContainerSteps) | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null)
    return encoder => new PropertySteps(value, prototype === null, encoder)
  if (prototype === Array.prototype && Array.isArray(value)) return encoder => new ArraySteps(value, encoder)
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
  #next = 0
  #look = 1
  #holes = 0

  constructor(array: readonly unknown[], encoder: ValueEncoder) {
    this.#array = array
    this.#encoder = encoder
    this.marks = new ArrayMarks(encoder.out.position)
    encoder.out.head(major.array, array.length)
  }

  advance(): boolean {
    for (let count = 0; this.#next < this.#array.length; count++) {
      const element = this.#element(this.#next++)
      if (
        count === elementsPerStep ||
        typeof element === 'object' ||
        (typeof element === 'string' && element.length > shortText)
      ) {
        this.child = element
        return true
      }
      this.#encoder.write(element)
    }
    return false
  }

  #element(index: number): unknown {
    if (index === this.#look) this.#look = this.marks.look(index, this.#encoder.out.position)
    const element = this.#array[index]
    if (element === undefined && !Object.hasOwn(this.#array, index)) this.#encoder.hole(++this.#holes)
    return element
  }

  wrote(): void {}
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
