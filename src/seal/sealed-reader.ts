import { fileError } from '../files/file-error.ts'
import type { FileStat, OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { giveBack } from './give-back.ts'
import {
  type BlockSeal,
  blockLength,
  blockOffset,
  blocksOf,
  contentLength,
  type SealedHeader,
  sealedBlockLength,
} from './sealed-blocks.ts'

/** A sealed file that is read: offsets and lengths are those of its content. */
export class SealedReader implements OpenFile {
  readonly #file: OpenFile
  readonly #blocks: BlockSeal
  readonly #path: string
  readonly #mustOpen: boolean
  #length: number | undefined
  /** The block that was read last, which the next read often begins in. */
  #last: { readonly index: number; readonly content: Buffer } | undefined

  /** @param mustOpen true: a block that does not open rejects; false: it reads as zeros */
  constructor(file: OpenFile, blocks: BlockSeal, path: string, mustOpen: boolean) {
    this.#file = file
    this.#blocks = blocks
    this.#path = path
    this.#mustOpen = mustOpen
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const size = await this.#size()
    const end = Math.min(position + length, size)
    if (end <= position) return new Uint8Array(0)
    const bytes = new Uint8Array(end - position)
    const first = Math.floor(position / blockLength)
    const kept = this.#last?.index === first ? this.#last.content : undefined
    const blocks = await this.#read(first, Math.ceil(end / blockLength) - first, size, kept)
    for (const [i, block] of blocks.entries()) {
      const start = (first + i) * blockLength
      const from = Math.max(0, position - start)
      bytes.set(block.subarray(from, Math.min(block.length, end - start)), start + from - position)
      // The last one is kept for the next read, and another may be reading the one that was kept.
      if (i < blocks.length - 1 && block !== kept) giveBack(block)
    }
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
    return this.#file.close()
  }

  async #size(): Promise<number> {
    if (this.#length !== undefined) return this.#length
    const { size } = await this.#file.stat()
    const length = contentLength(size)
    if (length === undefined && this.#mustOpen) throw doesNotOpen(this.#path, 'it is cut short')
    this.#length = length ?? 0
    return this.#length
  }

  /** @param kept what is in the first of them, if that is known */
  async #read(first: number, count: number, size: number, kept: Buffer | undefined): Promise<readonly Buffer[]> {
    const contents: Buffer[] = kept === undefined ? [] : [kept]
    if (contents.length === count) return contents
    const start = first + contents.length
    const sealed = await this.#file.read(blockOffset(start), (first + count - start) * sealedBlockLength)
    const last = blocksOf(size) - 1
    for (let index = start; index < first + count; index++) {
      const at = (index - start) * sealedBlockLength
      const block = sealed.subarray(at, at + sealedBlockLength)
      contents.push(this.#blocks.open(block, index, index === last) ?? this.#unopened(index, size))
    }
    giveBack(sealed)
    const content = contents.at(-1)
    if (content !== undefined) this.#last = { index: first + count - 1, content }
    return contents
  }

  #unopened(index: number, size: number): Buffer {
    if (this.#mustOpen) throw doesNotOpen(this.#path, `the ${blockLength} bytes from ${index * blockLength} on are damaged`)
    return Buffer.alloc(Math.min(blockLength, size - index * blockLength))
  }
}

/** A file sealed with a key that is not among those of the store, or by a later version. */
export function unknownKey(path: string, header: SealedHeader): WaymarkError {
  if (!header.known) {
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
    means: 'It was changed or damaged after it was sealed. Nothing of the damaged part was used; other files are not affected.',
    remedy: 'Put back the file from a backup, or run waymark verify to see what is lost.',
    details: { path },
  })
