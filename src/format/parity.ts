import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import { damagedPack } from './damaged-pack.ts'
import { asBuffer, checkPackHeader, encodePackHeader, packHeaderLength, parityMagic } from './pack-header.ts'

/*
 * The parity of a pack, little endian:
 *
 *     parity = header 96, as a pack's | pack bytes u64 | block bytes u32 | blocks u32 | groups u32 | bytes of a parity block u32 | 0 × 8 |
 *              crc32 u32 of every block | parity block of every group | SHA-256 of all that 32
 *
 * Block i belongs to group i mod groups. The parity block of a group is the XOR of its blocks, the last one of the pack taken as
 * followed by zeros.
 */
export const parityBlockBytes = 64 * 1024
const blocksPerGroup = 32
const fieldsLength = 32
const digestLength = 32

/** A parity file, checked. */
export interface Parity {
  readonly packBytes: number
  readonly groups: number
  /** Of every block of the pack. */
  readonly crc32s: Uint32Array
  /** Of every group; as long as a block, or as the pack if that is shorter. */
  readonly blocks: readonly Uint8Array[]
}

/**
 * Makes the parity of a pack from its bytes in order. Holds the parity blocks: 1/32 to 1/21 of `maxPackBytes`.
 *
 * The number of groups has to be known from the start. If the pack turns out shorter than `maxPackBytes`, groups are folded onto each
 * other as far as that goes evenly; if it is longer, groups have more than 32 blocks and heal less.
 */
export class ParityBuilder {
  readonly #pack: string
  readonly #store: string
  readonly #groups: readonly Int32Array[]
  readonly #block = new Int32Array(parityBlockBytes / 4)
  readonly #blockBytes = asBuffer(new Uint8Array(this.#block.buffer))
  readonly #crc32s: number[] = []
  #filled = 0
  #packBytes = 0

  /** @param maxPackBytes bytes of the whole pack, or a bound of them */
  constructor(pack: string, store: string, maxPackBytes: number) {
    this.#pack = pack
    this.#store = store
    this.#groups = Array.from({ length: foldableGroups(groupsFor(maxPackBytes)) }, () => new Int32Array(parityBlockBytes / 4))
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + parityBlockBytes - this.#filled)
      this.#blockBytes.set(piece, this.#filled)
      this.#filled += piece.length
      at += piece.length
      if (this.#filled === parityBlockBytes) this.#endBlock()
    }
  }

  /** The bytes of the parity file. */
  finish(): Uint8Array[] {
    if (this.#filled > 0) this.#endBlock()
    const groups = foldedGroups(this.#groups.length, groupsFor(this.#packBytes))
    const folded = this.#groups.slice(0, groups)
    for (const [index, group] of this.#groups.entries()) {
      const target = folded[index % groups]
      if (index >= groups && target) xorInto(target, group)
    }
    const parityBytes = Math.min(parityBlockBytes, this.#packBytes)
    const head = Buffer.alloc(packHeaderLength + fieldsLength + 4 * this.#crc32s.length)
    encodePackHeader(this.#pack, this.#store, parityMagic).copy(head)
    head.writeBigUInt64LE(BigInt(this.#packBytes), 96)
    head.writeUInt32LE(parityBlockBytes, 104)
    head.writeUInt32LE(this.#crc32s.length, 108)
    head.writeUInt32LE(groups, 112)
    head.writeUInt32LE(parityBytes, 116)
    for (const [index, crc32] of this.#crc32s.entries()) head.writeUInt32LE(crc32, packHeaderLength + fieldsLength + 4 * index)
    const parts: Uint8Array[] = [head, ...folded.map(group => new Uint8Array(group.buffer, 0, parityBytes))]
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return [...parts, hash.digest()]
  }

  #endBlock(): void {
    this.#crc32s.push(zlib.crc32(this.#blockBytes.subarray(0, this.#filled)))
    this.#blockBytes.fill(0, this.#filled)
    const group = this.#groups[(this.#crc32s.length - 1) % this.#groups.length]
    if (group) xorInto(group, this.#block)
    this.#packBytes += this.#filled
    this.#filled = 0
  }
}

function groupsFor(packBytes: number): number {
  return Math.max(1, Math.ceil(packBytes / parityBlockBytes / blocksPerGroup))
}

/** A number of groups, at least `wanted` and at most half as many again, that folds to little more than any smaller one. */
function foldableGroups(wanted: number): number {
  const unit = 2 ** Math.max(0, Math.floor(Math.log2(wanted)) - 1)
  return Math.ceil(wanted / unit) * unit
}

/** The smallest number of groups, at least `wanted`, onto which `groups` fold evenly; `groups` if there is none. */
function foldedGroups(groups: number, wanted: number): number {
  for (let folded = wanted; folded < groups; folded++) {
    if (groups % folded === 0) return folded
  }
  return groups
}

/** Words, because they are eight times as fast as bytes; both begin at a multiple of four. */
export function xorInto(target: Int32Array, source: Int32Array): void {
  for (let index = 0; index < source.length; index++) target[index] = (target[index] ?? 0) ^ (source[index] ?? 0)
}

/**
 * Checks the bytes of a parity file. Its blocks are views.
 *
 * @throws WaymarkError `corrupt` if a byte is not what was written for this pack, `unsupported` if it is of another format
 */
export function parseParity(bytes: Uint8Array, pack: string, store?: string): Parity {
  const buffer = asBuffer(bytes)
  const damaged = (how: string) => damagedPack(pack, `its parity file ${how}`)
  checkPackHeader(buffer.subarray(0, packHeaderLength), pack, store, parityMagic)
  const fieldsEnd = packHeaderLength + fieldsLength
  if (buffer.length < fieldsEnd + digestLength) throw damaged('is cut short')
  const digestAt = buffer.length - digestLength
  if (!createHash('sha256').update(buffer.subarray(0, digestAt)).digest().equals(buffer.subarray(digestAt))) {
    throw damaged('is damaged')
  }
  const packBytes = Number(buffer.readBigUInt64LE(96))
  const [blockBytes, blocks] = [buffer.readUInt32LE(104), buffer.readUInt32LE(108)]
  const [groups, parityBytes] = [buffer.readUInt32LE(112), buffer.readUInt32LE(116)]
  const isConsistent =
    blockBytes === parityBlockBytes &&
    blocks === Math.ceil(packBytes / blockBytes) &&
    parityBytes === Math.min(blockBytes, packBytes) &&
    groups > 0 &&
    groups <= Math.max(1, blocks) &&
    fieldsEnd + 4 * blocks + groups * parityBytes === digestAt
  if (!isConsistent) throw damaged('contradicts itself')
  const blocksAt = fieldsEnd + 4 * blocks
  return {
    packBytes,
    groups,
    crc32s: Uint32Array.from({ length: blocks }, (_, index) => buffer.readUInt32LE(fieldsEnd + 4 * index)),
    blocks: Array.from({ length: parityBytes === 0 ? 0 : groups }, (_, group) =>
      buffer.subarray(blocksAt + group * parityBytes, blocksAt + (group + 1) * parityBytes),
    ),
  }
}
