import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, stat, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
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
    [false, ['verb', 'complete', 'dataKey', 'files', 'bytes', 'removed', 'claims', 'seconds', 'left', 'kept'], 'unavailable'],
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

test('E6 Ctrl-C of keys rekey says that it is not finished, that everything can be read, and how it goes on', async t => {
  const at = await WaymarkProject.create(t)
  await at.waymark('keys', 'new', 'a.key')
  assert.equal((await at.waymark('keys', 'init', 'file:a.key', '--store', '.waymark')).code, 0)
  await at.write('value.json', JSON.stringify({ text: 'PLANTED' }))
  assert.equal((await at.waymark('import', 'value.json', '--store', '.waymark', '--key', 'file:a.key')).code, 0)
  // The key is given when somebody has typed Ctrl-C.
  const command = 'touch asked; while ! [ -e go ]; do sleep 0.02; done; cat a.key'
  for (const json of [[], ['--json']]) {
    const rekeying = at.start(['keys', 'rekey', '--store', '.waymark', '--key', `command:${command}`, ...json])
    while (!existsSync(join(at.path, 'asked'))) await after(10)
    rekeying.signal('SIGINT')
    await after(100)
    await at.write('go', '')
    const { code, stdout, stderr } = await rekeying.ended
    assert.equal(code, 130, stderr)
    if (json.length === 0)
      assert.match(stderr, /stopped before everything was sealed anew[\s\S]*Everything can be read[\s\S]*waymark keys rekey/)
    else assert.equal(Object(jsonLines(stdout)[0]?.['error']).message, 'stopped before everything was sealed anew')
    await at.remove('go')
    await at.remove('asked')
  }
  assert.equal((await at.waymark('keys', 'rekey', '--store', '.waymark', '--key', 'file:a.key')).code, 0)
})

test('E6 keys init where there is no store says how a sealed one is made at once', async t => {
  const at = await WaymarkProject.create(t)
  await at.waymark('keys', 'new', 'a.key')
  const none = await at.waymark('keys', 'init', 'file:a.key')
  assert.equal(none.code, 7, none.stderr)
  assert.match(none.stderr, /waymark keys init file:a\.key --store PATH, or WAYMARK_KEY=file:a\.key waymark run FILE/)
  assert.doesNotMatch(none.stderr, /[Rr]un a pipeline first/)
  const elsewhere = await at.waymark('keys', 'new', 'nonexist/x.key')
  assert.deepEqual([elsewhere.code, /there is no folder/.test(elsewhere.stderr)], [2, true], elsewhere.stderr)
  // Where it is needs no key.
  assert.equal((await at.waymark('keys', 'init', 'file:a.key', '--store', '.waymark')).code, 0)
  const where = await at.waymark('where', '--store', '.waymark')
  assert.equal(where.code, 0, where.stderr)
  assert.match(where.stdout, /sealed {2}what it holds is told to who has a key/)
  const { data } = await at.json('where', '--store', '.waymark')
  assert.deepEqual([Object(data).exists, Object(data).sealed, 'runs' in Object(data)], [true, true, false])
})

test('E6 A15 a file that is damaged is named by keys rekey, with exit 5 and what to do, and after a repair the next one ends', async t => {
  const at = await WaymarkProject.create(t)
  await at.waymark('keys', 'new', 'a.key')
  await at.write('value.json', JSON.stringify({ text: 'a value' }))
  assert.equal((await at.waymark('import', 'value.json', '--store', '.waymark')).code, 0)
  assert.equal((await at.waymark('keys', 'init', 'file:a.key', '--store', '.waymark')).code, 0)
  const store = ['--store', '.waymark', '--key', 'file:a.key']
  assert.equal((await at.waymark('keys', 'rekey', ...store)).code, 0)
  const name = `segments/${(await readdir(join(at.path, '.waymark/segments'))).sort()[0]}`
  const file = join(at.path, '.waymark', name)
  await truncate(file, Math.floor((await stat(file)).size / 2))
  const some = await at.waymark('keys', 'rekey', ...store)
  assert.equal(some.code, 5, some.stderr)
  assert.match(some.stdout, new RegExp(`${name} is damaged: ${name} does not open`))
  assert.match(some.stderr, /1 file is left, damaged[\s\S]*waymark repair.*waymark keys rekey/)
  assert.equal((await at.waymark('repair', '--yes', ...store)).code, 0)
  const all = await at.waymark('keys', 'rekey', ...store)
  assert.equal(all.code, 0, all.stderr)
  assert.equal((await at.waymark('verify', ...store)).code, 0)
})
