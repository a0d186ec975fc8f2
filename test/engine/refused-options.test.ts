import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open } from 'waymark'

/** As a program without types would call it. */
const untyped = (value: unknown): never => value as never

const isRefused = (says: RegExp) => (error: unknown) => {
  assert.ok(isWaymarkError(error, 'invalid'), String(error))
  assert.match(`${error.message} ${error.remedy}`, says)
  return true
}

test('what a call cannot take is refused with a sentence, whatever its type, and nothing is saved', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-refused-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, '.waymark')
  await assert.rejects(open({ path, compression: untyped('gzip') }), isRefused(/codec: 'gzip'/))
  await assert.rejects(open({ path, compression: untyped(5) }), isRefused(/object that names its codec/))
  const store = await open(path)
  for (const bytes of ['abc', 5, null, {}])
    await assert.rejects(store.save({ bytes: untyped(bytes) }), isRefused(/bytes.*Buffer\.from/))
  for (const rows of [{}, 'abc', 5, null]) await assert.rejects(store.save({ rows: untyped(rows) }), isRefused(/rows.*generator/))
  for (const files of [5, null, {}, ['a', 5], ''])
    await assert.rejects(store.save({ files: untyped(files) }), isRefused(/files.*path/))
  await assert.rejects(store.list(untyped({ runn: 'x' })), isRefused(/"runn".*run/))
  await assert.rejects(store.latest(untyped({ stagee: 'x' })), isRefused(/"stagee".*stage/))
  assert.deepEqual(await store.list(), [])
  await store.close()
})
