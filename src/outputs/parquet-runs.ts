/** Runs may be padded to a multiple of eight values, and some writers write a little more. */
const mostPadding = 4096

/**
 * Looks at runs of Parquet's hybrid encoding (run lengths and bit-packed groups) before the library does, which would produce as many values as a damaged length says.
 *
 * @param width bits of a value
 * @param count values that are wanted of them
 * @throws Error saying what is wrong
 */
export function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  if (width > 32) throw new Error(`values of ${width} bits`)
  const valueBytes = (width + 7) >> 3
  let seen = 0
  for (let at = 0; seen < count && at < bytes.length; ) {
    let header = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a run is cut off')
      header += (byte & 127) * scale
      if (byte < 128) break
      if (scale > 2 ** 28) throw new Error('the length of a run is too long')
    }
    const isPacked = header % 2 === 1
    const values = isPacked ? ((header - 1) / 2) * 8 : header / 2
    if (values > count - seen + mostPadding) throw new Error(`a run has ${values} values, and ${count - seen} are left`)
    at += isPacked ? (values / 8) * width : valueBytes
    seen += values
  }
}

/** Bits of the largest level. */
export const levelWidth = (most: number): number => 32 - Math.clz32(most)
