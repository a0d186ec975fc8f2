import { type Codec, CodecRegistry } from './codec.ts'
import { ValueEncoder } from './value-encoder.ts'

export interface EncodeOptions {
  /** Classes of your own among the values. */
  readonly codecs?: readonly Codec[]
  /**
   * Keeps identity: an object that is met twice comes back as one object, and cycles are allowed. Default false, where it comes
   * back as two equal objects and a cycle is refused; true costs about as much again as the encoding.
   */
  readonly references?: boolean
  /** Whether what `table()` has marked is kept as a table. Default true; false, where older versions must be able to read the bytes: rows are then an array like any other. */
  readonly tables?: boolean
}

/**
 * The bytes of a value, in the deterministic CBOR that `docs/format-values.md` describes: one encoding per value and order of keys.
 * What would not come back as it was is refused with `invalid`, naming its path; nesting beyond 1000 levels and more than 2 GiB
 * with `limit`. The result is the caller's own.
 */
export function encodeValue(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const encoder = new ValueEncoder(
    CodecRegistry.of(options.codecs),
    options.references === true,
    undefined,
    options.tables !== false,
  )
  try {
    encoder.encode(value)
    return encoder.copy()
  } finally {
    encoder.release()
  }
}
