import { DamagedTable, type Members } from '../tables/damaged-table.ts'
import { type ReadTableHead, readTableBatch, readTableHead } from '../tables/read-stored-table.ts'
import type { FilledBatch } from '../tables/rows-in-batches.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { damagedValue } from './damaged-value.ts'
import { decodeValue } from './decode-value.ts'
import { ItemReader } from './item-reader.ts'
import { PieceWindow } from './piece-window.ts'

/** More are no table. */
const mostMembers = 23

/**
 * A stored table, read batch by batch: memory holds one. What the columns hold is checked as when it is read whole, but for the hash of the content, for which all rows must be together: the
 * digest of the checkpoint says that the bytes are those that were saved, when the last is there.
 */
export class TableStreamReader {
  readonly #window: PieceWindow
  readonly #items: ItemReader
  #at = 0
  #batchCount = 0
  #head: Promise<ReadTableHead> | undefined

  /** @param length bytes in all */
  constructor(pieces: AsyncIterable<Uint8Array>, length: number) {
    this.#window = new PieceWindow(pieces)
    this.#items = new ItemReader((offset, count) => this.#copied(offset, count), length)
  }

  /** @throws WaymarkError `corrupt` */
  head(): Promise<ReadTableHead> {
    this.#head ??= this.#guarded(() => this.#readHead())
    return this.#head
  }

  /** All batches, once. @throws WaymarkError `corrupt` */
  async *batches(): AsyncIterableIterator<FilledBatch> {
    try {
      const head = await this.head()
      let rows = 0
      for (let batch = 0; batch < this.#batchCount; batch++) {
        const read = await this.#guarded(async () => readTableBatch(await this.#item(), head))
        rows += read.batch.rowCount
        yield read
      }
      if (rows !== head.rowCount) throw damagedValue('other rows than are announced', this.#at)
      this.#window.moveTo(this.#at)
      await this.#window.finish()
    } finally {
      await this.close()
    }
  }

  close(): Promise<void> {
    return this.#window.close()
  }

  async #readHead(): Promise<ReadTableHead> {
    const tag = await this.#items.head(0)
    if (tag.majorType !== major.tag || tag.argument !== cborTag.table) throw damagedValue('it is no table', 0)
    const map = await this.#items.head(tag.after)
    if (map.majorType !== major.map || map.argument > mostMembers) throw damagedValue('a table that is no object', tag.after)
    this.#at = map.after
    const members: [string, unknown][] = []
    for (let member = 1; member <= map.argument; member++) {
      const name = await this.#item()
      if (typeof name !== 'string') throw damagedValue('a key that is no text', this.#at)
      if (name === 'batches' && member === map.argument) {
        await this.#beginBatches()
        const read: Members = Object.fromEntries(members)
        return readTableHead(read)
      }
      members.push([name, await this.#item()])
    }
    throw damagedValue('a table whose batches are not its last part', this.#at)
  }

  async #beginBatches(): Promise<void> {
    const { majorType, argument, after } = await this.#items.head(this.#at)
    if (majorType !== major.array) throw damagedValue('batches that are no list', this.#at)
    this.#batchCount = argument
    this.#at = after
  }

  /** The value that begins here. */
  async #item(): Promise<unknown> {
    const from = this.#at
    this.#window.moveTo(from)
    const to = await this.#items.skip(from)
    this.#at = to
    return decodeValue(await this.#window.read(from, to - from))
  }

  async #copied(offset: number, length: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#window.read(offset, length))
  }

  async #guarded<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      throw error instanceof DamagedTable ? damagedValue(error.message, this.#at, error) : error
    }
  }
}
