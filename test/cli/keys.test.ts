import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const bin = fileURLToPath(new URL('../../bin/waymark.js', import.meta.url))
const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'needs script(1) of util-linux'

/** Runs a command on a terminal; each answer is typed once the screen shows its question. */
async function onTerminal(at: WaymarkProject, args: readonly string[], answers: readonly (readonly [RegExp, string])[]) {
  const command = [process.execPath, '--conditions=waymark-source', bin, ...args].map(word => `'${word}'`).join(' ')
  const terminal = spawn('script', ['-qec', `stty cols 120 rows 24; exec ${command}`, '/dev/null'], {
    cwd: at.path,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm-256color', SHELL: '/bin/sh' },
  })
  const waiting = [...answers]
  let screen = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    const [next] = waiting
    if (next === undefined || !next[0].test(screen)) return
    terminal.stdin.write(next[1])
    waiting.shift()
  })
  const code = await new Promise<number | null>(resolve => terminal.once('close', resolve))
  return { screen, code }
}

const twoStages = `
import { existsSync, writeFileSync, readFileSync } from 'node:fs'
import { pipeline } from 'waymark'
const here = import.meta.dirname
export default pipeline('two', async run => {
  const one = await run.stage('one', () => ({ found: 'PLANTED' }))
  await run.stage('two', () => {
    // Where the key of the store is seen by others: in the arguments of this process it must not be.
    writeFileSync(here + '/argv.txt', readFileSync('/proc/self/cmdline', 'latin1'))
    if (existsSync(here + '/fail')) throw new Error('asked to')
    return 2
  })
  return one
})
`

async function project(t: TestContext): Promise<WaymarkProject> {
  const made = await WaymarkProject.create(t, { 'two.ts': twoStages })
  for (const [name, digit] of [
    ['a.key', 'a'],
    ['b.key', 'b'],
  ] as const)
    await writeFile(join(made.path, name), `${`${digit}0`.repeat(31)}${digit}1\n`, { mode: 0o600 })
  return made
}

const sealed = async (t: TestContext): Promise<WaymarkProject> => {
  const made = await project(t)
  const { code, stderr } = await made.waymark('keys', 'init', 'file:a.key', '--store', '.waymark', '--name', 'main')
  assert.equal(code, 0, stderr)
  return made
}

test('E6 keys new makes a key that its owner alone may read, another one each time, and never over a file', async t => {
  const at = await WaymarkProject.create(t)
  for (const name of ['a.key', 'b.key']) assert.equal((await at.waymark('keys', 'new', name)).code, 0)
  const [a, b] = [await at.read('a.key'), await at.read('b.key')]
  assert.match(a, /^[0-9a-f]{64}\n$/)
  assert.notEqual(a, b)
  assert.equal((await stat(join(at.path, 'a.key'))).mode & 0o777, 0o600)
  const again = await at.waymark('keys', 'new', 'a.key')
  assert.equal(again.code, 2)
  assert.match(again.stderr, /exists already/)
  assert.equal(await at.read('a.key'), a)
  const nowhere = await at.waymark('keys', 'new', 'no/such/folder.key')
  assert.equal(nowhere.code, 2, nowhere.stderr)
  assert.match(nowhere.stderr, /there is no folder .*no\/such\n/)
})

test('E6 a sealed store is run, resumed and looked at with --key, WAYMARK_KEY and the config; the key is in no argument of the run', async t => {
  const at = await sealed(t)
  await at.write('fail', '')
  const failed = await at.waymark('run', 'two.ts', '--key', 'file:a.key')
  assert.equal(failed.code, 3, failed.stderr)
  await at.remove('fail')
  const resumed = await at.start(['resume', '--quiet'], { WAYMARK_KEY: 'file:a.key' }).ended
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.doesNotMatch(await at.read('argv.txt'), /a\.key/)
  await at.write('waymark.config.json', JSON.stringify({ store: '.waymark', key: 'file:a.key' }))
  const listed = await at.waymark('ls')
  assert.match(listed.stdout, /two +completed/, listed.stderr)
  // A flag goes before a variable, and that before the config.
  const wrong = await at.waymark('ls', '--key', 'file:b.key')
  assert.equal(wrong.code, 8)
  assert.equal((await at.start(['ls'], { WAYMARK_KEY: 'file:b.key' }).ended).code, 8)
  // Of a command that has a --key of its own.
  const history = await at.waymark('diff', '--open-key', 'file:a.key', '@last/one', '--key', 'found')
  assert.equal(history.code, 0, history.stderr)
  const entries = await readFile(join(at.path, '.waymark/waymark.json'), 'utf8')
  assert.match(entries, /"sealed"/)
})

test('E6 a plain store is sealed, gets and loses keys, and tells about them, also as JSON', async t => {
  const at = await project(t)
  await at.waymark('run', 'two.ts', '--quiet')
  const plain = await at.waymark('keys', 'list')
  assert.equal(plain.code, 2)
  assert.match(plain.stderr, /is not sealed.*waymark keys init/s)
  const made = await at.waymark('keys', 'init', '--key', 'file:a.key', '--name', 'main')
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /✓ the store is sealed\n.*file.*main {2}opened the store\n.*seals now\n.*still plain/s)
  assert.equal((await at.waymark('keys', 'init', 'file:a.key')).code, 2)
  assert.equal((await at.waymark('keys', 'add', 'file:b.key', '--name', 'spare', '--key', 'file:a.key')).code, 0)
  const list = await at.json('keys', 'list', '--key', 'file:b.key')
  const data = Object(list['data'])
  assert.deepEqual(
    [list['schemaVersion'], list['command'], list['ok'], data.verb, data.generation, data.acceptsPlain],
    [1, 'keys', true, 'list', 2, true],
  )
  const [first, second] = data.masters
  assert.deepEqual(Object.keys(first), ['id', 'kind', 'name', 'openedBy', 'createdAt'])
  assert.deepEqual([first.kind, first.name, first.openedBy, second.name, second.openedBy], ['file', 'main', false, 'spare', true])
  assert.match(first.createdAt, /^\d{4}-.*Z$/)
  assert.deepEqual(Object.keys(data.dataKeys[0]), ['id', 'current', 'createdAt'])
  const check = Object((await at.json('keys', 'check', '--key', 'file:b.key'))['data'])
  assert.deepEqual([check.ok, check.problems, check.masters[1].opens], [true, [], true])
  assert.deepEqual(Object.keys(check.dataKeys[0]), ['id', 'current', 'files', 'bytes', 'createdAt'])
  assert.ok(check.plain.files > 0 && check.plain.bytes > 0)
  const copy = Object((await at.json('keys', 'export', 'copy.json', '--key', 'file:b.key'))['data'])
  assert.deepEqual([copy.verb, copy.path, copy.putBackAs], ['export', join(at.path, 'copy.json'), 'keys/ring.2.json'])
  assert.ok(copy.bytes > 100 && copy.masters.length === 2)
  assert.equal((await stat(copy.path)).mode & 0o777, 0o600)
})

test('E6 a key is removed or replaced only after a yes', async t => {
  const at = await sealed(t)
  await at.waymark('keys', 'add', 'file:b.key', '--name', 'spare', '--key', 'file:a.key')
  for (const args of [['remove', 'main'], ['rotate'], ['rotate', '--to', 'file:b.key']]) {
    const asks = await at.waymark('keys', ...args, '--key', 'file:a.key', '--json')
    assert.equal(asks.code, 9, asks.stdout)
    assert.equal(Object(JSON.parse(asks.stdout)).hint.command, `waymark keys ${args.join(' ')} --yes --key file:a.key`)
  }
  assert.equal(Object((await at.json('keys', 'list', '--key', 'file:a.key'))['data']).generation, 2)
  const removed = await at.waymark('keys', 'remove', 'main', '--yes', '--key', 'file:b.key')
  assert.equal(removed.code, 0, removed.stderr)
  const readable = /what was sealed until now can be read by who had the key that is gone/
  assert.match(removed.stdout, readable)
  assert.match(removed.stdout, /\n +waymark keys rekey --key file:b\.key\n/)
  assert.equal((await at.waymark('keys', 'list', '--key', 'file:a.key')).code, 8)
  const last = await at.waymark('keys', 'remove', 'spare', '--yes', '--key', 'file:b.key')
  assert.equal(last.code, 2)
  assert.match(last.stderr, /last master key/)
  const rotated = await at.waymark('keys', 'rotate', '--to', 'file:a.key', '--yes', '--key', 'file:b.key')
  assert.equal(rotated.code, 0, rotated.stderr)
  assert.match(rotated.stdout, readable)
  assert.match(rotated.stdout, /\n +waymark keys rekey --key file:a\.key\n/)
  const again = await at.json('keys', 'rotate', '--to', 'file:b.key', '--yes', '--key', 'file:a.key')
  assert.equal(Object(again['hint']).command, 'waymark keys rekey --key file:b.key')
  assert.equal((await at.waymark('keys', 'rekey', '--key', 'file:b.key')).code, 0)
  assert.equal((await at.waymark('keys', 'rotate', '--to', 'file:a.key', '--yes', '--key', 'file:b.key')).code, 0)
  assert.equal((await at.waymark('ls', '--key', 'file:a.key')).code, 0)
})

test('E6 without a key, with a wrong one, or one that cannot be come by, every command says so with exit 8, and shows no secret', async t => {
  const at = await sealed(t)
  await at.waymark('run', 'two.ts', '--quiet', '--key', 'file:a.key')
  await at.write('wide.key', await at.read('a.key'))
  await chmod(join(at.path, 'wide.key'), 0o640)
  await at.write('garbage', 'PRINTED-GARBAGE')
  const cases: readonly (readonly [readonly string[], RegExp, Readonly<Record<string, string>>?])[] = [
    [[], /is sealed, and no key was given.*file main/s],
    [['--key', 'file:b.key'], /does not open with the file b\.key.*file main/s],
    [['--key', 'file:gone.key'], /gone\.key cannot be read/],
    [
      ['--key', 'file:wide.key'],
      /can be read by others than its owner \(mode 0640\).*chmod 600.*keys rotate --to NEW, then waymark keys rekey/s,
    ],
    [['--key', 'variable:NO_KEY'], /NO_KEY is not set/],
    [['--key', 'variable:EMPTY'], /EMPTY is not set/, { EMPTY: '' }],
    [['--key', 'command:echo sorry >&2; exit 4'], /exit 4, sorry/],
    [['--key', 'command:cat garbage'], /holds no key/],
  ]
  for (const [args, message, environment = {}] of cases) {
    const { code, stderr, stdout } = await at.start(['ls', ...args], environment).ended
    assert.equal(code, 8, `${args}: ${stderr}`)
    assert.match(stderr, message)
    assert.match(stderr, /^error key_missing/)
    assert.doesNotMatch(stderr + stdout, /PRINTED-GARBAGE|PLANTED|[0-9a-f]{64}/)
  }
  const ended = await at.waymark('run', 'two.ts', '--json', '--fresh')
  assert.equal(ended.code, 8)
  assert.equal(Object(jsonLines(ended.stdout).at(-1)?.['error']).code, 'key_missing')
  const commands = [['show', '@last'], ['verify'], ['keys', 'check'], ['resume']]
  for (const result of await Promise.all(commands.map(args => at.waymark(...args)))) {
    assert.equal(result.code, 8, result.stderr)
    assert.equal(result.stdout, '')
  }
})

test('E6 a --key that names none is wrong usage, and is not shown: it may be the key itself', async t => {
  const at = await sealed(t)
  const secret = (await at.read('a.key')).trim()
  for (const result of [
    await at.waymark('ls', '--key', secret),
    await at.waymark('keys', 'add', secret, '--key', 'file:a.key'),
    await at.waymark('run', 'two.ts', '--key', secret, '--json'),
    await at.start(['ls'], { WAYMARK_KEY: secret }).ended,
  ]) {
    assert.equal(result.code, 2, result.stderr)
    assert.ok(!(result.stderr + result.stdout).includes(secret), 'the key is shown')
    assert.match(result.stderr + result.stdout, /does not name a key/)
  }
  await at.write('waymark.config.json', JSON.stringify({ key: [secret] }))
  const config = await at.waymark('ls')
  assert.equal(config.code, 2)
  assert.match(config.stderr, /key in .* has to be what names a key/)
  assert.ok(!config.stderr.includes(secret))
})

test('E6 a verb that is mistyped, lacks what it needs or is given too much changes nothing', async t => {
  const at = await project(t)
  for (const [args, message] of [
    [['lst'], /did you mean list\?/],
    [['new'], /waymark keys new FILE/],
    [['init'], /waymark keys init SOURCE/],
    [['list', 'a.key'], /takes nothing more/],
    [['check', '--to', 'file:a.key'], /--to does not go with keys check/],
  ] as const) {
    const { code, stderr } = await at.waymark('keys', ...args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
})

test('E6 a passphrase comes from the environment where there is no terminal, and too short a one is refused', async t => {
  const at = await project(t)
  const short = await at.start(['keys', 'init', 'passphrase', '--store', '.waymark'], { WAYMARK_NEW_PASSPHRASE: 'tiny-se' }).ended
  assert.equal(short.code, 2, short.stderr)
  assert.match(short.stderr, /7 characters is too short/)
  assert.doesNotMatch(short.stderr, /tiny-se/)
  const none = await at.waymark('keys', 'init', 'passphrase', '--store', '.waymark')
  assert.equal(none.code, 8)
  assert.match(none.stderr, /Set WAYMARK_NEW_PASSPHRASE, or take a key of another kind, such as file:PATH/)
  const secret = 'correct horse battery'
  const made = await at.start(['keys', 'init', 'passphrase', '--store', '.waymark'], { WAYMARK_NEW_PASSPHRASE: secret }).ended
  assert.equal(made.code, 0, made.stderr)
  const ran = await at.start(['run', 'two.ts', '--key', 'passphrase', '--quiet'], { WAYMARK_PASSPHRASE: secret }).ended
  assert.equal(ran.code, 0, ran.stderr)
  const wrong = await at.start(['ls', '--key', 'passphrase'], { WAYMARK_PASSPHRASE: `${secret}!` }).ended
  assert.equal(wrong.code, 8)
  assert.match(wrong.stderr, /does not open with the passphrase/)
  for (const [given, told] of [
    ['', /was not given, and there is no terminal/],
    ['tiny', /does not open with the passphrase/],
  ] as const) {
    const refused = await at.start(['ls', '--key', 'passphrase'], { WAYMARK_PASSPHRASE: given }).ended
    assert.equal(refused.code, 8)
    assert.match(refused.stderr, told)
  }
  assert.doesNotMatch(wrong.stderr, /correct horse/)
})

test('E6 on a terminal a passphrase is asked for without being shown, a new one twice, and a rotation after a yes', {
  skip: noTerminal,
}, async t => {
  const at = await project(t)
  const differ = await onTerminal(
    at,
    ['keys', 'init', 'passphrase', '--store', '.waymark'],
    [
      [/New passphrase of the store: /, 'correct horse\r'],
      [/Once more: /, 'correct house\r'],
    ],
  )
  assert.equal(differ.code, 2, differ.screen)
  assert.match(differ.screen, /typed differently the second time/)
  const made = await onTerminal(
    at,
    ['keys', 'init', 'passphrase', '--store', '.waymark'],
    [
      // Erased and typed again, with the answer to the next question right behind.
      [/New passphrase of the store: /, 'cofft\x7f\x7f\x7frrect horse\rcorrect horse\r'],
    ],
  )
  assert.equal(made.code, 0, made.screen)
  const ran = await onTerminal(at, ['run', 'two.ts', '--key', 'passphrase'], [[/Passphrase of the store: /, 'correct horse\r']])
  assert.equal(ran.code, 0, ran.screen)
  const rotated = await onTerminal(
    at,
    ['keys', 'rotate', '--key', 'passphrase'],
    [
      [/Go on\? \[y\/N\] /, 'y\r'],
      [/Passphrase of the store: /, 'correct horse\r'],
    ],
  )
  assert.equal(rotated.code, 0, rotated.screen)
  const fresh = await onTerminal(
    at,
    ['run', 'two.ts', '--key', 'passphrase', '--store', 'new'],
    [
      [/New passphrase of the store: /, 'battery staple\r'],
      [/Once more: /, 'battery staple\r'],
    ],
  )
  assert.equal(fresh.code, 0, fresh.screen)
  const stopped = await onTerminal(at, ['ls', '--key', 'passphrase'], [[/Passphrase of the store: /, 'corr\x03']])
  assert.equal(stopped.code, 130, stopped.screen)
  const ended = await onTerminal(at, ['ls', '--key', 'passphrase'], [[/Passphrase of the store: /, 'corr\x04']])
  assert.equal(ended.code, 2, ended.screen)
  const short = await onTerminal(
    at,
    ['keys', 'add', 'passphrase', '--key', 'passphrase'],
    [
      [/New passphrase of the store: |Passphrase of the store: /, 'correct horse\r'],
      [/New passphrase of the store: /, 'short\r'],
    ],
  )
  assert.equal(short.code, 2, short.screen)
  assert.doesNotMatch(short.screen, /Once more/)
  for (const { screen } of [differ, made, ran, rotated, fresh, stopped, ended, short])
    assert.doesNotMatch(screen, /horse|staple|corr/)
})

test('E6 A15 with an older ring put back ls and checkpoints list what can be read, and say which segment cannot', async t => {
  const at = await sealed(t)
  const older = await readFile(join(at.path, '.waymark/keys/ring.1.json'))
  assert.equal((await at.waymark('keys', 'rotate', '--yes', '--key', 'file:a.key')).code, 0)
  assert.equal((await at.waymark('run', 'two.ts', '--quiet', '--key', 'file:a.key')).code, 0)
  await at.remove('.waymark/keys/ring.2.json')
  await writeFile(join(at.path, '.waymark/keys/ring.1.json'), older)
  for (const command of ['ls', 'checkpoints']) {
    const { code, stderr } = await at.waymark(command, '--key', 'file:a.key')
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^note {2}segment \S+ of the log .*is sealed with the data key [0-9a-f]{20}/, command)
  }
  assert.equal((await at.waymark('verify', '--key', 'file:a.key')).code, 5)
})
