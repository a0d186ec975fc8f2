import type { Scratch } from '../../src/tables/scratch.ts'

/** A scratch in memory. */
export function memoryScratch(): Scratch {
  let bytes = Buffer.alloc(0)
  return {
    append: async more => {
      const at = bytes.length
      bytes = Buffer.concat([bytes, more])
      return at
    },
    read: async (position, length) => {
      if (position < 0 || position + length > bytes.length) throw new RangeError('read beyond what was appended')
      return new Uint8Array(bytes.subarray(position, position + length))
    },
  }
}
