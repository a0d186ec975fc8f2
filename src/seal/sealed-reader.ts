import { fileError } from '../files/file-error.ts'
import type { FileStat, OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { giveBack } from './give-back.ts'
import {
  type BlockLength,
  type BlockSeal,
  blockOffset,
  blocksOf,
  contentLength,
  type SealedHeader,
  sealedBlockLength,
} from './sealed-blocks.ts'

/** Bytes of the content that are read and opened before the next are: few enough to be still at hand for the processor, and to be read without another thread. Of frames of packs that takes 10 to 25 % less than all in one. */
const nearBytes = 128 * 1024
/** The same of longer reads, which go to other threads: this one does other things meanwhile. */
const farBytes = 1024 * 1024

/** A block that a read ended in. The next read often begins there, and may be under way at the same time. */
interface EdgeBlock {
  readonly index: number
  readonly content: Promise<Buffer>
}

/** A sealed file that is read: offsets and lengths are those of its content. */
export class SealedReader implements OpenFile {
  readonly #file: OpenFile
  readonly #blocks: BlockSeal
  readonly #path: string
  readonly #mustOpen: boolean
  #length: number | undefined
  #edge: EdgeBlock | undefined
  /** Blocks that were read and did not open. */
  readonly #unopenedBlocks = new Set<number>()

  /** @param mustOpen true: a block that does not open rejects; false: it reads as zeros */
  constructor(file: OpenFile, blocks: BlockSeal, path: string, mustOpen: boolean) {
    this.#file = file
    this.#blocks = blocks
    this.#path = path
    this.#mustOpen = mustOpen
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const size = this.#length ?? (await this.#size())
    const end = Math.min(position + length, size)
    if (end <= position) return new Uint8Array(0)
    const { blockLength } = this.#blocks
    const first = Math.floor(position / blockLength)
    const last = Math.ceil(end / blockLength) - 1
    // Every byte of it is written below.
    const bytes = Buffer.allocUnsafeSlow(end - position)
    const put = (block: Uint8Array, index: number): void => {
      const start = index * blockLength
      const from = Math.max(0, position - start)
      bytes.set(block.subarray(from, Math.min(block.length, end - start)), start + from - position)
    }
    const known = this.#edge?.index === first ? this.#edge : undefined
    const next = known === undefined ? first : first + 1
    const edge = next > last ? undefined : { index: last, content: this.#open(next, last, size, put) }
    const uses = [known, edge].filter(one => one !== undefined).map(one => this.#use(one, put))
    if (edge !== undefined) this.#keep(edge)
    await Promise.all(uses)
    return bytes
  }

  write(): Promise<void> {
    return Promise.reject(fileError('EBADF', 'write', this.#path))
  }

  async sync(): Promise<void> {}

  truncate(): Promise<void> {
    return Promise.reject(fileError('EBADF', 'truncate', this.#path))
  }

  async stat(): Promise<FileStat> {
    return { ...(await this.#file.stat()), size: await this.#size() }
  }

  close(): Promise<void> {
    this.#keep(undefined)
    return this.#file.close()
  }

  /** Whether no sealed file of this kind is so long. */
  isCut(fileLength: number): boolean {
    return contentLength(fileLength, this.#blocks.blockLength) === undefined
  }

  get blockLength(): BlockLength {
    return this.#blocks.blockLength
  }

  /** Numbers of the blocks that were read and did not open, in order. */
  get unopenedBlocks(): readonly number[] {
    return [...this.#unopenedBlocks].sort((a, b) => a - b)
  }

  /**
   * Offset of the first byte at or behind `from` that does not open, among those that were read; 0 if nothing can be told of the file, because it is cut. What does not open is damage for certain: a file has its name only once
   * all of it is durable.
   */
  async firstUnopened(from: number): Promise<number | undefined> {
    const { blockLength } = this.#blocks
    if (this.isCut((await this.#file.stat()).size)) return 0
    // A file without content has a block too, and no read asks for it.
    if ((await this.#size()) === 0) giveBack(await this.#open(0, 0, 0, () => {}))
    let first: number | undefined
    for (const index of this.#unopenedBlocks) {
      const at = Math.max(from, index * blockLength)
      if ((index + 1) * blockLength > from && (first === undefined || at < first)) first = at
    }
    return first
  }

  async #size(): Promise<number> {
    if (this.#length !== undefined) return this.#length
    const { size } = await this.#file.stat()
    const length = contentLength(size, this.#blocks.blockLength)
    if (length === undefined && this.#mustOpen) throw doesNotOpen(this.#path, 'it is cut short')
    // A file without content has a block too, and no read asks for it.
    if (length === 0 && this.#mustOpen) giveBack(await this.#open(0, 0, 0, () => {}))
    this.#length = length ?? 0
    return this.#length
  }

  /** In the place of the one before, of which all who use it by now have taken their part when it is given back: they asked first. */
  #keep(edge: EdgeBlock | undefined): void {
    void this.#edge?.content.then(giveBack, () => {})
    this.#edge = edge
  }

  async #use({ content, index }: EdgeBlock, put: (block: Buffer, index: number) => void): Promise<void> {
    try {
      put(await content, index)
    } catch (error) {
      // Whoever comes next reads it anew.
      if (this.#edge?.content === content) this.#edge = undefined
      throw error
    }
  }

  /** Opens the blocks from `first` to `last`. Each is given to `put`, but for the last, which it resolves with. */
  async #open(first: number, last: number, size: number, put: (block: Buffer, index: number) => void): Promise<Buffer> {
    const { blockLength } = this.#blocks
    const step = sealedBlockLength(blockLength)
    const together = ((last + 1 - first) * blockLength > farBytes ? farBytes : nearBytes) / blockLength
    const end = blocksOf(size, blockLength) - 1
    for (let begin = first; ; begin += together) {
      const sealed = await this.#file.read(blockOffset(begin, blockLength), Math.min(together, last + 1 - begin) * step)
      for (let index = begin; index < begin + together; index++) {
        const at = (index - begin) * step
        const wanted = Math.min(blockLength, size - index * blockLength)
        const opened = this.#blocks.open(sealed.subarray(at, at + step), index, index === end)
        const block = opened?.length === wanted ? opened : this.#unopened(index, wanted)
        if (index === last) {
          giveBack(sealed)
          return block
        }
        put(block, index)
        giveBack(block)
      }
      giveBack(sealed)
    }
  }

  #unopened(index: number, length: number): Buffer {
    const { blockLength } = this.#blocks
    if (this.#mustOpen) throw doesNotOpen(this.#path, `the ${blockLength} bytes from ${index * blockLength} on are damaged`)
    this.#unopenedBlocks.add(index)
    return Buffer.alloc(length)
  }
}

/** A file sealed with a key that is not among those of the store, or by a later version. */
export function unknownKey(path: string, header: SealedHeader): WaymarkError {
  if (header.blockLength === undefined) {
    return new WaymarkError('unsupported', {
      message: `${path} was sealed by a later version of waymark`,
      means: 'The store is intact; nothing was read or written.',
      remedy: 'Use the version of waymark that wrote it, or a newer one.',
    })
  }
  return new WaymarkError('corrupt', {
    message: `${path} is sealed with the data key ${header.keyId}, which is not among the keys of this store`,
    means: 'What is in this file cannot be read; other files are not affected.',
    remedy: 'Put back the folder keys of the store from a backup that is as new as the file.',
    details: { path, key: header.keyId },
  })
}

/** A plain file in a store that has sealed ones only. */
export const notSealed = (path: string): WaymarkError =>
  doesNotOpen(path, 'it is not sealed, in a store that has sealed files only')

const doesNotOpen = (path: string, how: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `${path} does not open: ${how}`,
    means: 'It was changed or damaged after it was sealed. Nothing of the damaged part was used.',
    remedy: 'Put back the file from a backup; or mend what can be mended, and see what is lost, with: waymark repair',
    details: { path },
  })
