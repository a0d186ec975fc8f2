import { WaymarkError } from '../model/errors.ts'
import { DamagedTable } from '../tables/damaged-table.ts'
import { builtinReaders } from './builtin-readers.ts'
import { ByteReader } from './byte-reader.ts'
import { major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { type CodecRegistry, restoredInstance } from './codec.ts'
import { defineValue } from './define-value.ts'
import { type ErrorSource, readError } from './error-reader.ts'
import { isForInExact, ownPropertyCount } from './own-property-count.ts'
import { SharedValues } from './shared-values.ts'
import { arrayIndexOf, isInherited, mostStoredKeys, StoredKeys } from './stored-keys.ts'
import { revivedTable } from './table-reader.ts'
import { tooDeepToLoad, unknownName, unknownTag } from './unreadable-value.ts'
import { isStackOverflow } from './value-depth.ts'

/** An array up to this length is made at once, a longer one grows with the elements that really come. */
const allocatedElements = 64

/** A plain object under construction. */
type Properties = Record<string, unknown>

/** Reads one value, or the elements of one array. */
export class ValueDecoder implements ErrorSource {
  readonly #input: ByteReader
  readonly #codecs: CodecRegistry
  readonly #maxDepth: number
  readonly #onTable: ((digest: string) => void) | undefined
  readonly #tablesInColumns: boolean
  readonly #keys = StoredKeys.current
  readonly #isForInExact = isForInExact()
  readonly #shared = new SharedValues()
  #depth = 0
  /** The key under which objects are being read. */
  #site = this.#keys.root

  /** @param tables `onTable` gets the digest of each table, in the order of their bytes */
  constructor(
    bytes: Uint8Array,
    codecs: CodecRegistry,
    maxDepth: number,
    tables: { readonly onTable?: (digest: string) => void; readonly tablesInColumns?: boolean } = {},
  ) {
    this.#onTable = tables.onTable
    this.#tablesInColumns = tables.tablesInColumns ?? false
    this.#input = new ByteReader(bytes)
    this.#codecs = codecs
    this.#maxDepth = maxDepth
  }

  /** Runs a step of reading; what it throws of its own accord means that the bytes end too early or nest too deeply. */
  guarded<Result>(step: () => Result): Result {
    try {
      return step()
    } catch (error) {
      if (error instanceof WaymarkError || !(error instanceof RangeError)) throw error
      throw isStackOverflow(error)
        ? tooDeepToLoad(this.#depth, this.#maxDepth)
        : this.#input.damaged('the value goes on where the bytes end', error)
    }
  }

  finish(): void {
    if (this.#input.remaining > 0) throw this.#input.damaged(`${this.#input.remaining} bytes after the end of the value`)
    if (this.#shared.hasUnused) throw this.#input.damaged('a value marked as shared, to which nothing refers')
  }

  arrayLength(): number {
    if (this.#input.peek() >> 5 !== major.array) {
      throw new WaymarkError('invalid', {
        message: 'The stored value is not an array, so it has no elements to read one by one.',
        means: 'Nothing was read; the stored bytes are untouched.',
        remedy: 'Await the result instead of going through its elements.',
      })
    }
    const length = this.#input.head(major.array, 'array')
    this.#input.expect(length, 1)
    this.#depth++
    return length
  }

  /** The rows of a table, if that is what comes next: they cannot be read one by one. */
  tableRows(): readonly unknown[] | undefined {
    if (!this.#input.comesNext(tableHead)) return undefined
    const value = this.read()
    return Array.isArray(value) ? value : undefined
  }

  element(): unknown {
    const initial = this.#input.byte()
    return initial === tagOfOneByte && this.#input.skipAbsent() ? undefined : this.#item(initial)
  }

  /** Goes over elements without making values of them, where that can be. */
  skipElements(count: number): void {
    if (!this.#input.skipItems(count)) for (let i = 0; i < count; i++) this.element()
  }

  read(): unknown {
    return this.#item(this.#input.byte())
  }

  #item(initial: number): unknown {
    const input = this.#input
    switch (initial >> 5) {
      case major.unsigned:
        return input.argument(initial)
      case major.negative:
        return input.negative(initial)
      case major.text:
        return input.text(input.argument(initial))
      case major.map:
        return this.#plainObject({}, input.argument(initial))
      case major.array:
        return this.#array(input.argument(initial))
      case major.simple:
        return this.#simple(initial)
      case major.tag:
        return this.#tagged(input.argument(initial))
      default:
        return input.byteString(input.argument(initial))
    }
  }

  #simple(initial: number): unknown {
    switch (initial) {
      case simple.false:
        return false
      case simple.true:
        return true
      case simple.null:
        return null
      case simple.undefined:
        return undefined
      case simple.float16:
      case simple.float32:
      case simple.float64:
        return this.#input.float(initial)
      default:
        throw this.#input.damaged('a simple value that is never stored')
    }
  }

  #array(length: number): unknown[] {
    this.#input.expect(length, 1)
    const array: unknown[] = length <= allocatedElements ? new Array(length) : []
    this.enter(array)
    for (let index = 0; index < length; index++) {
      const initial = this.#input.byte()
      if (initial === tagOfOneByte && this.#input.skipAbsent()) array.length = Math.max(array.length, index + 1)
      else array[index] = this.#item(initial)
    }
    this.#depth--
    return array
  }

  #plainObject(object: Properties, count: number): object {
    this.enter(object)
    this.properties(object, count)
    this.#depth--
    return object
  }

  /** Reads so many properties into an object. */
  properties(object: Properties, count: number): void {
    const input = this.#input
    input.expect(count, 2)
    const site = this.#site
    let guess = count <= mostStoredKeys ? site.inside : undefined
    let lastIndex = -1
    for (let left = count; left > 0; left--) {
      let key = guess?.recent
      let name: string
      if (key !== undefined && input.skipKey(key)) name = key.text
      else {
        key = guess?.earlier
        if (key !== undefined && input.skipKey(key)) name = key.text
        else {
          name = input.string()
          key = guess && this.#keys.find(name)
        }
        if (key !== undefined) guess?.learn(key)
      }
      const index = key === undefined ? arrayIndexOf(name) : key.arrayIndex
      if (index < 0) lastIndex = Number.POSITIVE_INFINITY
      else if (index > lastIndex) lastIndex = index
      else throw input.damaged(`the key ${index} where it cannot be: JavaScript lists such keys first and in order`)
      if (key !== undefined) {
        this.#site = key
        guess = key.following
      }
      const value = this.read()
      if (key === undefined ? isInherited(name) : key.isInherited) defineValue(object, name, value, true)
      else object[name] = value
    }
    this.#site = site
    if (ownPropertyCount(object, this.#isForInExact) !== count) throw input.damaged('an object with a key that comes twice')
  }

  #tagged(tag: number): unknown {
    switch (tag) {
      case cborTag.map:
        return this.#map(this.#input.head(major.map, 'map'))
      case cborTag.set:
        return this.#set(this.#input.head(major.array, 'array'))
      case cborTag.nullPrototype:
        return this.#plainObject(Object.create(null), this.#input.head(major.map, 'map'))
      case cborTag.error:
        return readError(this.#input.head(major.map, 'map'), this.#input, this)
      case cborTag.registeredClass:
        return this.#registered()
      case cborTag.table:
        return this.#table()
      case cborTag.shareable:
        return this.#shareable()
      case cborTag.reference:
        return this.#reference()
      case cborTag.absent:
        throw this.#input.damaged('an absent element outside of an array')
      default: {
        const reader = builtinReaders.get(tag)
        if (reader === undefined) throw unknownTag(tag)
        return reader(this.#input)
      }
    }
  }

  #map(size: number): ReadonlyMap<unknown, unknown> {
    this.#input.expect(size, 2)
    const map = new Map<unknown, unknown>()
    this.enter(map)
    for (let left = size; left > 0; left--) {
      const key = this.#distinct(this.read())
      map.set(key, this.read())
    }
    if (map.size !== size) throw this.#input.damaged('a Map with a key that comes twice')
    this.#depth--
    return map
  }

  #set(size: number): ReadonlySet<unknown> {
    this.#input.expect(size, 1)
    const set = new Set<unknown>()
    this.enter(set)
    for (let left = size; left > 0; left--) set.add(this.#distinct(this.read()))
    if (set.size !== size) throw this.#input.damaged('a Set with an element that comes twice')
    this.#depth--
    return set
  }

  /** Maps and Sets hold 0 for -0, so -0 is not stored in them. */
  #distinct(key: unknown): unknown {
    if (Object.is(key, -0)) throw this.#input.damaged('-0 as a key, which no Map or Set can hold')
    return key
  }

  #registered(): unknown {
    const number = this.#shared.take()
    if (this.#input.head(major.array, 'array') !== 2) throw this.#input.damaged('an instance without name and content')
    const name = this.#input.string()
    const codec = this.#codecs.forTag(name)
    if (codec === undefined) throw unknownName('class', name)
    this.#descend()
    const instance = restoredInstance(codec, this.read())
    this.#depth--
    this.#shared.put(number, instance)
    return instance
  }

  #table(): object {
    const number = this.#shared.take()
    this.#descend()
    const stored = this.read()
    this.#depth--
    try {
      const { value, digest } = revivedTable(stored, this.#tablesInColumns)
      this.#onTable?.(digest)
      this.#shared.put(number, value)
      return value
    } catch (error) {
      throw error instanceof DamagedTable ? this.#input.damaged(error.message, error) : error
    }
  }

  #shareable(): unknown {
    if (this.#shared.isPending) throw this.#input.damaged('a value that is marked as shared twice')
    this.#shared.announce()
    const value = this.read()
    if (typeof value !== 'object' || value === null) throw this.#input.damaged('a shared value that is not an object')
    this.#shared.made(value)
    return value
  }

  #reference(): unknown {
    if (this.#shared.isPending) throw this.#input.damaged('a reference that is marked as shared')
    const value = this.#shared.get(this.#input.head(major.unsigned, 'number'))
    if (value === undefined) throw this.#input.damaged('a reference to a value that is not there, or not yet')
    return value
  }

  /** A container is begun. */
  enter(container: object): void {
    this.#shared.made(container)
    this.#descend()
  }

  /** A container that was entered is complete. */
  leave(): void {
    this.#depth--
  }

  #descend(): void {
    if (++this.#depth > this.#maxDepth) throw tooDeepToLoad(this.#depth, this.#maxDepth)
  }
}

/** The tag of a table, in five bytes. */
const tableHead = Uint8Array.of((major.tag << 5) | 26, 0x57, 0x4d, 0x4b, 0x07)
/** First byte of a tag whose number takes one byte more, as that of an absent element does. */
const tagOfOneByte = (major.tag << 5) | 24
