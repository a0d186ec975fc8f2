import type { Scratch } from '../../src/tables/scratch.ts'

/** A scratch in memory. */
export function memoryScratch(): Scratch {
  let bytes = Buffer.alloc(1024)
  let end = 0
  return {
    append: async more => {
      const at = end
      end += more.length
      if (end > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(2 * end - bytes.length)])
      bytes.set(more, at)
      return at
    },
    read: async (position, length) => {
      if (position < 0 || position + length > end) throw new RangeError('read beyond what was appended')
      return new Uint8Array(bytes.subarray(position, position + length))
    },
  }
}
