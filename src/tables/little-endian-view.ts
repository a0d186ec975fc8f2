import { endianness } from 'node:os'

/** Typed arrays hold numbers as the machine does, columns hold them little endian. */
export const isLittleEndianMachine = endianness() === 'LE'

export interface NumberArray<T> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T
}

/** The little-endian numbers in `bytes`, seen in place where the machine can, else copied. */
export function littleEndianView<T>(kind: NumberArray<T>, bytes: Uint8Array): T {
  const width = kind.BYTES_PER_ELEMENT
  const count = Math.floor(bytes.length / width)
  if (!isLittleEndianMachine) return new kind(swapped(bytes, width).buffer, 0, count)
  if (bytes.byteOffset % width === 0) return new kind(bytes.buffer, bytes.byteOffset, count)
  return new kind(new Uint8Array(bytes).buffer, 0, count)
}

/** A copy with the bytes of each number in reverse. */
export function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  for (let at = 0; at + width <= copy.length; at += width) copy.subarray(at, at + width).reverse()
  return copy
}
