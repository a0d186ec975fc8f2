import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { entryLine } from '../../engine/export-record-stream.ts'
import { knownStream } from '../../engine/known-stream.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { Store } from '../../engine/store.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { bytes, counted } from '../render/quantities.ts'
import { line, span } from '../render/screen.ts'
import { shown } from '../store-choice.ts'

/** `waymark export RUN --records STREAM`: the entries that count, one JSON object a line, as they were recorded. */
export async function exportRecords(context: Context, store: Store, run: RunSummary, signal: AbortSignal): Promise<number> {
  const { line: typed, output, cwd } = context
  const { flags, command } = typed
  const stream = flags.text('records') ?? ''
  const out = flags.text('out')
  const folder = flags.text('artifacts')
  if (flags.text('format') !== undefined && flags.text('format') !== 'jsonl')
    throw wrongUsage('--records writes JSON lines: leave --format out', command)
  if (flags.text('path') !== undefined) throw wrongUsage('--path is of a table, and --records writes entries', command)
  if (out === '-') {
    if (output.json) throw wrongUsage('--json and --out - both write to stdout', command)
    if (folder !== undefined) throw wrongUsage('--artifacts needs a file for the entries: --out FILE', command)
    await knownStream(store, run.id, stream)
    for await (const entry of store.eachRecord({ run: run.id, stream })) if (!(await written(entryLine(entry)))) break
    return 0
  }
  const path = targetOf(cwd, out, `${run.id}-${stream}.jsonl`)
  const artifacts = folder === undefined ? {} : { artifacts: resolve(cwd, folder) }
  const done = await store.exportRecords(path, { run: run.id, stream, replace: flags.on('force'), signal, ...artifacts })
  if (output.json) {
    output.jsonLine(document('export', { run: run.id, stream, format: 'jsonl', path, ...done }))
    return 0
  }
  const { glyphs } = output.stdoutScreen
  const parts = [
    `${stream} of ${run.id}`,
    counted(done.entries, 'entry', 'entries'),
    ...(folder === undefined ? [] : [counted(done.artifacts, 'artifact')]),
    bytes(done.bytes),
    shown(path),
  ]
  await output.result([
    [span(`${glyphs.completed} exported `, 'good'), span(parts.join(` ${glyphs.separator} `))],
    ...(done.missing === 0
      ? []
      : [line(`  ${counted(done.missing, 'artifact')} had been deleted: the entries name them without a file`)]),
  ])
  return 0
}

const written = (text: string): Promise<boolean> =>
  new Promise(done => {
    process.stdout.write(text, error => done(error === undefined || error === null))
  })

function targetOf(cwd: string, out: string | undefined, name: string): string {
  const path = resolve(cwd, out ?? name)
  return existsSync(path) && statSync(path).isDirectory() ? join(path, name) : path
}
