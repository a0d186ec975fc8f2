import type { FileSystem, OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { FilePosition } from '../model/output-position.ts'
import type { CsvRows } from './csv-row.ts'
import { jsonLine } from './json-line.ts'
import { LineBuffer } from './line-buffer.ts'
import { outputFailed, outputTakenAway } from './output-faults.ts'
import type { OutputTail } from './output-tail.ts'

/** An output file opened for one owner, cut to what counts. */
export interface OpenedOutput {
  readonly files: FileSystem
  readonly file: OpenFile
  /** Absolute. */
  readonly path: string
  /** {@link FileStat.identity} of `file`. */
  readonly identity: string
  readonly start: FilePosition
  readonly tail: OutputTail
  /** Absent for JSONL. */
  readonly rows?: CsvRows | undefined
  /** The stage, for remedies. */
  readonly stage?: string | undefined
}

/**
 * Writes items behind one another to a file that readers may watch: after every flush it holds whole lines only.
 *
 * A writer that failed to write or to sync stays failed: after a failed sync nobody knows which pages reached the disk, so the file is not
 * synced again. The run goes on from its last recorded position with {@link openOutput} and `earlierOwnerDead: false`.
 */
export class OutputWriter {
  readonly #output: OpenedOutput
  readonly #pending = new LineBuffer()
  readonly #tail: OutputTail
  #position: FilePosition
  /** Bytes of the file when all flushes asked for are done. */
  #lengthAhead: number
  /** Ends when the flushes asked for so far are over; never rejects. */
  #turn: Promise<void> = Promise.resolve()
  #broken: WaymarkError | undefined
  #closed: Promise<void> | undefined
  /** A file that is appended to may end inside a line; it is ended when the first item comes. */
  #unfinishedLine: boolean

  /** Use {@link openOutput}. */
  constructor(output: OpenedOutput) {
    this.#output = output
    this.#tail = output.tail
    this.#position = output.start
    this.#lengthAhead = output.start.length
    this.#unfinishedLine = !output.tail.endsLine
  }

  /** How much of the file counts: as of the last flush that succeeded. */
  get position(): FilePosition {
    return this.#position
  }

  /** Bytes added and not yet handed to a flush. */
  get pendingBytes(): number {
    return this.#pending.length
  }

  /**
   * Encodes the item and keeps it until the next flush.
   *
   * @throws WaymarkError `invalid` for an item the format cannot hold: nothing of it is kept; the error of an earlier flush
   */
  add(item: unknown): void {
    this.#mustBeUsable()
    const { rows } = this.#output
    const line = rows === undefined ? jsonLine(item) : rows.row(item)
    this.#addHeader()
    this.#addLine(line)
  }

  /**
   * Makes everything added before this call durable; items added later belong to the next flush, also when this one has to wait for one
   * under way. The position returned covers exactly these items, and may be recorded.
   *
   * @throws WaymarkError `disk_full`, `unavailable`; `conflict` if the file was replaced, moved or written by somebody else
   */
  flush(): Promise<FilePosition> {
    if (this.#closed !== undefined) return Promise.reject(this.#isClosed())
    const bytes = this.#pending.take()
    const columns = this.#output.rows?.columns
    this.#lengthAhead += bytes.length
    const done = this.#turn.then(() => this.#write(bytes, columns))
    this.#turn = done.then(
      () => {},
      () => {},
    )
    return done
  }

  /**
   * Flushes, proves that the visible file is the one written here, and closes.
   *
   * @throws WaymarkError as `flush`; the writer is then still open
   */
  async finish(): Promise<FilePosition> {
    this.#mustBeUsable()
    // A table without rows still says what its columns are.
    this.#addHeader()
    const position = await this.flush()
    await this.close()
    return position
  }

  /** Closes the file after flushes under way; what was not flushed is dropped. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#turn.then(() => this.#output.file.close())
    return this.#closed
  }

  #addLine(line: string): void {
    if (this.#unfinishedLine) this.#pending.add('')
    this.#unfinishedLine = false
    this.#pending.add(line)
  }

  #addHeader(): void {
    if (this.#lengthAhead + this.#pending.length > 0) return
    const header = this.#output.rows?.header()
    if (header !== undefined) this.#pending.add(header)
  }

  async #write(bytes: Uint8Array, columns: readonly string[] | undefined): Promise<FilePosition> {
    if (this.#broken !== undefined) throw this.#broken
    const { file, start, path } = this.#output
    const length = this.#position.length + bytes.length
    try {
      if (bytes.length > 0) {
        await file.write(bytes, this.#position.length)
        await file.sync()
      }
      await this.#mustBeVisible(length)
    } catch (error) {
      this.#broken = outputFailed(error, start.path, path)
      throw this.#broken
    }
    if (bytes.length === 0) return this.#position
    this.#tail.add(bytes)
    this.#position = { ...this.#position, length, tail: this.#tail.digest, ...(columns === undefined ? {} : { columns }) }
    return this.#position
  }

  /** Lines written to a file that nobody can see any more would be lost without a word. One stat beside an fdatasync costs nothing. */
  async #mustBeVisible(length: number): Promise<void> {
    const { files, path, identity, start, stage } = this.#output
    const found = await files.stat(path)
    if (found?.identity === identity && found.size === length) return
    const what =
      found === undefined
        ? 'was removed or moved away'
        : found.identity === identity
          ? `has ${found.size} bytes instead of ${length}: somebody else writes to it`
          : 'was replaced by another file'
    throw outputTakenAway(`${start.path} ${what} while this run was writing it`, {
      shown: start.path,
      stage,
      details: { file: path, expectedLength: length, foundLength: found?.size ?? null },
    })
  }

  #mustBeUsable(): void {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#closed !== undefined) throw this.#isClosed()
  }

  #isClosed(): WaymarkError {
    return new WaymarkError('internal', {
      message: `The output ${this.#output.start.path} is closed`,
      means: 'What was flushed before is safe; the item was not written.',
      remedy: 'Open the output again; if you did not close it yourself, please report this.',
    })
  }
}
