/** Buffers below this length are left to the collector. */
const leastFreedBytes = 16 * 1024

/**
 * Gives the memory of bytes back at once, where they are a whole buffer of their own: the collector counts some 64 MB of such buffers in every thread before it looks for those nobody uses. The
 * bytes are gone afterwards, whoever still holds them.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof SharedArrayBuffer || buffer.byteLength < leastFreedBytes || bytes.byteOffset !== 0) return
  // Some buffers of Node itself cannot be given back.
  try {
    buffer.transfer(0)
  } catch {}
}
