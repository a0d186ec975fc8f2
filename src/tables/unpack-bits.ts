/** A byte a row, 0 or 1, from a bit a row, least significant first. */
export function unpackBits(bits: Uint8Array, rowCount: number): Uint8Array {
  const bytes = new Uint8Array(rowCount)
  for (let row = 0; row < rowCount; row++) bytes[row] = ((bits[row >> 3] ?? 0) >> (row & 7)) & 1
  return bytes
}
