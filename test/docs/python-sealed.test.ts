import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open, pipeline } from 'waymark'
import { keyFile } from '../../src/seal/key-file.ts'
import { plainView } from '../format/plain-view.ts'
import { readStore, skipWithoutPython } from './python.ts'

// The store is opened a second time by test/docs/read_sealed.py, which was written from docs/format-sealed.md and shares nothing with src.

const folder = mkdtempSync(join(tmpdir(), 'waymark-sealed-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, '.waymark')

function keyAt(name: string, byte: number): string {
  const file = join(folder, name)
  writeFileSync(file, Buffer.from(Array.from({ length: 32 }, (_, at) => (byte + at) & 0xff)).toString('hex'), { mode: 0o600 })
  return file
}

test('E6 a reader written from the page on the sealed format reads every checkpoint with the key, take-overs included, and nothing without', {
  skip: skipWithoutPython,
}, async () => {
  const key = keyFile(keyAt('key', 7))
  let attempts = 0
  const made = pipeline('sealed', async run => {
    await run.stage('orders', () => Array.from({ length: 3_000 }, (_, id) => ({ id, note: `note ${id * 7919}` })))
    await run.each(
      'twice',
      run.stage('numbers', () => [1, 2, 3, 4, 5]),
      n => n * 2,
    )
    attempts++
    if (attempts < 3) throw new Error(`attempt ${attempts}`)
    return 'done'
  })
  const values = new Map<string, unknown>()
  for (let attempt = 1; attempt <= 3; attempt++) {
    // Each from a process of its own, as far as the log can tell: the next one takes the run over.
    const store = await open({ path, key, parity: true })
    await made.run({}, { store, runId: 'r1' }).catch(() => {})
    values.set((await store.save({ value: { attempt, small: true }, tags: ['small'] })).id, { attempt, small: true })
    // Longer than what rides in a record: packs, with blocks that are full and one that is not.
    await store.save({ bytes: createHash('shake256', { outputLength: 200_000 }).update(`${attempt}`).digest() })
    await store.close()
  }
  const store = await open({ path, key })
  const listed = await store.list({ limit: 100 })
  await store.close()

  const { lines, status, stderr } = readStore(path, [], join(folder, 'key'))
  assert.equal(status, 0, stderr)
  const checkpoints = new Map(lines.filter(line => line['kind'] === 'checkpoint').map(line => [line['id'], line]))
  assert.deepEqual([...checkpoints.keys()].sort(), listed.map(({ id }) => id).sort())
  for (const { id, digest } of listed) assert.equal(checkpoints.get(id)?.['digest'], digest)
  for (const [id, value] of values) assert.deepEqual(checkpoints.get(id)?.['value'], plainView(value))
  const tokens = new Set(lines.filter(line => line['kind'] === 'record' && line['run'] === 'r1').map(line => line['token']))
  assert.deepEqual([...tokens], [1, 2, 3])
  assert.ok(lines.some(line => line['kind'] === 'pack' && line['parity'] === true))

  assert.match(readStore(path).stderr, /the store is sealed: a key is needed/)
  assert.match(readStore(path, [], keyAt('other', 8)).stderr, /does not know this master key/)
})
