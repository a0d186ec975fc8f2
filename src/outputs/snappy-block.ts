/**
 * Unpacks a block of Snappy's raw format (https://github.com/google/snappy/blob/main/format_description.txt). The readers that come with the library can be kept busy for ever by a damaged one.
 *
 * @param length bytes it must unpack to
 * @throws Error for anything else
 */
export function unpackSnappy(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  let from = 0
  let to = 0
  const number = (bytes: number): number => {
    let value = 0
    for (let at = 0; at < bytes; at++) value += (input[from++] ?? 0) * 256 ** at
    return value
  }
  while ((input[from++] ?? 0) >= 128) if (from > 5) throw new Error('a Snappy block has no length')
  while (from < input.length) {
    const tag = input[from++] ?? 0
    const kind = tag & 3
    if (kind === 0) {
      const size = (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59)) + 1
      if (from + size > input.length || to + size > length) throw new Error('a Snappy block is damaged: a literal is too long')
      output.set(input.subarray(from, from + size), to)
      from += size
      to += size
      continue
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1
    const back = kind === 1 ? (tag >> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4)
    if (back === 0 || back > to || to + size > length) throw new Error('a Snappy block is damaged: a copy from nowhere')
    if (back >= size) output.copyWithin(to, to - back, to - back + size)
    else for (let at = 0; at < size; at++) output[to + at] = output[to + at - back] ?? 0
    to += size
  }
  if (to !== length) throw new Error(`a Snappy block has ${to} bytes instead of ${length}`)
  return output
}
