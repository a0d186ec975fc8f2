import * as crypto from 'node:crypto'
import type { FileSystem } from '../files/file-system.ts'
import { healPack } from '../format/heal-pack.ts'
import { encodeFooter, type FrameEntry } from '../format/pack-footer.ts'
import { encodePackHeader, packIdOf } from '../format/pack-header.ts'
import { decodeEntry, PackReader } from '../format/pack-reader.ts'
import { type PackScan, scanPack } from '../format/pack-scan.ts'
import { type ByteSourceLike, readWhole, withFile } from './repair-files.ts'
import { isPackFault } from './verify-packs.ts'
import { paritySuffix } from './verify-parity.ts'

/** What a repair can do about a damaged pack. */
export interface PackPlan {
  readonly pack: string
  /** `heal`: whole again. `rename`: it was whole, under another's name. `mend`: what is intact of it. `set aside`: nothing is intact. `nothing`: there is no such file. */
  readonly does: 'heal' | 'rename' | 'mend' | 'set aside' | 'nothing'
  readonly reason: string
  /** What the file becomes. */
  readonly content?: ByteSourceLike
}

export interface PackFolder {
  readonly files: FileSystem
  readonly folder: string
  readonly storeId: string
}

const pathOf = ({ folder }: PackFolder, pack: string): string => `${folder}/${pack}.pack`

/** Which of these files holds a pack of another name, by that name. */
export async function misplacedPacks(packs: PackFolder, names: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const misplaced = new Map<string, string>()
  for (const name of names) {
    const head = await withFile(packs.files, pathOf(packs, name), source => source.read(0, Math.min(96, source.size)))
    const id = head && packIdOf(head)
    if (id !== undefined && id !== name && /^[0-9a-z]{26}$/.test(id)) misplaced.set(id, name)
  }
  return misplaced
}

/** Looks for the best that can be made of a pack; changes nothing. What it gives reads the damaged file when it is read. */
export async function planPack(packs: PackFolder, pack: string, misplaced: ReadonlyMap<string, string>): Promise<PackPlan> {
  const elsewhere = misplaced.get(pack)
  const isOther = [...misplaced.values()].includes(pack)
  const name = elsewhere ?? (isOther ? undefined : pack)
  const found = await sourceAt(packs.files, pathOf(packs, pack))
  const source = name === undefined ? undefined : await sourceAt(packs.files, pathOf(packs, name))
  if (source === undefined) {
    if (found === undefined)
      return { pack, does: 'nothing', reason: 'its file is missing; put it back from a backup, if there is one' }
    return { pack, does: 'set aside', reason: 'the file holds another pack' }
  }
  if (elsewhere !== undefined && (await isWhole(source, pack, packs.storeId))) {
    return { pack, does: 'rename', reason: `its bytes are whole, in the file of pack ${elsewhere}`, content: source }
  }
  if (source.refused !== undefined) return { pack, does: 'set aside', reason: source.refused }
  const healed = await healedBy(packs, source, pack)
  if (healed !== undefined && (await isWhole(healed.content, pack, packs.storeId))) {
    return {
      pack,
      does: 'heal',
      reason: `its parity heals ${healed.blocks} damaged ${healed.blocks === 1 ? 'block' : 'blocks'} of 64 KiB`,
      content: healed.content,
    }
  }
  return mended(healed?.content ?? source, pack, packs.storeId)
}

/** A file as bytes, opened for each reading: a plan may name many. */
async function sourceAt(files: FileSystem, path: string): Promise<ByteSourceLike | undefined> {
  const found = await withFile(files, path, async ({ size, refused }) => ({
    size,
    ...(refused === undefined ? {} : { refused }),
  }))
  if (found === undefined) return undefined
  const read = async (offset: number, length: number): Promise<Uint8Array> =>
    (await withFile(files, path, source => source.read(offset, length))) ?? Buffer.alloc(0)
  return { ...found, read }
}

async function healedBy(
  packs: PackFolder,
  source: ByteSourceLike,
  pack: string,
): Promise<{ content: ByteSourceLike; blocks: number } | undefined> {
  const parity = await readWhole(packs.files, `${packs.folder}/${pack}${paritySuffix}`)
  if (parity === undefined) return undefined
  try {
    const { packBytes, healed } = await healPack(source.read, pack, source.size, parity, packs.storeId)
    return healed.length === 0 && packBytes === source.size
      ? undefined
      : { content: patched(source, packBytes, healed), blocks: healed.length }
  } catch (error) {
    if (!isPackFault(error)) throw error
    return undefined
  }
}

/** The source with other bytes in some places, and another length: what was behind its end is zeros. */
function patched(
  source: ByteSourceLike,
  size: number,
  patches: readonly { readonly offset: number; readonly bytes: Uint8Array }[],
): ByteSourceLike {
  return {
    size,
    async read(offset, length) {
      const result = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
      const end = offset + result.length
      if (offset < source.size) result.set(await source.read(offset, Math.min(result.length, source.size - offset)))
      for (const patch of patches) {
        const from = Math.max(offset, patch.offset)
        const to = Math.min(end, patch.offset + patch.bytes.length)
        if (from < to) result.set(patch.bytes.subarray(from - patch.offset, to - patch.offset), from - offset)
      }
      return result
    },
  }
}

/** True if it can be opened and every frame and whole chunk is what was written. */
async function isWhole(source: ByteSourceLike, pack: string, storeId: string): Promise<boolean> {
  try {
    const reader = await PackReader.open(source.read, pack, source.size, storeId)
    for (const entry of reader.frames) if (!(await isIntact(source, pack, entry))) return false
    return true
  } catch (error) {
    if (!isPackFault(error)) throw error
    return false
  }
}

async function isIntact(source: ByteSourceLike, pack: string, entry: FrameEntry): Promise<boolean> {
  try {
    const { chunks } = decodeEntry(await source.read(entry.offset, entry.storedBytes), pack, entry)
    return chunks.every(
      ({ kind, payload, digest }) => kind === 'delta' || crypto.hash('sha256', payload, 'buffer').equals(digest),
    )
  } catch (error) {
    if (!isPackFault(error)) throw error
    return false
  }
}

/** The intact frames, with the numbers they had, as a pack of the same id. */
async function mended(source: ByteSourceLike, pack: string, storeId: string): Promise<PackPlan> {
  const scan = await scanned(source, pack)
  const kept: FrameEntry[] = []
  for (const entry of scan?.frames ?? []) if (await isIntact(source, pack, entry)) kept.push(entry)
  if (kept.length === 0) return { pack, does: 'set aside', reason: 'nothing in it is intact' }
  const all = scan?.footer?.frames.length
  const lost = all === undefined ? '' : ` of ${all}`
  return {
    pack,
    does: 'mend',
    reason: `${kept.length}${lost} frames in it are intact`,
    content: packOf(source, pack, storeId, kept),
  }
}

async function scanned(source: ByteSourceLike, pack: string): Promise<PackScan | undefined> {
  try {
    return await scanPack(source.read, pack, source.size)
  } catch (error) {
    if (!isPackFault(error)) throw error
    return undefined
  }
}

interface Part {
  readonly at: number
  readonly length: number
  read(offset: number, length: number): Promise<Uint8Array>
}

function packOf(source: ByteSourceLike, pack: string, storeId: string, frames: readonly FrameEntry[]): ByteSourceLike {
  const parts: Part[] = []
  let size = 0
  const add = (length: number, read: Part['read']): void => {
    parts.push({ at: size, length, read })
    size += length
  }
  const bytes = (content: Uint8Array) => add(content.length, async (offset, length) => content.subarray(offset, offset + length))
  bytes(encodePackHeader(pack, storeId))
  const placed = frames.map(entry => {
    const moved = { ...entry, offset: size }
    add(entry.storedBytes, (offset, length) => source.read(entry.offset + offset, length))
    return moved
  })
  bytes(encodeFooter(pack, placed, size))
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length)
      const pieces: Uint8Array[] = []
      for (const part of parts) {
        const from = Math.max(offset, part.at)
        const to = Math.min(end, part.at + part.length)
        if (from < to) pieces.push(await part.read(from - part.at, to - from))
      }
      return Buffer.concat(pieces)
    },
  }
}
