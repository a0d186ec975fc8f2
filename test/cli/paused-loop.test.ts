import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open } from 'waymark'
import { pausedLines } from '../../src/cli/render/end-lines.ts'
import { RunProgress } from '../../src/cli/render/run-progress.ts'
import { unicodeGlyphs } from '../../src/cli/render/screen.ts'
import { runFile } from '../../src/cli/run-file.ts'
import { endOfWatched } from '../../src/cli/watched-end.ts'

const screen = { columns: 80, rows: 24, color: false, glyphs: unicodeGlyphs }

function remedyOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(isWaymarkError(error, 'invalid'), String(error))
    return error.remedy
  }
  throw new Error('it was not refused')
}

test('B17 a loop of a program’s own that was paused goes on with resumePaused: every advice says so, and none says waymark resume', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-loop-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, '.waymark')
  const store = await open(path)
  const loop = await store.track({ run: 'loop', stage: 'rows' })
  loop.done(0)
  await loop.pause()
  const advice = async () => {
    const run = await store.run('loop')
    const end = endOfWatched(run, [], Date.now())
    assert.ok(end)
    const shown = pausedLines(end, new RunProgress(), screen).map(line => line.map(({ text }) => text).join(''))
    return [end.next, shown.at(-1), remedyOf(() => runFile(run, { path, why: 'named' }))]
  }
  assert.deepEqual(await advice(), [
    'run its program again',
    '  go on with: run its program again',
    'Run its program again: it goes on by itself',
  ])
  await store.pause('loop')
  assert.deepEqual(await advice(), [
    'run its program again, with resumePaused: true',
    '  go on with: run its program again, with resumePaused: true',
    'Run its program again, with resumePaused: true',
  ])
  await store.close()
})
