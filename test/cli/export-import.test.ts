import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import type { Store } from 'waymark'
import type { WaymarkProject } from './waymark-project.ts'
import { withCheckpoints } from './with-checkpoints.ts'

const bin = fileURLToPath(new URL('../../bin/waymark.js', import.meta.url))

const plain = async (store: Store) => {
  await store.save({ id: 'plain', type: 'note', tags: ['a'], value: { a: [1, 'two'] } })
  await store.save({ id: 'dated', value: { at: new Date(0) } })
  await store.save({ id: 'table', rows: [{ a: 1 }, { a: 2 }] })
  await store.save({ id: 'raw', bytes: Buffer.from([0, 1, 254]) })
  await store.save({ id: 'files', files: join(store.path, '../package.json') })
}

test('what one store exports another imports, and says what to do next; a named store is made', async t => {
  const project = await withCheckpoints(t, plain)
  const done = await project.waymark('export', 'plain')
  assert.deepEqual([done.code, done.stderr], [0, ''])
  assert.match(
    done.stdout,
    /^✓ exported plain · wmk · \d+ B · plain\.wmk\nnext: waymark import plain\.wmk {2}in another store\n$/,
  )
  const got = await project.waymark('import', 'plain.wmk', '--store', 'other/.waymark', '--json')
  const { data, hint } = JSON.parse(got.stdout)
  assert.deepEqual(
    [data.checkpoint.type, data.checkpoint.tags, hint.command],
    ['note', ['a'], `waymark show ${data.checkpoint.id} --store other/.waymark`],
  )
  assert.notEqual(data.checkpoint.id, 'plain')
  const kept = await project.waymark('import', 'plain.wmk', '--store', 'other/.waymark', '--keep-id', '--tag', 'b')
  assert.match(kept.stdout, /^✓ imported plain · note · \d B, stored \d B\nnext: waymark show plain --store other\/.waymark\n$/)
  assert.equal((await project.waymark('import', 'plain.wmk', '--store', 'other/.waymark', '--keep-id')).code, 2)
  const shown = await project.json('show', 'plain', '--value', '--store', 'other/.waymark')
  assert.deepEqual((shown['data'] as { value: unknown }).value, { a: [1, 'two'] })
})

test('the form is what is asked for, else what the name says; each holds what it should', async t => {
  const project = await withCheckpoints(t, plain)
  const read = (name: string) => readFileSync(join(project.path, name))
  const exported = async (...args: readonly string[]) => {
    const { code, stderr } = await project.waymark('export', ...args)
    assert.equal(code, 0, stderr)
  }
  mkdirSync(join(project.path, 'folder'))
  await exported('plain', '--out', 'x.json')
  assert.equal(read('x.json').toString(), '{"a":[1,"two"]}\n')
  await exported('table', '--format', 'json')
  assert.equal(read('table.jsonl').toString(), '{"a":1}\n{"a":2}\n')
  await exported('raw', '--out', 'x.dat')
  assert.deepEqual([...read('x.dat')], [0, 1, 254])
  await exported('plain', '--out', 'x.cbor')
  assert.equal(read('x.cbor').toString('hex'), 'a161618201637477' + '6f')
  await exported('plain', '--out', 'folder')
  assert.match(read('folder/plain.wmk').toString('latin1'), /^waymark-checkpoint 1\n/)
  await exported('files', '--format', 'files', '--out', 'restored')
  assert.equal(read('restored/package.json').toString(), '{ "type": "module" }')
  const names = readdirSync(project.path)
  assert.deepEqual(
    names.filter(name => name.includes('.tmp')),
    [],
  )
})

test('a pipe gets the bytes and nothing else; one that is closed early is no failure', async t => {
  const project = await withCheckpoints(t, async store => {
    await plain(store)
    await store.save({ id: 'large', rows: Array.from({ length: 60_000 }, (_, id) => ({ id, text: `row ${id}` })) })
  })
  const { code, stdout, stderr } = await project.waymark('export', 'table', '--format', 'json', '--out', '-')
  assert.deepEqual([code, stdout, stderr], [0, '{"a":1}\n{"a":2}\n', ''])
  const run = promisify(execFile)
  const cli = `'${process.execPath}' --conditions=waymark-source '${bin}'`
  const head = await run('bash', ['-c', `set -o pipefail; ${cli} export large --format json --out - | head -n 2`], {
    cwd: project.path,
  })
  assert.deepEqual([head.stdout, head.stderr], ['{"id":0,"text":"row 0"}\n{"id":1,"text":"row 1"}\n', ''])
  await run('bash', ['-c', `${cli} export large --out - > piped.wmk && ${cli} import piped.wmk --id again`], {
    cwd: project.path,
  })
  assert.equal((await project.waymark('export', 'table', '--out', '-', '--json')).code, 2)
})

test('what would lie or overwrite is refused, and what refuses writes nothing', async t => {
  const project = await withCheckpoints(t, plain)
  writeFileSync(join(project.path, 'there.wmk'), 'mine')
  const before = readdirSync(project.path).sort()
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['dated', '--out', 'x.json'], 2, /at at a Date became text[\s\S]*--lossy/],
    [['plain', '--out', 'there.wmk'], 2, /exists already[\s\S]*--force/],
    [['plain', '--out', 'x.dat'], 2, /does not say in which form/],
    [['plain', '--format', 'raw'], 2, /Use --format wmk or json or cbor/],
    [['plain', '--format', 'files'], 2, /holds no files/],
    [['raw', '--format', 'json'], 2, /Use --format wmk or raw/],
    [['files', '--format', 'files', '--out', '.'], 2, /exists already/],
    [['plain', '--format', 'jsn'], 2, /did you mean json\?/],
    [['plain', '--out', 'no/such/x.wmk'], 8, /cannot write/],
    [['plian'], 7, /did you mean plain\?/],
  ]
  for (const [args, exit, pattern] of cases) {
    const { code, stdout, stderr } = await project.waymark('export', ...args)
    assert.deepEqual([code, stdout], [exit, ''], `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, pattern)
  }
  assert.deepEqual(readdirSync(project.path).sort(), before)
  const lossy = await project.waymark('export', 'dated', '--out', 'x.json', '--lossy')
  assert.match(lossy.stdout, /^ {2}lossy {2}at: a Date became text\n✓ exported dated/)
  assert.equal((await project.waymark('export', 'plain', '--out', 'there.wmk', '--force')).code, 0)
})

test('a file that is damaged, foreign or not there is refused, and nothing is saved', async t => {
  const project = await withCheckpoints(t, plain)
  await project.waymark('export', 'plain')
  const whole = readFileSync(join(project.path, 'plain.wmk'))
  const flipped = Buffer.from(whole)
  flipped.writeUInt8(flipped.readUInt8(whole.length - 50) ^ 4, whole.length - 50)
  const files: readonly (readonly [string, Uint8Array | string, number])[] = [
    ['flipped.wmk', flipped, 5],
    ['cut.wmk', whole.subarray(0, -1), 5],
    ['empty.wmk', '', 2],
    ['other.wmk', 'PK\x03\x04 something else', 2],
    ['newer.wmk', 'waymark-checkpoint 9\n{}', 2],
    ['bad.json', '{', 2],
    ['bad.jsonl', '{}\n{', 2],
  ]
  for (const [name, bytes, exit] of files) {
    writeFileSync(join(project.path, name), bytes)
    const { code, stdout, stderr } = await project.waymark('import', name)
    assert.deepEqual([code, stdout], [exit, ''], `${name}: ${stderr}`)
    assert.ok(stderr.includes(name), stderr)
    assert.match(stderr, /means {2}.*[Nn]othing was (saved|changed)/)
  }
  assert.equal((await project.waymark('import', 'nosuch.wmk', '--store', 'new/.waymark')).code, 7)
  assert.equal(existsSync(join(project.path, 'new')), false)
  assert.equal((await project.waymark('import', 'plain.wmk', '--id', 'a', '--keep-id')).code, 2)
  assert.equal((await project.waymark('import', 'plain.wmk', '--id', '../a')).code, 2)
  const { data } = JSON.parse((await project.waymark('checkpoints', '--json')).stdout)
  assert.equal(data.total, 5)
})

test('Ctrl-C in the middle of an export leaves no file, and exits 130', async t => {
  const project = await withCheckpoints(t, store =>
    store.save({ id: 'large', rows: Array.from({ length: 600_000 }, (_, id) => ({ id, at: new Date(id) })) }),
  )
  for (const more of [[], ['--json']]) {
    const running = project.start(['export', 'large', '--format', 'json', '--lossy', ...more])
    const temporary = join(project.path, 'large.jsonl.waymark.tmp')
    while (!existsSync(temporary)) await pause(5)
    running.signal('SIGINT')
    const { code, stdout, stderr } = await running.ended
    assert.equal(code, 130, stderr)
    if (more.length > 0) assert.equal(JSON.parse(stdout).error.code, 'cancelled')
    else assert.match(stderr, /stopped.*no file was written/)
    assert.deepEqual(
      readdirSync(project.path).filter(name => name.startsWith('large')),
      [],
    )
  }
})

/** What a terminal of 80 columns shows. */
function onTerminal(project: WaymarkProject, words: string): Promise<string> {
  const command = `stty cols 80 rows 24; '${process.execPath}' --conditions=waymark-source '${bin}' ${words}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: project.path,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], HOME: project.path, LANG: 'C.UTF-8', TERM: 'xterm-256color' },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(text.replaceAll('\r', '')))
  })
}

test('on a terminal of 80 columns the table fits whole, in colour, and bytes are not written to it', async t => {
  const project = await withCheckpoints(t, async store => {
    for (let i = 0; i < 3; i++) {
      await store.save({
        ...{ run: 'a-long-name-of-a-run-that-somebody-gave', stage: 'a-long-name-of-a-stage/inner', type: 'model-weights' },
        tags: ['nightly', 'best-of-the-week', 'keep'],
        value: { i },
      })
    }
    const [one] = await store.list({ limit: 1 })
    await store.pin(one?.id ?? '', { name: 'release-candidate' })
    await store.update(one?.id ?? '', { status: 'archived' })
  })
  const table = (await onTerminal(project, 'checkpoints')).split('\n').slice(0, 4)
  const bare = table.map(line => stripVTControlCharacters(line))
  assert.match(bare[0] ?? '', /^ID +AGE +TYPE +RUN +STAGE +SIZE +STORED +TAGS +PINS +STATUS *$/)
  assert.match(bare[1] ?? '', /^c\w{7} .*… .*archived *$/)
  for (const line of bare) assert.ok(line.length <= 80, line)
  assert.ok(table.join('\n').includes('\u001b['))
  const [id = ''] = ((await project.json('checkpoints'))['data'] as { checkpoints: { id: string }[] }).checkpoints.map(
    one => one.id,
  )
  assert.match(await onTerminal(project, `export ${id} --out -`), /would be written to the terminal/)
  assert.ok(!(await onTerminal(project, 'checkpoints --no-color')).includes('\u001b[3'))
})

test('A1 --column for one column twice is refused before anything is read', async t => {
  const project = await withCheckpoints(t, async () => {})
  await project.write('x.csv', 'a\n1\n')
  const twice = await project.waymark('import', 'x.csv', '--column', 'a=utf8', '--column', 'a=int64')
  assert.deepEqual([twice.code, /names the type of "a" twice/.test(twice.stderr)], [2, true], twice.stderr)
  assert.equal((await project.waymark('import', 'x.csv', '--column', 'a=string')).code, 0)
})
