import * as zlib from 'node:zlib'
import { asBuffer, type ReadPack, readExactly } from './pack-header.ts'
import type { ByteRange } from './pack-scan.ts'
import { type Parity, parityBlockBytes, parseParity, xorInto } from './parity.ts'

/** How to mend a pack: write the healed blocks in a copy, set its length, verify it in full. */
export interface PackHealing {
  /** Bytes the pack has when it is whole: a longer file has a tail to cut off. */
  readonly packBytes: number
  /** Damaged or missing blocks, as they were written. */
  readonly healed: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
  /** Blocks that are damaged together with another one of their group. */
  readonly unhealed: readonly ByteRange[]
}

/**
 * What the parity can bring back. Changes nothing. Reads the pack once; holds one block for each group besides the parity.
 *
 * @param size bytes of the pack as it is
 * @throws WaymarkError `corrupt` if the parity file itself is damaged or another pack's, `unsupported` if it is of another format; and what
 *   `read` rejects with
 */
export async function healPack(
  read: ReadPack,
  pack: string,
  size: number,
  parityBytes: Uint8Array,
  store?: string,
): Promise<PackHealing> {
  const parity = parseParity(parityBytes, pack, store)
  const groups = parity.blocks.map(startOfGroup)
  const block = new Int32Array(parityBlockBytes / 4)
  const blockBytes = asBuffer(new Uint8Array(block.buffer))
  for (const [index, crc32] of parity.crc32s.entries()) {
    const group = groups[index % parity.groups]
    const { offset, length } = blockRange(parity, index)
    const present = Math.max(0, Math.min(length, size - offset))
    if (present === length) blockBytes.set(await readExactly(read, pack, offset, length))
    if (present < length || zlib.crc32(blockBytes.subarray(0, length)) !== crc32) {
      group?.damaged.push(index)
      continue
    }
    blockBytes.fill(0, length)
    if (group) xorInto(group.rest, block)
  }
  const healed: { offset: number; bytes: Uint8Array }[] = []
  const unhealed: ByteRange[] = []
  for (const { rest, damaged } of groups) {
    const [index] = damaged
    if (index === undefined) continue
    const { offset, length } = blockRange(parity, index)
    const bytes = new Uint8Array(rest.buffer, 0, length)
    // The crc32 of the lost block proves that the others were right.
    if (damaged.length === 1 && zlib.crc32(bytes) === parity.crc32s[index]) healed.push({ offset, bytes })
    else unhealed.push(...damaged.map(each => blockRange(parity, each)))
  }
  const byOffset = (a: { readonly offset: number }, b: { readonly offset: number }) => a.offset - b.offset
  return { packBytes: parity.packBytes, healed: healed.sort(byOffset), unhealed: unhealed.sort(byOffset) }
}

/** The parity of a group, from which the good blocks are taken until the damaged one is left. */
function startOfGroup(parityBlock: Uint8Array): { readonly rest: Int32Array<ArrayBuffer>; readonly damaged: number[] } {
  const rest = new Int32Array(parityBlockBytes / 4)
  new Uint8Array(rest.buffer).set(parityBlock)
  return { rest, damaged: [] }
}

function blockRange(parity: Parity, index: number): ByteRange {
  const offset = index * parityBlockBytes
  return { offset, length: Math.min(parityBlockBytes, parity.packBytes - offset) }
}
