import { type Codec, CodecRegistry } from './codec.ts'
import { ValueDecoder } from './value-decoder.ts'
import { defaultMaxDepth } from './value-depth.ts'

export interface DecodeOptions {
  /** The classes that may be among the values; a class that is not is `unsupported`. */
  readonly codecs?: readonly Codec[]
  /** How many objects may lie inside one another. Default 1000, which is all that `encodeValue` writes. */
  readonly maxDepth?: number
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
  const count = decoder.guarded(() => decoder.arrayLength())
  return elements(decoder, count)
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
  return {
    count: decoder.guarded(() => decoder.arrayLength()),
    next: () => decoder.guarded(() => decoder.element()),
    skip: count => decoder.guarded(() => decoder.skipElements(count)),
    finish: () => decoder.guarded(() => decoder.finish()),
  }
}

function decoderOf(bytes: Uint8Array, options: DecodeOptions): ValueDecoder {
  return new ValueDecoder(bytes, CodecRegistry.of(options.codecs), options.maxDepth ?? defaultMaxDepth)
}

function* elements(decoder: ValueDecoder, count: number): Generator<unknown, void, undefined> {
  for (let index = 0; index < count; index++) yield decoder.guarded(() => decoder.element())
  decoder.guarded(() => decoder.finish())
}
