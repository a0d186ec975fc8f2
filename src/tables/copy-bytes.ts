/** From here on a call that copies is quicker than a loop. */
const leastForCall = 64

/** A column's or a buffer's bytes, to be read and written four at a time wherever they begin. */
export interface ByteWindow {
  readonly bytes: Uint8Array
  readonly view: DataView
}

export const byteWindow = (bytes: Uint8Array): ByteWindow => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
})

/** Copies a few bytes: four at a time, the last four over those before. Byte by byte took twice as long. */
export function copyBytes(source: ByteWindow, from: number, target: ByteWindow, at: number, length: number): void {
  if (length >= leastForCall) {
    target.bytes.set(source.bytes.subarray(from, from + length), at)
    return
  }
  if (length < 4) {
    for (let byte = 0; byte < length; byte++) target.bytes[at + byte] = source.bytes[from + byte] ?? 0
    return
  }
  const last = length - 4
  for (let byte = 0; byte < last; byte += 4) target.view.setUint32(at + byte, source.view.getUint32(from + byte, true), true)
  target.view.setUint32(at + last, source.view.getUint32(from + last, true), true)
}
