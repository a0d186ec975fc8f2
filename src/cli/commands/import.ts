import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ImportFormat, ImportOptions } from '../../engine/import-checkpoint.ts'
import { WaymarkError } from '../../model/errors.ts'
import { byteProgress } from '../byte-progress.ts'
import { type CommandLine, wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { checkpointInfoShape, document } from '../json-shapes.ts'
import { bytes, counted } from '../render/quantities.ts'
import { line, span } from '../render/screen.ts'
import { sameStore } from '../same-store.ts'
import { withStandardInput } from '../standard-input.ts'
import { shown } from '../store-choice.ts'
import { withMadeStore } from '../with-store.ts'

/** `waymark import FILE` */
export async function importCommand(context: Context): Promise<number> {
  const { line: typed, cwd } = context
  const [file = ''] = typed.arguments
  const options = optionsOf(typed)
  if (file === '-') return withStandardInput(path => imported(context, path, options))
  if (!existsSync(resolve(cwd, file))) throw noFile(file)
  return imported(context, resolve(cwd, file), options)
}

async function imported(context: Context, path: string, options: ImportOptions): Promise<number> {
  const { output } = context
  const progress = await byteProgress(context, 'importing')
  const saved = await withMadeStore(context, store =>
    store.importFrom(shown(path), { ...options, onProgress: now => progress.report(now) }).finally(() => progress.end()),
  )
  const hint = { command: sameStore(context)(`waymark show ${saved.id}`) }
  if (output.json) {
    output.jsonLine(document('import', { checkpoint: checkpointInfoShape(saved) }, hint))
    return 0
  }
  const { glyphs } = output.stdoutScreen
  const facts = [
    saved.type,
    ...(saved.rows === undefined ? [] : [counted(saved.rows, 'row')]),
    `${bytes(saved.logicalBytes)}, stored ${bytes(saved.storedBytes)}`,
  ]
  await output.result([
    [
      span(`${glyphs.completed} imported `, 'good'),
      span(`${saved.id} ${glyphs.separator} ${facts.join(` ${glyphs.separator} `)}`),
    ],
    ...(output.quiet ? [] : [line(`next: ${hint.command}`, 'quiet')]),
  ])
  return 0
}

/** Before a store is made for nothing. */
const noFile = (file: string): WaymarkError =>
  new WaymarkError('not_found', {
    message: `there is no file ${file}`,
    means: 'Nothing was saved.',
    remedy: 'Give the path of a file or folder that exists.',
    details: { file },
  })

function optionsOf({ flags, command }: CommandLine): ImportOptions {
  const [id, run, stage, type, description] = ['id', 'run', 'stage', 'type', 'description'].map(name => flags.text(name))
  const tags = flags.all('tag')
  const format = formatOf(flags, command)
  if (id !== undefined && flags.on('keep-id')) throw wrongUsage('--id and --keep-id exclude each other', command)
  return {
    keepId: flags.on('keep-id'),
    ...(id === undefined ? {} : { id }),
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    ...(type === undefined ? {} : { type }),
    ...(description === undefined ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(format === undefined ? {} : { format }),
    ...(flags.on('column') ? { schema: schemaOf(flags.all('column'), command) } : {}),
  }
}

function schemaOf(given: readonly string[], command: CommandLine['command']): Readonly<Record<string, string>> {
  const columns = given.map(one => columnOf(one, command))
  const [twice] = columns.find(([name], at) => columns.findIndex(([other]) => other === name) < at) ?? []
  if (twice !== undefined) throw wrongUsage(`--column names the type of ${JSON.stringify(twice)} twice`, command)
  return Object.fromEntries(columns)
}

/** `NAME=TYPE`; a name may hold `=`, a type does not. */
function columnOf(given: string, command: CommandLine['command']): readonly [string, string] {
  const at = given.lastIndexOf('=')
  if (at > 0 && at < given.length - 1) return [given.slice(0, at), given.slice(at + 1)]
  throw wrongUsage(`--column ${given} is not NAME=TYPE, as price=decimal(12,2)`, command)
}

/** `--parquet` is short for `--format parquet`. */
function formatOf(flags: CommandLine['flags'], command: CommandLine['command']): ImportFormat | undefined {
  const formats = ['wmk', 'json', 'jsonl', 'raw', 'files', 'parquet', 'csv', 'arrow'] as const
  const named = formats.find(one => one === flags.text('format'))
  const [short, ...more] = (['parquet', 'csv', 'arrow'] as const).filter(one => flags.on(one))
  if (more.length > 0 || (short !== undefined && named !== undefined && short !== named))
    throw wrongUsage(`--${short} and ${more.length > 0 ? `--${more[0]}` : `--format ${named}`} exclude each other`, command)
  return short ?? named
}
