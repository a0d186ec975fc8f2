import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'waymark'

const id = 'k7'.repeat(8)
const passing = [`scratch-${id}`, `catalog.sealed.${id}.tmp`, `waymark.json.${id}.tmp`]
const others = [
  'catalog.sealed',
  'notes.tmp',
  'scratch-book',
  `scratch-${id}.tmp`,
  `waymark.json.${id}`,
  `catalog.sealed.${id}x.tmp`,
]
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000)

test('A1 what a killed process left in the folder of a store for an hour is gone once that is opened to be written, and nothing else', async t => {
  const path = mkdtempSync(join(tmpdir(), 'waymark-leftovers-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  const opened = async (readOnly: boolean): Promise<readonly string[]> => {
    await (await open({ path, readOnly })).close()
    return readdirSync(path)
  }
  await opened(false)
  const put = (name: string, minutes: number): void => {
    writeFileSync(join(path, name), 'left')
    utimesSync(join(path, name), minutesAgo(minutes), minutesAgo(minutes))
  }
  for (const name of [...passing, ...others]) put(name, 61)
  const before = readdirSync(path)
  assert.deepEqual(await opened(true), before)
  assert.deepEqual(
    await opened(false),
    before.filter(name => !passing.includes(name)),
  )
  // Somebody may be about to give it its name.
  for (const name of passing) put(name, 50)
  assert.deepEqual(await opened(false), before)
})
