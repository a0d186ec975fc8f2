import { isUtf8 } from 'node:buffer'
import { basename, resolve } from 'node:path'
import { fileFault } from '../files/file-faults.ts'
import { beginsExport, exportMagic, notAnExport } from '../format/exported-checkpoint.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import { parseJson } from '../model/parse-json.ts'
import { type InputFile, openInput } from '../outputs/input-file.ts'
import { jsonl } from '../outputs/item-file.ts'
import { readItems } from '../outputs/read-items.ts'
import type { TableSchema } from '../tables/table-schema.ts'
import { ExportReader } from './export-reader.ts'
import { importParquet } from './import-parquet.ts'
import { importedTable, type TableFile } from './import-table.ts'
import { type SaveLabels, type SaveOptions, saveCheckpoint, saveContent } from './save-checkpoint.ts'
import type { StoreCore } from './store-core.ts'

/**
 * - `wmk`: what `exportTo` wrote, checked to the last byte.
 * - `json`: one value. `jsonl`: rows, one a line.
 * - `raw`: the bytes of the file.
 * - `files`: a folder (or a file) by name and content.
 * - `parquet`, `arrow`: a table, with its types (`docs/tables.md`). `csv`: a table whose types are told from what is in it.
 */
export type ImportFormat = 'wmk' | 'json' | 'jsonl' | 'raw' | 'files' | 'parquet' | 'csv' | 'arrow'

/** What is given goes before what an exported checkpoint says of itself. */
export interface ImportOptions extends SaveLabels {
  /** Default: what the file itself or the end of its name says: `.wmk`, `.json`, `.jsonl` or `.ndjson`, `.parquet`, `.csv`, `.arrow` or `.feather`; a folder as files, anything else as bytes. */
  readonly format?: ImportFormat
  /** Types of columns of a CSV file by name (`{ price: 'decimal(12,2)', zip: 'utf8' }`), which are else told from what is in them. Default none. */
  readonly schema?: TableSchema
  /** Keeps the id of an exported checkpoint. Default false: a new one. */
  readonly keepId?: boolean
  /** Called with the bytes read so far. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

const blockBytes = 1 << 20
/** Longer texts than V8 can hold are refused before they are read. */
const mostJsonBytes = 512 * 1024 * 1024 - 64

/**
 * Saves a file or folder as a new checkpoint.
 *
 * @throws WaymarkError `not_found`, `invalid` if it is not what its format says, `corrupt` if an exported checkpoint is damaged, `unsupported` if a newer version wrote it: then nothing was saved; and
 * what `save` throws
 */
export async function importCheckpoint(core: StoreCore, from: string, options: ImportOptions): Promise<CheckpointRecord> {
  const path = resolve(from)
  const kind = await kindOf(core, path, from)
  const { format: asked, keepId = false, onProgress, schema, ...labels } = options
  if (kind === 'directory' && asked !== undefined && asked !== 'files') throw notAFile(from, asked)
  if (kind === 'directory' || asked === 'files') return saveCheckpoint(core, { ...labels, files: path })
  const file = await openInput(core.files, path, from)
  try {
    const { size } = await file.stat()
    const report = (done: number): void => onProgress?.({ done, total: size })
    const format = asked ?? (await formatOf(file, from))
    if (schema !== undefined && format !== 'csv') throw hasTypes(from, format)
    if (format === 'wmk') return await importExported(core, file, from, { labels, keepId, report })
    if (format === 'parquet') return await importParquet(core, { file, path, shown: from, report }, labels)
    return await saveCheckpoint(core, {
      ...labels,
      ...(await contentOf(core, { file, path, shown: from, report, schema }, format)),
    })
  } finally {
    await file.close()
  }
}

async function contentOf(
  core: StoreCore,
  source: TableFile,
  format: Exclude<ImportFormat, 'wmk' | 'files' | 'parquet'>,
): Promise<SaveOptions> {
  const { file, path, shown, report } = source
  switch (format) {
    case 'json':
      return { value: await readJson(file, shown) }
    case 'jsonl':
      return { rows: rowsOf(core, path, shown) }
    case 'csv':
    case 'arrow':
      return { value: await importedTable(core, format, source) }
    case 'raw':
      return { bytes: bytesOf(file, report) }
    default:
      throw unknownFormat(format)
  }
}

interface ImportWays {
  readonly labels: SaveLabels
  readonly keepId: boolean
  readonly report: (done: number) => void
}

async function importExported(
  core: StoreCore,
  file: InputFile,
  shown: string,
  { labels, keepId, report }: ImportWays,
): Promise<CheckpointRecord> {
  const reader = new ExportReader(bytesOf(file, report), shown, core.codecs)
  const facts = await reader.head()
  const { run, stage, type, tags, metadata, description, expiresAt } = facts
  const kept: SaveLabels & { expiresAt?: number } = {
    ...(keepId ? { id: facts.id } : {}),
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    ...{ type, tags, metadata },
    ...(description === undefined ? {} : { description }),
    ...(expiresAt === undefined || labels.ttlMs !== undefined ? {} : { expiresAt }),
  }
  return saveContent(core, await reader.content(), { ...kept, ...labels })
}

/** What begins as an exported checkpoint is one, whatever it is called. */
async function formatOf(file: InputFile, shown: string): Promise<Exclude<ImportFormat, 'files'>> {
  if (beginsExport(await file.read(0, exportMagic.length))) return 'wmk'
  const [, ending = ''] = /\.([^./\\]+)$/.exec(basename(shown).toLowerCase()) ?? []
  if (ending === 'wmk') throw notAnExport(shown)
  if (ending === 'json' || ending === 'parquet' || ending === 'csv' || ending === 'arrow') return ending
  if (ending === 'feather') return 'arrow'
  return ending === 'jsonl' || ending === 'ndjson' ? 'jsonl' : 'raw'
}

async function* bytesOf(file: InputFile, report: (done: number) => void): AsyncIterableIterator<Uint8Array> {
  for (let at = 0; ; ) {
    const bytes = await file.read(at, blockBytes)
    if (bytes.length === 0) return
    at += bytes.length
    yield bytes
    report(at)
  }
}

async function readJson(file: InputFile, shown: string): Promise<unknown> {
  if ((await file.stat()).size > mostJsonBytes) throw tooLong(shown)
  const blocks: Uint8Array[] = []
  for await (const bytes of bytesOf(file, () => {})) blocks.push(bytes)
  const bytes = Buffer.concat(blocks)
  try {
    if (!isUtf8(bytes)) throw new TypeError('it is not UTF-8')
    return parseJson(new TextDecoder().decode(bytes))
  } catch (error) {
    throw notJson(shown, error)
  }
}

async function* rowsOf(core: StoreCore, path: string, shown: string): AsyncIterableIterator<unknown> {
  for await (const batch of readItems(core.files, { ...jsonl(path), path: shown }, { baseDirectory: process.cwd() })) yield* batch
}

async function kindOf(core: StoreCore, path: string, shown: string): Promise<'file' | 'directory'> {
  const stat = await core.files.stat(path).catch((error: unknown) => {
    throw fileFault(error, `look at ${shown}`, 'Nothing was saved.')
  })
  if (stat === undefined) {
    throw new WaymarkError('not_found', {
      message: `there is no file ${shown}`,
      means: 'Nothing was saved.',
      remedy: 'Give the path of a file or folder that exists.',
      details: { file: path },
    })
  }
  if (stat.kind !== 'other') return stat.kind
  throw new WaymarkError('invalid', {
    message: `${shown} is neither a file nor a folder`,
    means: 'Nothing was saved.',
    remedy: 'Write what it gives into a file first, and import that.',
    details: { file: path },
  })
}

const notAFile = (shown: string, format: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} is a folder, which cannot be read as ${format}`,
    means: 'Nothing was saved.',
    remedy: 'Leave the format out, and its files are saved by name and content; or give a file.',
  })

const hasTypes = (shown: string, format: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `types of columns were named for ${shown}, which is read as ${format}`,
    means: 'Nothing was saved.',
    remedy: 'Leave them out: only a CSV file does not say its types itself. If it is one, say so with --csv.',
  })

const unknownFormat = (format: never): WaymarkError =>
  new WaymarkError('invalid', {
    message: `there is no format ${JSON.stringify(format)} to import`,
    means: 'Nothing was saved.',
    remedy: 'Use wmk, json, jsonl, raw, files, parquet, csv or arrow.',
  })

const tooLong = (shown: string): WaymarkError =>
  new WaymarkError('limit', {
    message: `${shown} is too long to be read as one JSON value`,
    means: 'Nothing was saved.',
    remedy: 'Save its parts as rows: one JSON value a line, in a file ending in .jsonl.',
  })

const notJson = (shown: string, error: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${shown} is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    means: 'Nothing was saved.',
    remedy: 'Correct the file; or save it as bytes with --format raw, or line by line with --format jsonl.',
    cause: error,
    details: { file: shown },
  })
