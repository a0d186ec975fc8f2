import { fileError } from '../files/file-error.ts'
import type { FileStat, OpenFile } from '../files/file-system.ts'
import { type BlockSeal, blockLength, blockOffset, blocksOf } from './sealed-blocks.ts'

/** How many bytes are sealed at once. */
const sealedTogether = 64 * blockLength

/** A file that is sealed while it is written, from its beginning to its end, once. Its last block is written by the first sync, or by closing it: nothing can be added after that. */
export class SealedWriter implements OpenFile {
  readonly #file: OpenFile
  readonly #header: Buffer
  readonly #blocks: BlockSeal
  /** Content that does not fill a block yet. */
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of the content that were given. */
  #length = 0
  /** Blocks that were sealed. */
  #sealed = 0
  /** Ends when the writes given so far are over; they stand in their order. */
  #turn: Promise<void> = Promise.resolve()
  #ended = false
  /** Writes that wait for the bytes before them, by position. */
  readonly #early = new Map<number, () => void>()

  constructor(file: OpenFile, seal: { readonly header: Buffer; readonly blocks: BlockSeal }) {
    this.#file = file
    this.#header = seal.header
    this.#blocks = seal.blocks
  }

  /** Writes may come in another order than their bytes stand in, as long as there is no gap in the end. */
  write(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#ended || position < this.#length) return Promise.reject(notAtTheEnd(position))
    if (position > this.#length) {
      return new Promise((resolve, reject) => this.#early.set(position, () => this.write(bytes, position).then(resolve, reject)))
    }
    this.#length += bytes.length
    const added = this.#next(() => this.#add(bytes))
    const early = this.#early.get(this.#length)
    this.#early.delete(this.#length)
    early?.()
    return added
  }

  read(): Promise<Uint8Array> {
    return Promise.reject(fileError('EBADF', 'read', 'a sealed file that is being written'))
  }

  async sync(): Promise<void> {
    await this.#end()
    await this.#file.sync()
  }

  truncate(): Promise<void> {
    return Promise.reject(fileError('EINVAL', 'truncate', 'a sealed file'))
  }

  async stat(): Promise<FileStat> {
    return { ...(await this.#file.stat()), size: this.#length }
  }

  async close(): Promise<void> {
    try {
      await this.#end()
    } finally {
      await this.#file.close()
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work)
    // Whoever asked is told; whoever comes next is refused too.
    this.#turn.catch(() => {})
    return this.#turn
  }

  async #add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += sealedTogether) await this.#addPiece(bytes.subarray(at, at + sealedTogether))
  }

  async #addPiece(bytes: Uint8Array): Promise<void> {
    const content = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    // The last block of the file may be a full one, so one is always kept.
    const full = Math.max(0, Math.ceil(content.length / blockLength) - 1) * blockLength
    if (full > 0) await this.#put(this.#blocks.seal(content.subarray(0, full), this.#sealed, false), full / blockLength)
    this.#rest = Buffer.from(content.subarray(full))
  }

  #end(): Promise<void> {
    if (this.#ended) return this.#turn
    this.#ended = true
    if (this.#early.size > 0) return Promise.reject(notAtTheEnd(Math.min(...this.#early.keys())))
    return this.#next(async () => {
      const rest = this.#rest
      this.#rest = Buffer.alloc(0)
      await this.#put(this.#blocks.seal(rest, this.#sealed, true), blocksOf(rest.length))
    })
  }

  async #put(sealed: Buffer, blocks: number): Promise<void> {
    if (this.#sealed === 0) await this.#file.write(Buffer.concat([this.#header, sealed]), 0)
    else await this.#file.write(sealed, blockOffset(this.#sealed))
    this.#sealed += blocks
  }
}

const notAtTheEnd = (position: number): Error => fileError('EINVAL', 'write a sealed file but at its end', `byte ${position}`)
