import assert from 'node:assert/strict'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

test('E6 keys rekey seals everything anew and says how much; what is left is told, with exit 8, and the next one goes on', async t => {
  const at = await WaymarkProject.create(t)
  await at.waymark('keys', 'new', 'a.key')
  await at.write('value.json', JSON.stringify({ text: 'PLANTED' }))
  assert.equal((await at.waymark('import', 'value.json', '--store', '.waymark')).code, 0)
  assert.equal((await at.waymark('keys', 'init', 'file:a.key', '--store', '.waymark')).code, 0)
  const store = ['--store', '.waymark', '--key', 'file:a.key']
  const unfinished = `.waymark/packs/${'0'.repeat(26)}.pack.tmp`
  await at.write(unfinished, 'begun')
  const some = await at.waymark('keys', 'rekey', ...store)
  assert.equal(some.code, 8, some.stderr)
  assert.match(some.stdout, /pack\.tmp is being written by another process/)
  assert.match(some.stderr, /1 file is left[\s\S]*waymark keys rekey/)
  const [told] = jsonLines((await at.waymark('keys', 'rekey', '--json', ...store)).stdout)
  assert.deepEqual(
    [told?.['ok'], Object.keys(Object(told?.['data'])), Object(told?.['error']).code],
    [false, ['verb', 'complete', 'dataKey', 'files', 'bytes', 'removed', 'claims', 'seconds', 'left'], 'unavailable'],
  )
  await utimes(join(at.path, unfinished), new Date(0), new Date(0))
  const all = await at.waymark('keys', 'rekey', ...store)
  assert.equal(all.code, 0, all.stderr)
  assert.match(all.stdout, /everything is sealed with a new data key\n.*\d+ files?, .*; data key [0-9a-f]{20}/)
  const check = await at.waymark('keys', 'check', ...store)
  assert.equal(check.code, 0)
  assert.doesNotMatch(check.stdout, / plain /)
  assert.equal((await at.waymark('verify', '--full', ...store)).code, 0)
  assert.equal((await at.waymark('keys', 'rekey', 'more', ...store)).code, 2)
})
