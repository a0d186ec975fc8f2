import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, keyFile, makeKeyFile, open } from '../../src/index.ts'

test('E6 whoever gives a key for a store that is not sealed is told so: nothing is written that anybody could read', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-plain-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  await makeKeyFile(join(folder, 'key'))
  await (await open({ path })).close()
  await assert.rejects(open({ path, key: keyFile(join(folder, 'key')) }), error => {
    assert.ok(isWaymarkError(error, 'conflict'))
    assert.match(error.remedy, /waymark keys init/)
    return true
  })
  process.env['WAYMARK_KEY'] = `file:${join(folder, 'key')}`
  t.after(() => delete process.env['WAYMARK_KEY'])
  const store = await open({ path })
  assert.match(store.notices().join('\n'), /not sealed, although WAYMARK_KEY names/)
  await store.close()
})

test('E6 of two that make a store at once, one with a key that comes late and one without, the first does not go on in plain', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-race-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  await makeKeyFile(join(folder, 'key'))
  const slow = keyFile(join(folder, 'key'))
  let plain: Promise<{ close(): Promise<void> }> | undefined
  const key = {
    ...slow,
    newSecret: async (storeId: string) => {
      plain = open({ path })
      await plain
      return slow.newSecret(storeId)
    },
  }
  await assert.rejects(open({ path, key }), error => isWaymarkError(error, 'conflict'))
  await (await plain)?.close()
})
