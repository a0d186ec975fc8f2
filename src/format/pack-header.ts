import { damagedPack, unknownInPack } from './damaged-pack.ts'
import { sha256 } from './sha256.ts'

/** Bytes of the header of a pack or of its parity. */
export const packHeaderLength = 96
/** The major format of packs as they are written today. */
export const packMajor = 2
/** Characters of the id of a pack or a store. */
export const idLength = 26

const digestedLength = 80

/** The files that begin with such a header, by their magic. */
export const packMagic = 'waymkpak'
export const parityMagic = 'waymkpar'
export type PackFileMagic = typeof packMagic | typeof parityMagic

/**
 * The header of a pack or of its parity: magic 8 | major u16 | minor u16 | requires u32 | pack id 26 | 0 u16 | store id 26 | 0 × 10 |
 * digest of all that 16.
 */
export function encodePackHeader(pack: string, store: string, magic: PackFileMagic = packMagic): Buffer {
  const header = Buffer.alloc(packHeaderLength)
  header.write(magic, 0, 8, 'latin1')
  header.writeUInt16LE(packMajor, 8)
  header.write(pack, 16, idLength, 'latin1')
  header.write(store, 44, idLength, 'latin1')
  sha256(header.subarray(0, digestedLength)).copy(header, digestedLength, 0, 16)
  return header
}

/**
 * Checks the first 96 bytes of a pack or of its parity.
 *
 * @param store the store it must belong to, if the caller knows
 * @throws WaymarkError `corrupt` if it is damaged or another pack's, `unsupported` if it is of another format
 */
export function checkPackHeader(bytes: Uint8Array, pack: string, store?: string, magic: PackFileMagic = packMagic): void {
  const header = asBuffer(bytes)
  if (header.length < packHeaderLength || header.toString('latin1', 0, 8) !== magic) {
    throw damagedPack(pack, 'its header is damaged')
  }
  const digest = sha256(header.subarray(0, digestedLength))
  if (digest.compare(header, digestedLength, packHeaderLength, 0, 16) !== 0) throw damagedPack(pack, 'its header is damaged')
  const [major, requires] = [header.readUInt16LE(8), header.readUInt32LE(12)]
  if (major !== packMajor) throw unknownInPack(pack, `format ${major}`)
  if (requires !== 0) throw unknownInPack(pack, `required features (${requires.toString(2)} in binary)`)
  if (header.toString('latin1', 16, 16 + idLength) !== pack) throw damagedPack(pack, 'it holds another pack')
  if (store !== undefined && header.toString('latin1', 44, 44 + idLength) !== store) {
    throw damagedPack(pack, 'it belongs to another store')
  }
}

/** The id that the bytes of a pack begin with; `undefined` if they do not begin as a pack does. Opening the pack checks it. */
export function packIdOf(bytes: Uint8Array): string | undefined {
  const header = asBuffer(bytes)
  if (header.length < packHeaderLength || header.toString('latin1', 0, 8) !== packMagic) return undefined
  return header.toString('latin1', 16, 16 + idLength)
}

/** The same bytes with the methods of a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Reads part of a pack: exactly `length` bytes at `offset`, or rejects. */
export type ReadPack = (offset: number, length: number) => Promise<Uint8Array>

/** Asks `read`, and takes an answer of another length for damage: the file is shorter than it should be. */
export async function readExactly(read: ReadPack, pack: string, offset: number, length: number): Promise<Buffer> {
  const bytes = await read(offset, length)
  if (bytes.length !== length) throw damagedPack(pack, 'it is cut short', { offset })
  return asBuffer(bytes)
}
