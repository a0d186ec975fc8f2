import { type Codec, CodecRegistry } from './codec.ts'
import { ValueDecoder } from './value-decoder.ts'
import { defaultMaxDepth } from './value-depth.ts'

export interface DecodeOptions {
  /** The classes that may be among the values; a class that is not is `unsupported`. */
  readonly codecs?: readonly Codec[]
  /** How many objects may lie inside one another. Default 1000, which is all that `encodeValue` writes. */
  readonly maxDepth?: number
  /** Called for each table, in the order of their bytes, with the SHA-256 in hex of its content. */
  readonly onTable?: (digest: string) => void
  /** True: each table comes as a `ColumnarHolder`, for which no library is needed. Default false: in the form that was given. */
  readonly tablesInColumns?: boolean
}

/**
 * The value that {@link encodeValue} wrote, in memory of its own. Runs no code that the bytes name (but the `decode` of the codecs
 * given), and needs memory in proportion to the bytes, whatever they say.
 *
 * Bytes that `encodeValue` does not write for any value are `corrupt`: cut off, followed by more, or another form of a value that
 * has one. Tags and classes it does not know are `unsupported`; deeper nesting than `maxDepth` is `limit`.
 */
export function decodeValue(bytes: Uint8Array, options: DecodeOptions = {}): unknown {
  const decoder = decoderOf(bytes, options)
  return decoder.guarded(() => {
    const value = decoder.read()
    decoder.finish()
    return value
  })
}

/**
 * The elements of an array, each read when it is asked for, so that a large one never is in memory whole. Bytes that hold anything
 * but an array are `invalid`. What is damaged is found when it is reached, like the end: the elements before it were yielded.
 * A hole is yielded as undefined.
 */
export function decodeElements(bytes: Uint8Array, options: DecodeOptions = {}): IterableIterator<unknown> {
  const decoder = decoderOf(bytes, options)
  const rows = decoder.guarded(() => wholeTable(decoder))
  if (rows !== undefined) return rows.values()
  const count = decoder.guarded(() => decoder.arrayLength())
  return elements(decoder, count)
}

/** Rows of a table are not stored one behind the other: all are there, or none. */
function wholeTable(decoder: ValueDecoder): readonly unknown[] | undefined {
  const rows = decoder.tableRows()
  if (rows !== undefined) decoder.finish()
  return rows
}

/** The elements of an array, of which some are left out. */
export interface ElementReader {
  /** How many elements there are. */
  readonly count: number
  /** The next element. Not to be asked for after the last. */
  next(): unknown
  /** Leaves elements out; only that they are whole CBOR is looked at. */
  skip(count: number): void
  /** To be called after the last element: finds what is behind it. */
  finish(): void
}

/** Like {@link decodeElements}, for who does not want them all. */
export function readElements(bytes: Uint8Array, options: DecodeOptions = {}): ElementReader {
  const decoder = decoderOf(bytes, options)
  const rows = decoder.guarded(() => wholeTable(decoder))
  if (rows !== undefined) return readRows(rows)
  return {
    count: decoder.guarded(() => decoder.arrayLength()),
    next: () => decoder.guarded(() => decoder.element()),
    skip: count => decoder.guarded(() => decoder.skipElements(count)),
    finish: () => decoder.guarded(() => decoder.finish()),
  }
}

function readRows(rows: readonly unknown[]): ElementReader {
  let next = 0
  return {
    count: rows.length,
    next: () => rows[next++],
    skip: count => {
      next += count
    },
    finish: () => {},
  }
}

function decoderOf(bytes: Uint8Array, options: DecodeOptions): ValueDecoder {
  return new ValueDecoder(bytes, CodecRegistry.of(options.codecs), options.maxDepth ?? defaultMaxDepth, options)
}

function* elements(decoder: ValueDecoder, count: number): Generator<unknown, void, undefined> {
  for (let index = 0; index < count; index++) yield decoder.guarded(() => decoder.element())
  decoder.guarded(() => decoder.finish())
}
