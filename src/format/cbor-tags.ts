/**
 * The CBOR tag numbers of stored values. Registered numbers (IANA "CBOR Tags") wherever one fits the value exactly, so that any
 * CBOR reader understands as much as possible; numbers of our own only for what no registered tag means.
 * They are in every stored checkpoint: a number is never changed or used again. `docs/format-values.md` describes each.
 */
export const cborTag = {
  /** Content: integer seconds; NaN for an invalid Date. Only whole seconds: a float of seconds is not exact to the millisecond. */
  epochSeconds: 1,
  /** Content: the magnitude as bytes, most significant first, no leading zeros. */
  positiveBigInt: 2,
  /** Content: the magnitude of -1 - n, likewise. */
  negativeBigInt: 3,
  /** Marks a value that `reference` points to; numbered from 0 in the order of their first bytes. */
  shareable: 28,
  /** Content: the number of a shareable value. */
  reference: 29,
  /** Content: undefined. An index of an array that holds nothing. */
  absent: 31,
  /** Content: the href. */
  url: 32,
  /** Content: array of the elements, in insertion order. */
  set: 258,
  /** Content: map with keys of any kind, in insertion order. */
  map: 259,
  /** Content: byte string in WTF-8, for text with lone surrogates, which UTF-8 cannot hold. */
  wtf8: 273,
  /** RFC 9581. Content: map {1: seconds, -3: milliseconds 1-999}, for Dates that are not whole seconds. */
  extendedTime: 1001,
  /** Content: array [source, flags]. */
  regExp: 21066,

  // Our own: "WMK" and a number, among the four-byte tags, where nobody else's unregistered number is likely to be.

  /** Content: array [name given to `codec()`, what its `encode` returned]. */
  registeredClass: 0x574d4b01,
  /** Content: map of the fields listed in `error-fields.ts`. */
  error: 0x574d4b02,
  /** Content: map. An object whose prototype is null. */
  nullPrototype: 0x574d4b03,
  /** Content: byte string. A Node Buffer; a byte string without a tag is a Uint8Array. */
  buffer: 0x574d4b04,
  /** Content: byte string. */
  arrayBuffer: 0x574d4b05,
  /** Content: byte string. */
  dataView: 0x574d4b06,
  /** Content: map, see `docs/format-tables.md`. */
  table: 0x574d4b07,
} as const
