import { fileError } from '../files/file-error.ts'
import type { FileStat, OpenFile } from '../files/file-system.ts'
import { giveBack } from './give-back.ts'
import { type BlockSeal, blocksOf, sealedBlockLength, sealedHeaderLength } from './sealed-blocks.ts'

/** How many bytes of the content are sealed at once. */
const sealedTogether = 1 << 20

/** What the blocks of a new file are sealed with, and what stands before them. */
export interface FileSeal {
  readonly header: Buffer
  readonly blocks: BlockSeal
}

/** Where blocks are sealed before they are written. It is used again and again: fresh memory costs more than copying into it. */
interface Output {
  bytes: Buffer
  /** Ends when what was sealed there is written; never rejects. */
  written: Promise<void>
}

/**
 * A file that is sealed while it is written, from its beginning to its end, once. While one part is written the next is sealed: what could not be written rejects a later call, at the latest the first sync. That, or closing it,
 * writes the last block: nothing can be added after that.
 */
export class SealedWriter implements OpenFile {
  readonly #file: OpenFile
  readonly #header: Buffer
  readonly #blocks: BlockSeal
  /** Content that does not fill a block yet, or just fills one: the last block of the file may be a full one, so one is always kept. */
  readonly #begun: Buffer
  /** How much of it counts. */
  #held = 0
  readonly #outputs: readonly [Output, Output] = [noOutput(), noOutput()]
  #failure: { readonly error: unknown } | undefined
  /** Bytes of the content that were given. */
  #length = 0
  /** Blocks that were sealed. */
  #sealed = 0
  /** Bytes of the file. */
  #written = 0
  /** Pieces that were sealed. */
  #pieces = 0
  /** Ends when the writes given so far are over; they stand in their order. */
  #turn: Promise<void> = Promise.resolve()
  #ended = false
  /** Writes that wait for the bytes before them, by position. */
  readonly #early = new Map<number, () => void>()

  constructor(file: OpenFile, { header, blocks }: FileSeal) {
    this.#file = file
    this.#header = header
    this.#blocks = blocks
    this.#begun = Buffer.allocUnsafeSlow(blocks.blockLength)
  }

  /** Writes may come in another order than their bytes stand in, as long as there is no gap in the end. The bytes are needed until it resolves; they may not be written yet then. */
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
    const { blockLength } = this.#blocks
    const taken = this.#held === 0 ? 0 : Math.min(blockLength - this.#held, bytes.length)
    const rest = bytes.subarray(taken)
    if (rest.length === 0) return this.#hold(bytes)
    const full = (blocksOf(rest.length, blockLength) - 1) * blockLength
    // More follows, so the block that was begun is not the last of the file.
    const hasBegun = this.#held > 0
    if (hasBegun || full > 0) {
      const output = await this.#room(this.#held + taken + full)
      let length = 0
      const seal = (content: Uint8Array): void => {
        length += this.#seal(output, length, content, false)
      }
      if (hasBegun) {
        this.#hold(bytes.subarray(0, taken))
        seal(this.#begun)
      }
      seal(rest.subarray(0, full))
      this.#put(output, length)
    }
    this.#held = 0
    this.#hold(rest.subarray(full))
  }

  #end(): Promise<void> {
    if (this.#ended) return this.#turn
    this.#ended = true
    if (this.#early.size > 0) return Promise.reject(notAtTheEnd(Math.min(...this.#early.keys())))
    return this.#next(async () => {
      const last = this.#begun.subarray(0, this.#held)
      const output = await this.#room(last.length)
      this.#put(output, this.#seal(output, 0, last, true))
      for (const { bytes, written } of this.#outputs) {
        await written
        giveBack(bytes)
      }
      giveBack(this.#begun)
      this.#check()
    })
  }

  #hold(bytes: Uint8Array): void {
    this.#begun.set(bytes, this.#held)
    this.#held += bytes.length
  }

  /** Room for sealing so much of the content, behind that for the header, once what stood there is written. */
  async #room(contentLength: number): Promise<Output> {
    const output = this.#outputs[this.#pieces++ % 2 === 0 ? 0 : 1]
    await output.written
    this.#check()
    const { blockLength } = this.#blocks
    const length =
      sealedHeaderLength + blocksOf(contentLength, blockLength) * (sealedBlockLength(blockLength) - blockLength) + contentLength
    if (output.bytes.length < length) {
      giveBack(output.bytes)
      output.bytes = Buffer.allocUnsafeSlow(length)
    }
    return output
  }

  /** @returns how many bytes it took, `from` on behind the room for the header */
  #seal({ bytes }: Output, from: number, content: Uint8Array, isEnd: boolean): number {
    const { length } = this.#blocks.sealInto(bytes.subarray(sealedHeaderLength + from), content, this.#sealed, isEnd)
    this.#sealed += isEnd ? 1 : content.length / this.#blocks.blockLength
    return length
  }

  /** Begins to write what was sealed; with the header before the first block. */
  #put(output: Output, length: number): void {
    const isFirst = this.#written === 0
    if (isFirst) this.#header.copy(output.bytes)
    const bytes = output.bytes.subarray(isFirst ? 0 : sealedHeaderLength, sealedHeaderLength + length)
    output.written = this.#file.write(bytes, this.#written).catch((error: unknown) => {
      this.#failure ??= { error }
    })
    this.#written += bytes.length
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

const noOutput = (): Output => ({ bytes: Buffer.alloc(0), written: Promise.resolve() })

const notAtTheEnd = (position: number): Error => fileError('EINVAL', 'write a sealed file but at its end', `byte ${position}`)
