import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { CheckpointInfo } from '../../engine/checkpoint-info.ts'
import type { ExportFormat, ExportOptions } from '../../engine/export-checkpoint.ts'
import type { JsonLoss } from '../../engine/plain-json.ts'
import type { Store } from '../../engine/store.ts'
import { tableFormatOf } from '../../engine/table-format-of.ts'
import { WaymarkError } from '../../model/errors.ts'
import { byteProgress } from '../byte-progress.ts'
import { type CommandLine, wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { askedFormat } from '../export-format.ts'
import { checkpointInfoShape, document, errorDocument } from '../json-shapes.ts'
import { bytes, counted } from '../render/quantities.ts'
import { line, span } from '../render/screen.ts'
import { isTerminal } from '../screen-of.ts'
import { shellWords } from '../shell-words.ts'
import { shown } from '../store-choice.ts'
import { untilStopped } from '../until-stopped.ts'
import { withStore } from '../with-store.ts'
import { exportedThing, exportRun } from './export-run.ts'

const shownLosses = 3

/** `files` writes a folder; the others one file. */
type Format = ExportFormat | 'files'

interface Exported {
  readonly id: string
  readonly format: Format
  /** Absolute; undefined: stdout. */
  readonly path: string | undefined
  readonly bytes: number
  readonly files?: number
  /** What JSON had no form for: the first of them. */
  readonly losses: readonly JsonLoss[]
  readonly lossCount: number
  readonly info: CheckpointInfo
}

/** `waymark export ADDRESS` */
export async function exportCommand(context: Context): Promise<number> {
  const { line: typed, output } = context
  const [word = ''] = typed.arguments
  const work = (signal: AbortSignal): Promise<number> =>
    withStore(context, async store => {
      const thing = await exportedThing(store, word)
      const records = typed.flags.text('records')
      if (records === undefined && typed.flags.text('artifacts') !== undefined)
        throw wrongUsage('--artifacts is of entries: name their stream with --records', typed.command)
      if ('run' in thing && records !== undefined) {
        const { exportRecords } = await import('./export-records.ts')
        return exportRecords(context, store, thing.run, signal)
      }
      if ('run' in thing) return exportRun(context, store, thing.run)
      if (records !== undefined) throw wrongUsage(`--records is of a run, and ${word} is a checkpoint`, typed.command)
      if (typed.flags.text('out') === '-' && output.json)
        throw wrongUsage('--json and --out - both write to stdout', typed.command)
      await tell(context, await exported(context, store, await store.info(thing.checkpoint), signal))
      return 0
    })
  // What waits for the reader of a pipe cannot listen; there is nothing to clean up either.
  if (typed.flags.text('out') === '-') return work(new AbortController().signal)
  return untilStopped(work, stopped => tellStopped(context, stopped))
}

async function tellStopped({ output }: Context, stopped: WaymarkError): Promise<void> {
  if (output.json) output.jsonLine(errorDocument('export', stopped.toJSON()))
  else await output.message([line(`${stopped.message}: no file was written`)])
}

async function exported(context: Context, store: Store, info: CheckpointInfo, signal: AbortSignal): Promise<Exported> {
  const { line: typed } = context
  const out = typed.flags.text('out')
  const format = formatOf(typed, info, context.cwd)
  const losses: JsonLoss[] = []
  let lossCount = 0
  if (format === 'files') {
    const folder = resolve(context.cwd, out ?? info.id)
    if (typed.flags.on('force'))
      throw wrongUsage('--force replaces a file, never files in a folder; restore into another folder', typed.command)
    const files = await store.restoreFiles(info.id, folder)
    const length = files.reduce((sum, file) => sum + file.length, 0)
    return { id: info.id, format, path: folder, bytes: length, files: files.length, losses, lossCount, info }
  }
  const progress = await byteProgress(context, 'exporting')
  const tablePath = typed.flags.text('path')
  const options: ExportOptions = {
    format,
    ...(tablePath === undefined ? {} : { path: tablePath }),
    lossy: typed.flags.on('lossy'),
    onLoss: (found, count) => {
      lossCount += count
      losses.push(...found.slice(0, 20 - losses.length))
    },
    onProgress: done => progress.report({ done: Math.min(done, info.logicalBytes), total: info.logicalBytes }),
  }
  const path = out === '-' ? undefined : targetOf(context.cwd, out, info, format)
  if (path !== undefined && !isFolder(dirname(path))) throw noFolder(dirname(path))
  try {
    const length =
      path === undefined
        ? await toStdout(context, store, info, options)
        : await store.exportTo(path, info.id, { ...options, replace: typed.flags.on('force'), signal })
    return { id: info.id, format, path, bytes: length, losses, lossCount, info }
  } finally {
    progress.end()
  }
}

/** What is asked for, else what the name of the file ends with, else the lossless one. */
function formatOf(typed: CommandLine, info: CheckpointInfo, cwd: string): Format {
  const { flags, command } = typed
  const asked = askedFormat(typed)
  if (asked === 'files' && info.encoding !== 'files')
    throw wrongUsage(`checkpoint ${info.id} holds no files; leave out --format files`, command)
  if (asked === 'files' && flags.text('out') === '-') throw wrongUsage('files are written into a folder: --out FOLDER', command)
  if (asked !== undefined) return asked
  const out = flags.text('out')
  if (out === undefined || out === '-' || out.endsWith('.wmk')) return 'wmk'
  if (info.encoding === 'files') return 'files'
  const table = tableFormatOf(out)
  if (table !== undefined) return table === 'jsonl' && info.encoding === 'rows' ? 'json' : table
  if (/\.json$/i.test(out)) return 'json'
  if (/\.cbor$/i.test(out)) return 'cbor'
  if (isFolder(resolve(cwd, out))) return 'wmk'
  if (info.encoding === 'bytes') return 'raw'
  throw wrongUsage(`--out ${out} does not say in which form; say it with --format wmk, json, cbor, parquet …`, command)
}

const endings: Readonly<Record<ExportFormat, string>> = {
  wmk: 'wmk',
  json: 'json',
  cbor: 'cbor',
  raw: 'bin',
  parquet: 'parquet',
  csv: 'csv',
  arrow: 'arrow',
  jsonl: 'jsonl',
}

/** Into a folder that exists under the checkpoint's own name. */
function targetOf(cwd: string, out: string | undefined, { id, encoding }: CheckpointInfo, format: ExportFormat): string {
  const name = `${id}.${format === 'json' && encoding === 'rows' ? 'jsonl' : endings[format]}`
  if (out === undefined) return resolve(cwd, name)
  const path = resolve(cwd, out)
  return isFolder(path) ? join(path, name) : path
}

const noFolder = (folder: string): WaymarkError =>
  new WaymarkError('unavailable', {
    message: `cannot write the export: there is no folder ${shown(folder)}`,
    means: 'Nothing was written; the store was not changed.',
    remedy: 'Make the folder, or give another path with --out.',
    details: { folder },
  })

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

/** As much as is read: a reader that goes away is no failure. */
async function toStdout(
  { environment, line: typed }: Context,
  store: Store,
  info: CheckpointInfo,
  options: ExportOptions,
): Promise<number> {
  const isBinary = !['json', 'jsonl', 'csv'].includes(options.format ?? 'wmk')
  if (isBinary && isTerminal(process.stdout, environment)) {
    throw wrongUsage(
      'the bytes would be written to the terminal; send them into a file or a pipe, or use --format json',
      typed.command,
    )
  }
  let length = 0
  for await (const piece of store.export(info.id, options)) {
    if (!(await written(piece))) return length
    length += piece.length
  }
  return length
}

const written = (piece: Uint8Array): Promise<boolean> =>
  new Promise(resolve => {
    process.stdout.write(piece, error => resolve(error === undefined || error === null))
  })

async function tell({ output }: Context, done: Exported): Promise<void> {
  const { id, format, path, files, losses, lossCount, info } = done
  const again = format === 'wmk' && path !== undefined ? { command: shellWords(['waymark', 'import', shown(path)]) } : undefined
  if (output.json) {
    const amount = files === undefined ? {} : { files }
    output.jsonLine(
      document(
        'export',
        {
          checkpoint: checkpointInfoShape(info),
          format,
          path,
          bytes: done.bytes,
          ...amount,
          lossy: losses,
          lossyCount: lossCount,
        },
        again,
      ),
    )
    return
  }
  const notes = losses
    .slice(0, shownLosses)
    .map(loss => [span('  lossy  ', 'quiet'), span(`${loss.path === '' ? 'the value' : loss.path}: ${loss.what}`)])
  const more = lossCount > shownLosses ? [line(`         and ${counted(lossCount - shownLosses, 'more place')}`, 'quiet')] : []
  if (path === undefined) {
    if (notes.length > 0 && !output.quiet) await output.message([...notes, ...more])
    return
  }
  const { glyphs } = output.stdoutScreen
  const what = files === undefined ? '' : ` in ${counted(files, 'file')}`
  const name = shown(path)
  await output.result([
    ...notes,
    ...more,
    [
      span(`${glyphs.completed} exported `, 'good'),
      span(`${id} ${glyphs.separator} ${format} ${glyphs.separator} ${bytes(done.bytes)}${what} ${glyphs.separator} ${name}`),
    ],
    ...(again === undefined || output.quiet ? [] : [line(`next: ${again.command}  in another store`, 'quiet')]),
  ])
}
