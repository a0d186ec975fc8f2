import { createHash } from 'node:crypto'

const table = new Int32Array(256)
let isFilled = false

/**
 * What each byte adds to the hash that finds cuts: entry `i` is the first 4 bytes, little endian, of the SHA-256 of the ASCII text
 * `waymark gear <i>`. Part of the format: other entries would cut equal values elsewhere. Made at the first call, not at import.
 */
export function gearTable(): Int32Array {
  if (!isFilled) {
    for (let byte = 0; byte < table.length; byte++) {
      table[byte] = createHash('sha256').update(`waymark gear ${byte}`).digest().readInt32LE(0)
    }
    isFilled = true
  }
  return table
}
