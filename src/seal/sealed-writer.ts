import { fileError } from '../files/file-error.ts'
import type { FileStat, OpenFile } from '../files/file-system.ts'
import { giveBack } from './give-back.ts'
import { type BlockSeal, blockLength, blocksOf, sealedBlockLength, sealedHeaderLength } from './sealed-blocks.ts'

/** How many bytes are sealed at once. */
const sealedTogether = 64 * blockLength

/** A file that is sealed while it is written, from its beginning to its end, once. Its last block is written by the first sync, or by closing it: nothing can be added after that. */
export class SealedWriter implements OpenFile {
  readonly #file: OpenFile
  readonly #header: Buffer
  readonly #blocks: BlockSeal
  /** Content that does not fill a block yet, or just fills one: the last block of the file may be a full one, so one is always kept. */
  readonly #begun = Buffer.allocUnsafe(blockLength)
  /** How much of it counts. */
  #held = 0
  #output: Buffer = Buffer.alloc(0)
  /** Bytes of the content that were given. */
  #length = 0
  /** Blocks that were sealed. */
  #sealed = 0
  /** Bytes of the file. */
  #written = 0
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
    const target = this.#room(this.#held + bytes.length)
    let length = 0
    const seal = (content: Uint8Array): void => {
      length += this.#blocks.sealInto(target.subarray(length), content, this.#sealed, false).length
      this.#sealed += content.length / blockLength
    }
    const isFirst = this.#sealed === 0
    const taken = this.#held === 0 ? 0 : Math.min(blockLength - this.#held, bytes.length)
    this.#hold(bytes.subarray(0, taken))
    if (taken === bytes.length) return
    // More follows, so the block that was begun is not the last of the file.
    if (this.#held > 0) seal(this.#begun)
    const rest = bytes.subarray(taken)
    const full = (Math.ceil(rest.length / blockLength) - 1) * blockLength
    seal(rest.subarray(0, full))
    this.#held = 0
    this.#hold(rest.subarray(full))
    await this.#put(length, isFirst)
  }

  #end(): Promise<void> {
    if (this.#ended) return this.#turn
    this.#ended = true
    if (this.#early.size > 0) return Promise.reject(notAtTheEnd(Math.min(...this.#early.keys())))
    return this.#next(async () => {
      const isFirst = this.#sealed === 0
      const last = this.#begun.subarray(0, this.#held)
      const { length } = this.#blocks.sealInto(this.#room(last.length), last, this.#sealed, true)
      this.#sealed++
      await this.#put(length, isFirst)
      giveBack(this.#output)
    })
  }

  #hold(bytes: Uint8Array): void {
    this.#begun.set(bytes, this.#held)
    this.#held += bytes.length
  }

  /** Where content of this length is sealed, behind room for the header. It is used again and again: fresh memory costs more than copying into it. */
  #room(contentLength: number): Buffer {
    const length = sealedHeaderLength + blocksOf(contentLength) * sealedBlockLength
    if (this.#output.length < length) this.#output = Buffer.allocUnsafeSlow(length)
    return this.#output.subarray(sealedHeaderLength)
  }

  /** Writes what was sealed since the last time; with the header before the first block. */
  async #put(length: number, isFirst: boolean): Promise<void> {
    if (length === 0) return
    const end = sealedHeaderLength + length
    if (isFirst) {
      this.#header.copy(this.#output)
      await this.#file.write(this.#output.subarray(0, end), 0)
    } else await this.#file.write(this.#output.subarray(sealedHeaderLength, end), this.#written)
    this.#written = isFirst ? end : this.#written + length
  }
}

const notAtTheEnd = (position: number): Error => fileError('EINVAL', 'write a sealed file but at its end', `byte ${position}`)
