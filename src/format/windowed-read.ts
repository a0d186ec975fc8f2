import type { ReadBytes } from './item-reader.ts'

const windowBytes = 16 * 1024

/** Reads a little more than is asked for, for who reads many short stretches near one another. */
export function windowedRead(read: ReadBytes, end: number): ReadBytes {
  let start = 0
  let window: Uint8Array = new Uint8Array(0)
  return async (offset, length) => {
    if (length > windowBytes) return read(offset, length)
    if (offset < start || offset + length > start + window.length) {
      window = await read(offset, Math.min(windowBytes, end - offset))
      start = offset
    }
    return window.subarray(offset - start, offset - start + length)
  }
}
