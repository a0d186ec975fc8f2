import { isWaymarkError } from '../../src/model/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

/** Bytes as somebody damaged them: some flipped, some gone, some more, numbers made huge. */
export function mutated(bytes: Uint8Array, seed: number): Uint8Array {
  const random = seededRandom(seed)
  let result = Buffer.from(bytes)
  for (let edits = 1 + random.integer(3); edits > 0; edits--) {
    const at = random.integer(result.length + 1)
    switch (random.integer(5)) {
      case 0:
        if (at < result.length) result[at] = (result[at] ?? 0) ^ (1 << random.integer(8))
        break
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random.integer(8))])
        break
      case 2:
        result = Buffer.concat([result.subarray(0, at), random.bytes(1 + random.integer(8)), result.subarray(at)])
        break
      case 3:
        // A head of eight bytes: a length or a number far beyond what is there.
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.of(0x1b | (random.integer(8) << 5)),
          random.bytes(8),
          result.subarray(at),
        ])
        break
      default:
        result = result.subarray(0, at)
    }
  }
  return result
}

/** Gives what `read` gives, or undefined where it refuses the bytes with a code that says so; any other error passes through. */
export function onlyTypedErrors<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported') || isWaymarkError(error, 'limit'))
      return undefined
    throw error
  }
}
