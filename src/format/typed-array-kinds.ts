import { Buffer } from 'node:buffer'
import { endianness } from 'node:os'

/** The constructor of one kind of typed array, as far as values need it. */
export interface TypedArrayKind {
  new (buffer: ArrayBuffer): ArrayBufferView
  readonly name: string
  readonly prototype: object
  readonly BYTES_PER_ELEMENT: number
}

/** RFC 8746, little endian. A Uint8Array has no tag: it is a byte string without one. */
export const float16ArrayTag = 84

/** Kinds by tag. Float16Array is missing in Node 22. */
export const typedArrayKinds: ReadonlyMap<number, TypedArrayKind> = new Map<number, TypedArrayKind>([
  [68, Uint8ClampedArray],
  [69, Uint16Array],
  [70, Uint32Array],
  [71, BigUint64Array],
  [72, Int8Array],
  [77, Int16Array],
  [78, Int32Array],
  [79, BigInt64Array],
  ...float16Array(),
  [85, Float32Array],
  [86, Float64Array],
])

/** Tags by the prototype of the array. */
export const typedArrayTags: ReadonlyMap<object, number> = new Map(
  [...typedArrayKinds].map(([tag, kind]): [object, number] => [kind.prototype, tag]),
)

function* float16Array(): Iterable<[number, TypedArrayKind]> {
  const kind: unknown = Reflect.get(globalThis, 'Float16Array')
  if (isTypedArrayKind(kind)) yield [float16ArrayTag, kind]
}

function isTypedArrayKind(value: unknown): value is TypedArrayKind {
  return typeof value === 'function'
}

const hostIsLittleEndian = endianness() === 'LE'

/**
 * Elements from the order of this machine to little endian, or back: `bytes` itself where that is the same, else a copy.
 * @param isNative whether it is the same
 */
export function littleEndian<Memory extends ArrayBufferLike>(
  bytes: Uint8Array<Memory>,
  elementBytes: number,
  isNative: boolean = hostIsLittleEndian,
): Uint8Array<Memory | ArrayBuffer> {
  if (isNative || elementBytes === 1) return bytes
  const swapped = new Uint8Array(bytes)
  const elements = Buffer.from(swapped.buffer)
  if (elementBytes === 2) elements.swap16()
  else if (elementBytes === 4) elements.swap32()
  else elements.swap64()
  return swapped
}
