import { createHash } from 'node:crypto'
import { type FileKeys, sealInto, sealOverhead, unseal } from './file-keys.ts'

/**
 * The bytes of a sealed file (published in `docs/format-sealed.md`): what is written once and then only read, in blocks, so that any part of it can be read alone. Little endian.
 *
 *     file   = header (64) block*
 *     header = 'waymksld' | version u16 | 0 u16 | block bytes u32 | key id 10 | 0 × 6 | salt 16 | digest 16
 *     block  = nonce 12 | ciphertext | tag 16
 *
 * Each block but the last holds so many bytes of the content as the header says; the last 0 to that many. A block is bound to the header, the store, its number, and to being the last or not: moved, exchanged, left out or cut off, it does not open.
 */
export const sealedHeaderLength = 64
export const saltLength = 16

/** Bytes of the content in a block. */
export type BlockLength = 16_384 | 65_536

/**
 * Of files that are read in long pieces. The calls of node:crypto cost 20 µs for each block, whatever is in it: sealing 64 KiB takes 132 µs in four blocks and 79 in one. Larger ones save less, and more is opened for a small
 * part of a file.
 */
export const longBlock: BlockLength = 65_536
/** Of files of which records are read one by one; and of all that were sealed before there were long ones. */
export const shortBlock: BlockLength = 16_384

export const sealedBlockLength = (blockLength: BlockLength): number => blockLength + sealOverhead

const magic = Buffer.from('waymksld', 'latin1')
const version = 1
const digestedLength = 48
const keyIdStart = 16
const keyIdEnd = 26
const saltStart = 32

export function encodeSealedHeader(keyId: string, salt: Uint8Array, blockLength: BlockLength): Buffer {
  const header = Buffer.alloc(sealedHeaderLength)
  magic.copy(header, 0)
  header.writeUInt16LE(version, 8)
  header.writeUInt32LE(blockLength, 12)
  header.write(keyId, keyIdStart, 'hex')
  header.set(salt, saltStart)
  digestOf(header).copy(header, digestedLength)
  return header
}

export interface SealedHeader {
  readonly keyId: string
  readonly salt: Buffer
  /** Undefined: of a later version, which this one cannot read. */
  readonly blockLength: BlockLength | undefined
}

/** Undefined if these are not the whole bytes of the header of a sealed file. */
export function decodeSealedHeader(bytes: Uint8Array): SealedHeader | undefined {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (header.length < sealedHeaderLength || magic.compare(header, 0, magic.length) !== 0) return undefined
  if (!digestOf(header).equals(header.subarray(digestedLength, sealedHeaderLength))) return undefined
  return {
    keyId: header.toString('hex', keyIdStart, keyIdEnd),
    salt: Buffer.from(header.subarray(saltStart, saltStart + saltLength)),
    blockLength: header.readUInt16LE(8) === version ? knownLength(header.readUInt32LE(12)) : undefined,
  }
}

/** Whether these bytes begin as a sealed file does, whole or not. */
export const beginsSealed = (bytes: Uint8Array): boolean => magic.equals(bytes.subarray(0, magic.length))

const knownLength = (length: number): BlockLength | undefined => [shortBlock, longBlock].find(known => known === length)

/** Bytes of the content of a sealed file of this many bytes; undefined if no sealed file with such blocks is so long. */
export function contentLength(fileLength: number, blockLength: BlockLength): number | undefined {
  const sealed = fileLength - sealedHeaderLength
  if (sealed < sealOverhead) return undefined
  const blocks = Math.ceil(sealed / sealedBlockLength(blockLength))
  const length = sealed - blocks * sealOverhead
  return length < (blocks - 1) * blockLength ? undefined : length
}

/** No file that is shorter is sealed. */
export const leastSealedLength = sealedHeaderLength + sealOverhead

/** How many blocks hold a content of this length: one at least, which says where it ends. */
export const blocksOf = (length: number, blockLength: BlockLength): number => Math.max(1, Math.ceil(length / blockLength))

export const blockOffset = (index: number, blockLength: BlockLength): number =>
  sealedHeaderLength + index * sealedBlockLength(blockLength)

/** Seals and opens the blocks of one file. */
export class BlockSeal {
  /** As the header says. */
  readonly blockLength: BlockLength
  readonly #keys: FileKeys
  readonly #place: Buffer

  constructor(keys: FileKeys, header: Uint8Array, blockLength: BlockLength, storeId: string) {
    this.blockLength = blockLength
    this.#keys = keys
    this.#place = Buffer.concat([header.subarray(0, digestedLength), Buffer.from(storeId, 'latin1'), Buffer.alloc(9)])
  }

  /**
   * The blocks of `content`, the first of which has this number: all full but, if it is the last of the file, the last.
   *
   * @returns what it wrote, from the beginning of `target` on
   */
  sealInto(target: Buffer, content: Uint8Array, first: number, isEnd: boolean): Buffer {
    const { blockLength } = this
    const count = isEnd ? blocksOf(content.length, blockLength) : content.length / blockLength
    const sealed = target.subarray(0, content.length + count * sealOverhead)
    for (let i = 0; i < count; i++) {
      const plain = content.subarray(i * blockLength, (i + 1) * blockLength)
      sealInto(
        this.#keys,
        this.#placeOf(first + i, isEnd && i === count - 1),
        plain,
        sealed.subarray(i * sealedBlockLength(blockLength)),
      )
    }
    return sealed
  }

  /** What is in a block; undefined if it is not the one that was sealed there. */
  open(block: Uint8Array, index: number, isLast: boolean): Buffer | undefined {
    return unseal(this.#keys, this.#placeOf(index, isLast), block)
  }

  #placeOf(index: number, isLast: boolean): Buffer {
    this.#place.writeBigUInt64LE(BigInt(index), this.#place.length - 9)
    this.#place.writeUInt8(isLast ? 1 : 0, this.#place.length - 1)
    return this.#place
  }
}

const digestOf = (header: Buffer): Buffer =>
  createHash('sha256').update(header.subarray(0, digestedLength)).digest().subarray(0, 16)
