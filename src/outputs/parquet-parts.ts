import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { FilePosition, PartsPosition } from '../model/output-position.ts'
import { FirstFault } from './first-fault.ts'
import { hiddenName, parseHiddenName } from './hidden-names.ts'
import { jsonl } from './item-file.ts'
import type { ItemOutput, OutputContext, OutputItem } from './item-target.ts'
import { openOutput } from './open-output.ts'
import { outputFailed, outputTakenAway } from './output-faults.ts'
import { outputFilePermissions } from './output-file.ts'
import type { OutputWriter } from './output-writer.ts'
import type { ParquetColumns, ParquetRow } from './parquet-columns.ts'
import { encodeParquet, type ParquetCompression } from './parquet-part.ts'

/** A part is closed at this many bytes of encoded rows, however few they are: a part is put together in memory. */
const partBytes = 64 << 20

export interface PartsOptions {
  readonly context: OutputContext
  /** The folder: absolute, and it exists. */
  readonly folder: string
  readonly position: PartsPosition
  readonly columns: ParquetColumns
  readonly rowsPerPart: number
  readonly compression: ParquetCompression
  /** Encoded rows that count and are in no part yet. */
  readonly pending: readonly Uint8Array[]
  /** True: without any row there is still a part, because its columns are known. */
  readonly evenEmpty: boolean
}

/** Rows on their way into a part, encoded. */
class OpenPart {
  readonly rows: Uint8Array[] = []
  bytes = 0
  add(row: Uint8Array): void {
    this.rows.push(row)
    this.bytes += row.length
  }
}

/**
 * Writes rows into part files that are never seen unless they are whole and counted. A full part is written under a hidden name that carries the owner's token, then counted by the log, then renamed; rows in no
 * part yet are in a hidden file of lines that counts by its length. So an owner that has lost the run has nothing it could still publish.
 */
export class ParquetParts implements ItemOutput {
  readonly #options: PartsOptions
  #position: PartsPosition
  /** Full, and not yet written. */
  #full: OpenPart[] = []
  #open = new OpenPart()
  /** Rows of `#open` that are in the file of pending rows. */
  #written = 0
  #pendingBytes = 0
  #rowsInParts: number
  #firstPartFull: boolean
  #rows: OutputWriter | undefined
  /** Number of the newest file of pending rows. Each has its own, also over several passes of one attempt: one that counts stays whole until the next is counted. */
  #newestRows: number
  /** Parts that are written but not renamed, by number. */
  #unseen: number[] = []
  /** Hidden files that the newest position has no more need of. */
  #obsolete: string[] = []
  readonly #seen = new Map<string, { readonly identity: string; readonly size: number }>()
  readonly #fault: FirstFault

  constructor(options: PartsOptions) {
    this.#options = options
    this.#fault = new FirstFault(error => outputFailed(error, this.#position.path, options.folder))
    this.#position = options.position
    this.#rowsInParts = options.position.rows - options.pending.length
    this.#firstPartFull = options.position.parts > 0
    const counted = parseHiddenName(options.position.pending?.path ?? '')
    this.#newestRows = counted?.token === options.context.token ? counted.number : 0
    for (const row of options.pending) this.#take(row)
    if (options.position.pending !== undefined) this.#obsolete.push(`${options.folder}/${options.position.pending.path}`)
  }

  get position(): PartsPosition {
    return this.#position
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  add(value: unknown, item: OutputItem): void {
    this.#fault.check()
    const row = encodeValue(this.#options.columns.row(value, item.key ?? String(item.index)))
    this.#take(row)
    this.#pendingBytes += row.length
  }

  #take(row: Uint8Array): void {
    this.#open.add(row)
    if (this.#open.rows.length < this.#options.rowsPerPart && this.#open.bytes < partBytes) return
    this.#close()
  }

  #close(): void {
    if (!this.#firstPartFull) this.#options.columns.fix()
    this.#firstPartFull = true
    this.#full.push(this.#open)
    this.#open = new OpenPart()
  }

  flush(): Promise<PartsPosition> {
    return this.#fault.guard(() => this.#flush())
  }

  seal(): Promise<PartsPosition> {
    return this.#fault.guard(() => {
      const isEmpty = this.#position.parts + this.#full.length + this.#open.rows.length === 0
      if (this.#open.rows.length > 0 || (isEmpty && this.#options.evenEmpty)) this.#close()
      return this.#flush()
    })
  }

  async #flush(): Promise<PartsPosition> {
    const { context, folder, columns, compression } = this.#options
    const { pending: _, ...before } = this.#position
    const full = this.#full
    const open = this.#open
    const rows = open.rows.length
    this.#full = []
    this.#pendingBytes = 0
    let next: PartsPosition = before
    for (const part of full) {
      const number = next.parts + 1
      const list = columns.list()
      const bytes = await encodeParquet(decodedRows(part.rows), list, compression)
      await this.#writePart(number, bytes)
      this.#unseen.push(number)
      this.#rowsInParts += part.rows.length
      next = { ...next, parts: number, bytes: (next.bytes ?? 0) + bytes.length, token: context.token, columns: list }
    }
    if (full.length > 0) {
      await context.files.syncDirectory(folder)
      await this.#leaveRows()
    }
    next = { ...next, rows: this.#rowsInParts + rows }
    this.#position = rows === 0 ? next : { ...next, pending: await this.#writeRows(open, rows) }
    return this.#position
  }

  async #writePart(number: number, bytes: Uint8Array): Promise<void> {
    const { files } = this.#options.context
    const path = `${this.#options.folder}/${this.#hidden('part', number)}`
    // A part of the same number may be left from a pass of this attempt that failed.
    await files.remove(path)
    const file = await files.open(path, 'create', outputFilePermissions)
    try {
      await file.write(bytes, 0)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** The rows so far are in a part: the file of pending rows begins anew. */
  async #leaveRows(): Promise<void> {
    if (this.#rows !== undefined) {
      this.#obsolete.push(`${this.#options.folder}/${this.#rows.position.path}`)
      await this.#rows.close()
    }
    this.#rows = undefined
    this.#written = 0
  }

  async #writeRows(open: OpenPart, rows: number): Promise<FilePosition> {
    const { context, folder } = this.#options
    if (this.#rows === undefined) {
      const name = this.#hidden('rows', ++this.#newestRows)
      this.#rows = await openOutput(context.files, jsonl(name), {
        baseDirectory: folder,
        token: context.token,
        earlierOwnerDead: true,
        stage: context.stage,
      })
      this.#written = 0
    }
    for (const row of open.rows.slice(this.#written, rows)) this.#rows.add(Buffer.from(row).toString('base64'))
    this.#written = rows
    return this.#rows.flush()
  }

  #hidden(kind: 'part' | 'rows', number: number): string {
    const { context } = this.#options
    return hiddenName({ run: context.run, token: context.token, kind, number })
  }

  /** Shows the parts that are counted now, and removes the rows that are in them. */
  recorded(): Promise<void> {
    return this.#fault.guard(async () => {
      const { context, folder } = this.#options
      const { files } = context
      for (const number of this.#unseen) {
        const path = `${folder}/${partName(number)}`
        await files.rename(`${folder}/${this.#hidden('part', number)}`, path)
        const found = await files.stat(path)
        if (found !== undefined) this.#seen.set(path, found)
      }
      if (this.#unseen.length > 0) await files.syncDirectory(folder)
      this.#unseen = []
      const keep = this.#position.pending?.path
      for (const path of this.#obsolete) if (path !== `${folder}/${keep}`) await files.remove(path)
      this.#obsolete = []
    })
  }

  /** Proves that what was published is still there. */
  finish(): Promise<PartsPosition> {
    return this.#fault.guard(async () => {
      const { context, folder } = this.#options
      for (const [path, { identity, size }] of this.#seen) {
        const found = await context.files.stat(path)
        if (found?.identity === identity && found.size === size) continue
        const what = found === undefined ? 'was removed or moved away' : 'was replaced or changed'
        throw outputTakenAway(
          `${path.slice(folder.length + 1)} in ${this.#position.path} ${what} while this run was writing beside it`,
          {
            shown: this.#position.path,
            stage: context.stage,
            details: { file: path, expectedLength: size, foundLength: found?.size ?? null },
          },
        )
      }
      await this.close()
      return this.#position
    })
  }

  async close(): Promise<void> {
    await this.#rows?.close()
  }
}

/** Rows decoded a row group at a time. */
const decodedRows = (rows: readonly Uint8Array[]) => ({
  length: rows.length,
  slice: (from: number, to: number) => rows.slice(from, to).map(bytes => decodedRow(bytes)),
})

function decodedRow(bytes: Uint8Array): ParquetRow {
  const row = decodeValue(bytes)
  return typeof row === 'object' && row !== null ? Object.fromEntries(Object.entries(row)) : {}
}

export const partName = (number: number): string => `part-${String(number).padStart(5, '0')}.parquet`

/** The number of a part by its name; undefined for any other file. */
export function partNumber(name: string): number | undefined {
  const digits = /^part-(\d{5,})\.parquet$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
