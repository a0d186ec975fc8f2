import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { decodeValue } from '../format/decode-value.ts'
import type { FilePosition, PartsPosition } from '../model/output-position.ts'
import { hiddenName, isLeftOver } from './hidden-names.ts'
import type { OpenedOutput, OutputContext } from './item-target.ts'
import { outputChanged, outputFailed } from './output-faults.ts'
import { checkContent, outputFolderPermissions } from './output-file.ts'
import { itemFolder } from './output-folder.ts'
import { isParquetType, type ParquetColumn, ParquetColumns } from './parquet-columns.ts'
import type { ParquetCompression } from './parquet-part.ts'
import { ParquetParts, partName, partNumber } from './parquet-parts.ts'
import { removeVisible } from './remove-visible.ts'

export interface ParquetTarget {
  /** The folder, as given. */
  readonly shown: string
  readonly columns: readonly ParquetColumn[] | undefined
  readonly rowsPerPart: number
  readonly compression: ParquetCompression
}

/**
 * Opens a folder of parts behind what counts: parts that count and were not renamed yet are, whatever else is there of this run and of earlier ones is removed.
 *
 * @throws WaymarkError `conflict` if what counts is gone or was changed: nothing is then touched
 */
export async function openParquetParts(
  context: OutputContext,
  position: PartsPosition,
  target: ParquetTarget,
): Promise<OpenedOutput> {
  const folder = await itemFolder(context.files, target.shown, context.baseDirectory)
  try {
    return await new PartsFolder(context, folder, position, target).open()
  } catch (error) {
    throw outputFailed(error, target.shown, folder)
  }
}

class PartsFolder {
  readonly #context: OutputContext
  readonly #folder: string
  readonly #position: PartsPosition
  readonly #target: ParquetTarget

  constructor(context: OutputContext, folder: string, position: PartsPosition, target: ParquetTarget) {
    this.#context = context
    this.#folder = folder
    this.#target = target
    // A path that was corrected before anything was counted begins anew.
    this.#position = position.rows + position.parts === 0 ? { ...position, path: target.shown } : position
  }

  async open(): Promise<OpenedOutput> {
    const { shown, columns: given, rowsPerPart, compression } = this.#target
    const position = this.#position
    if (position.path !== shown)
      throw this.#changed(`The output is now ${shown}, but what counts so far was written to ${position.path}`)
    const recorded = recordedColumns(position)
    if (given !== undefined && recorded !== undefined && JSON.stringify(given) !== JSON.stringify(recorded)) {
      throw this.#changed(`${shown} has the columns ${columnText(recorded)}, now they are ${columnText(given)}`)
    }
    const unseen = await this.#checkParts()
    const pending = position.pending === undefined ? [] : await this.#readPending(position.pending)
    const columns = new ParquetColumns(shown, given, recorded)
    for (const [at, row] of pending.entries()) columns.row(decodeValue(row), `${at + 1} of those before`)
    const { files } = this.#context
    await makeDurableDirectory(files, this.#folder, outputFolderPermissions)
    for (const { hidden, path } of unseen) await files.rename(hidden, path)
    const notices = await this.#clean()
    await files.syncDirectory(this.#folder)
    const output = new ParquetParts({
      context: this.#context,
      folder: this.#folder,
      position,
      columns,
      rowsPerPart,
      compression,
      pending,
      evenEmpty: given !== undefined,
    })
    return { output, notices }
  }

  /** Parts that count, and were not renamed before their owner died. */
  async #checkParts(): Promise<readonly { readonly hidden: string; readonly path: string }[]> {
    const { files, run } = this.#context
    const { parts, token = 0, bytes } = this.#position
    const unseen: { hidden: string; path: string }[] = []
    let size = 0
    for (let number = 1; number <= parts; number++) {
      const path = `${this.#folder}/${partName(number)}`
      const hidden = `${this.#folder}/${hiddenName({ run, token, kind: 'part', number })}`
      const waiting = await files.stat(hidden)
      const found = waiting ?? (await files.stat(path))
      if (found?.kind !== 'file')
        throw this.#changed(`${partName(number)} in ${this.#position.path} is gone; it counts`, { file: path })
      if (waiting !== undefined) unseen.push({ hidden, path })
      size += found.size
    }
    if (bytes === undefined || size === bytes) return unseen
    throw this.#changed(
      `the ${parts} parts in ${this.#position.path} have ${size} bytes, but ${bytes} were written and counted`,
      {
        expectedLength: bytes,
        foundLength: size,
      },
    )
  }

  async #readPending(pending: FilePosition): Promise<readonly Uint8Array[]> {
    const { files, stage, token } = this.#context
    const path = `${this.#folder}/${pending.path}`
    const start = { ...pending, path: `${this.#position.path}/${pending.path}` }
    await checkContent({ files, path, start, stage, token })
    const file = await files.open(path, 'read')
    try {
      const text = Buffer.from(await file.read(0, pending.length)).toString('latin1')
      // A line is a text in JSON: what is in it, between two quotes.
      return text
        .split('\n')
        .slice(0, -1)
        .map(line => new Uint8Array(Buffer.from(line.slice(1, -1), 'base64')))
    } finally {
      await file.close()
    }
  }

  /** Removes what does not count; what people could have seen of it is told. */
  async #clean(): Promise<readonly string[]> {
    const { files, run, token } = this.#context
    const { parts, pending, rows, path } = this.#position
    const notices: string[] = []
    let beyond = 0
    for (const name of await files.list(this.#folder)) {
      if (name === pending?.path) {
        const size = (await files.stat(`${this.#folder}/${name}`))?.size ?? 0
        if (size > pending.length)
          notices.push(
            `${path}: ${size - pending.length} bytes of rows after the last recorded item are left out; those items are called again`,
          )
        continue
      }
      const isBeyond = (partNumber(name) ?? 0) > parts
      if (!isBeyond && !isLeftOver(name, { run, token })) continue
      if (!isBeyond) {
        await files.remove(`${this.#folder}/${name}`)
        continue
      }
      const found = await files.stat(`${this.#folder}/${name}`)
      if (found?.kind === 'file' && (await removeVisible(this.#context, this.#folder, name, found)) === 'removed') beyond++
    }
    if (beyond > 0 && rows > 0) {
      notices.push(
        `${path}: ${beyond} ${beyond === 1 ? 'part' : 'parts'} beyond the ${parts} that count ${beyond === 1 ? 'is' : 'are'} removed; their items are called again`,
      )
    }
    return notices
  }

  #changed(message: string, details: Readonly<Record<string, unknown>> = {}): Error {
    return outputChanged(message, {
      shown: this.#position.path,
      stage: this.#context.stage,
      details: { folder: this.#folder, ...details },
    })
  }
}

const columnText = (columns: readonly ParquetColumn[]): string => columns.map(([name, type]) => `${name} ${type}`).join(', ')

const recordedColumns = ({ columns }: PartsPosition): readonly ParquetColumn[] | undefined =>
  columns?.map(([name, type]): ParquetColumn => [name, isParquetType(type) ? type : 'JSON'])
