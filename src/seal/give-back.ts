const leastBytes = 16 * 1024

/**
 * Gives the memory of a buffer back at once that nobody else has: what a cipher made, of which a copy was taken. The collector counts some 64 MB of such buffers before it looks for them, and then goes through the whole heap: of
 * sealing a large save that took more time than the cipher.
 */
export function giveBack({ buffer, byteOffset }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < leastBytes || byteOffset !== 0) return
  buffer.transfer(0)
}
