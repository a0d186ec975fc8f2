import { existsSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { Store } from '../../engine/store.ts'
import { tableFormatOf } from '../../engine/table-format-of.ts'
import { isWaymarkError, WaymarkError } from '../../model/errors.ts'
import { checkpointAt } from '../checkpoint-at.ts'
import { checkpointByPrefix, isCheckpoint } from '../checkpoint-by-prefix.ts'
import type { Context } from '../context.ts'
import { askedFormat } from '../export-format.ts'
import { document } from '../json-shapes.ts'
import { jsonValue } from '../output.ts'
import { bytes } from '../render/quantities.ts'
import { line, span } from '../render/screen.ts'
import { runDocument } from '../run-document.ts'
import { shellWords } from '../shell-words.ts'
import { shown } from '../store-choice.ts'

/** Checkpoints of a run, the newest, among which a table is looked for. */
const mostLookedAt = 200

/**
 * What an export is of: the newest checkpoint of a stage that is named; else a checkpoint goes before the beginning of a run's id, and a run's id in full before the beginning of a checkpoint.
 */
export async function exportedThing(
  store: Store,
  word: string,
): Promise<{ readonly run: RunSummary } | { readonly checkpoint: string }> {
  if (/\/./.test(word)) return { checkpoint: await checkpointAt(store, word) }
  const run = await runNamed(store, word)
  if (run !== undefined && /[@/]/.test(word)) return { run }
  if (run?.id === word && !(await isCheckpoint(store, word))) return { run }
  try {
    return { checkpoint: run === undefined ? await checkpointAt(store, word) : await checkpointByPrefix(store, word) }
  } catch (error) {
    if (run === undefined || !isWaymarkError(error, 'not_found')) throw error
    return { run }
  }
}

async function runNamed(store: Store, word: string): Promise<RunSummary | undefined> {
  try {
    return (await store.resolve(word)).run
  } catch (error) {
    if (isWaymarkError(error) && ['not_found', 'conflict'].includes(error.code) && !/[@/]/.test(word)) return undefined
    throw error
  }
}

/** `waymark export RUN`: the whole run as one JSON document, to stdout with `--json` or `--out -`, else into a file. */
export async function exportRun(context: Context, store: Store, run: RunSummary): Promise<number> {
  const { line: typed, output } = context
  const { flags } = typed
  const file = flags.text('out')
  const format = askedFormat(typed) ?? (file === undefined ? undefined : tableFormatOf(file))
  const path = flags.text('path')
  if ((format !== undefined && format !== 'json') || path !== undefined) throw await notOfARun(store, run, format, path)
  const data = await runDocument(store, run)
  const out = flags.text('out')
  if (out === '-' || (out === undefined && output.json)) {
    output.jsonLine(document('export', data))
    return 0
  }
  const target = targetOf(context.cwd, out, run.id)
  const text = `${JSON.stringify(document('export', data), jsonValue, 2)}\n`
  await writeWhole(target, text, flags.on('force'))
  const length = Buffer.byteLength(text)
  if (output.json) {
    output.jsonLine(document('export', { run: run.id, format: 'json', path: target, bytes: length }))
    return 0
  }
  const { glyphs } = output.stdoutScreen
  await output.result([
    [
      span(`${glyphs.completed} exported `, 'good'),
      span(`run ${run.id} ${glyphs.separator} json ${glyphs.separator} ${bytes(length)} ${glyphs.separator} ${shown(target)}`),
    ],
    ...(output.quiet ? [] : [line('values of checkpoints are not in it: waymark export CHECKPOINT', 'quiet')]),
  ])
  return 0
}

/** A run has many checkpoints, of which one is meant: that of a stage which holds a table, where there is one. */
async function notOfARun(
  store: Store,
  { id }: RunSummary,
  format: string | undefined,
  path: string | undefined,
): Promise<WaymarkError> {
  const checkpoints = (await store.list({ run: id, limit: mostLookedAt })).filter(one => one.stage !== undefined)
  const meant = checkpoints.find(one => one.tables !== undefined || one.encoding === 'rows') ?? checkpoints[0]
  const flags = [...(format === undefined ? [] : ['--format', format]), ...(path === undefined ? [] : ['--path', path])]
  const what = format === undefined ? 'without --path' : `as JSON, not as ${format}`
  return new WaymarkError('invalid', {
    message: `${id} is a run, and a run is exported ${what}`,
    means: 'Nothing was written.',
    remedy:
      meant === undefined
        ? `It has no checkpoints of stages; leave out ${flags.join(' ')}.`
        : `Name a stage, whose newest checkpoint is exported: ${shellWords(['waymark', 'export', `${id}/${meant.stage}`, ...flags])}`,
    details: { run: id },
  })
}

function targetOf(cwd: string, out: string | undefined, id: string): string {
  const path = resolve(cwd, out ?? `${id}.json`)
  return existsSync(path) && statSync(path).isDirectory() ? join(path, `${id}.json`) : path
}

/** The file appears whole, or not at all. */
async function writeWhole(path: string, text: string, replace: boolean): Promise<void> {
  if (existsSync(path) && !replace) {
    throw new WaymarkError('conflict', {
      message: `${shown(path)} exists`,
      means: 'Nothing was written.',
      remedy: 'Choose another name with --out, or replace it with --force.',
    })
  }
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new WaymarkError('unavailable', {
      message: `${shown(path)} could not be written: ${error instanceof Error ? error.message : String(error)}`,
      means: 'No file was written; the store is as it was.',
      remedy: 'Choose another place with --out, or --out - for stdout.',
      cause: error,
    })
  }
}
