import { dirname, resolve } from 'node:path'
import { isWaymarkError } from '../model/errors.ts'
import type { FilePosition, PartsPosition } from '../model/output-position.ts'
import type { StageView } from '../model/run-view.ts'
import { csvHeader } from '../outputs/csv-reader.ts'
import { openInput } from '../outputs/input-file.ts'
import { csv, type ItemFile, jsonl } from '../outputs/item-file.ts'
import { OutputTail } from '../outputs/output-tail.ts'
import { parquet } from '../outputs/parquet-file.ts'
import { partName } from '../outputs/parquet-parts.ts'
import { readItems } from '../outputs/read-items.ts'
import { projectRoot } from './project-root.ts'
import type { StoreCore } from './store-core.ts'

/** The rows of an output, or why they are not read. */
export type WrittenRows = { readonly rows: AsyncIterable<unknown>; readonly place: string } | { readonly why: string }

/** What a pass over items wrote to its output, if that is still what it wrote: by its length and its end, or of parts by their size. */
export async function writtenRows(core: StoreCore, { run: id, output }: StageView): Promise<WrittenRows> {
  if (output === undefined) return { why: 'nothing was written' }
  if (output.kind !== undefined && output.kind !== 'parts') return { why: `${output.path} is not read` }
  const run = await core.feed.query(catalog => catalog.run(id))
  const beside = dirname(core.path)
  const own = run?.file === undefined ? undefined : dirname(resolve(beside, run.file))
  for (const base of [...(own === undefined ? [] : [projectRoot(own) ?? own]), beside, process.cwd()]) {
    const found = output.kind === 'parts' ? await partsIn(core, output, base) : await linesIn(core, output, base)
    if (found !== undefined) return { rows: found, place: resolve(base, output.path) }
  }
  return { why: `${output.path} is not as this run left it` }
}

async function linesIn(core: StoreCore, position: FilePosition, base: string): Promise<AsyncIterable<unknown> | undefined> {
  if ((position.startedAt ?? 0) > 0) return undefined
  const path = resolve(base, position.path)
  const opened = await openInput(core.files, path, position.path).catch(absent)
  if (opened === undefined) return undefined
  try {
    if ((await opened.stat()).size !== position.length) return undefined
    if ((await OutputTail.read(opened, position.length)).digest !== position.tail) return undefined
    const file = position.columns === undefined ? jsonl(path) : await asCsv(opened, path, position.columns)
    return file && itemsOf(core, file)
  } finally {
    await opened.close()
  }
}

/** Which delimiter was used is not recorded: the one with which the header has the columns. */
async function asCsv(
  file: Awaited<ReturnType<typeof openInput>>,
  path: string,
  columns: readonly string[],
): Promise<ItemFile<unknown, never> | undefined> {
  const options = { shown: path, blockBytes: 64 * 1024, maxLineBytes: 1024 * 1024 }
  for (const delimiter of [',', ';', '\t', '|']) {
    const one = csv(path, { delimiter })
    const header = await csvHeader({ file, options, from: 0, nextWanted: undefined }, one).catch(absent)
    if (header?.length === columns.length && header.every((name, at) => name === columns[at])) return one
  }
  return undefined
}

async function partsIn(core: StoreCore, position: PartsPosition, base: string): Promise<AsyncIterable<unknown> | undefined> {
  if (position.pending !== undefined || position.parts === 0) return undefined
  const folder = resolve(base, position.path)
  let bytes = 0
  for (let part = 1; part <= position.parts; part++) bytes += (await core.files.stat(`${folder}/${partName(part)}`))?.size ?? 0
  if (bytes !== position.bytes) return undefined
  return parquet(folder).results?.({ files: core.files, baseDirectory: base }, position)
}

async function* itemsOf(core: StoreCore, file: ItemFile<unknown, never>): AsyncIterable<unknown> {
  for await (const batch of readItems(core.files, file, { baseDirectory: '/' })) yield* batch
}

function absent(error: unknown): undefined {
  if (!isWaymarkError(error)) throw error
}
