import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { blankOut } from '../../scripts/layers/blank-out.ts'
import { filesApart, longFiles } from '../../scripts/tests/files-apart.ts'
import { planProcesses } from '../../scripts/tests/plan-processes.ts'

const root = join(import.meta.dirname, '../..')
const script = join(root, 'scripts/test.ts')
/** A file that gets a process of its own wherever it is. */
const [apart = ''] = filesApart

/** A folder with test files of these texts; what they need of node:test is imported. */
function testFiles(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-test-run-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), `import { after, before, test } from 'node:test'\n${body}\n`)
  }
  return folder
}

/** Without what tells Node that it is itself run by a test. */
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, NODE_TEST_CONTEXT: undefined })

function runTests(folder: string, ...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: environment(),
  })
  const counts = Object.fromEntries(
    [...stdout.matchAll(/^ℹ (tests|pass|fail|skipped) (\d+)$/gm)].map(([, what = '', n]) => [what, Number(n)]),
  )
  return { stdout, stderr, status, counts }
}

const passing = (name: string): string => `test('${name}', () => {})`

test('all test files are run, with one summary, and the hooks of a file that shares a process are of its tests alone', t => {
  const folder = testFiles(t, {
    'test/a/one.test.ts':
      "let open = false\nbefore(() => { open = true })\nafter(() => { open = false; globalThis.ended = true })\ntest('one', t => t.assert.ok(open))",
    'test/a/two.test.ts': "test('two', t => t.assert.ok(globalThis.ended))",
    'test/b/three.test.ts': passing('three'),
    [apart]: "test('apart', t => t.assert.equal(globalThis.ended, undefined))",
  })
  const { stdout, stderr, status, counts } = runTests(folder)
  assert.doesNotMatch(stderr, /\.test\./)
  assert.deepEqual(counts, { tests: 4, pass: 4, fail: 0, skipped: 0 })
  assert.equal(stdout.match(/^ℹ tests/gm)?.length, 1)
  assert.equal(status, 0)
})

test('a test that fails in a shared process fails the run, and what stands beside it is run', t => {
  const folder = testFiles(t, {
    'test/a/one.test.ts': "test('bad', () => { throw new Error('broken on purpose') })",
    'test/a/two.test.ts': passing('two'),
  })
  const { stdout, status, counts } = runTests(folder)
  assert.match(stdout, /broken on purpose/)
  assert.deepEqual(counts, { tests: 2, pass: 1, fail: 1, skipped: 0 })
  assert.equal(status, 1)
})

for (const [what, body] of Object.entries({
  'that awaits something before it declares its tests': `await undefined\n${passing('late')}`,
  'that cannot be loaded': "import './missing.ts'",
  'whose process ends in the middle as if all were well': "test('gone', () => process.exit(0))",
  'whose process is killed': "test('killed', async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}) })",
  'that rejects what nobody awaits':
    "test('careless', async () => { Promise.reject(new Error('nobody')); await new Promise(done => setTimeout(done, 50)) })",
}))
  test(`a file ${what} fails the run`, t => {
    const folder = testFiles(t, { 'test/a/one.test.ts': passing('one'), 'test/a/two.test.ts': body })
    assert.equal(runTests(folder).status, 1)
  })

test('files of a shared process that ended too soon are named, and so is a process that told of no test', t => {
  const folder = testFiles(t, {
    'test/a/one.test.ts': passing('one'),
    'test/a/two.test.ts': "test('gone', () => process.exit(0))",
    [apart]: "test('gone', () => process.exit(0))",
  })
  const { stderr, status } = runTests(folder)
  for (const file of ['test/a/one.test.ts', 'test/a/two.test.ts', apart]) assert.match(stderr, new RegExp(`${file} `))
  assert.equal(status, 1)
})

test('named files and options of Node are what is run', t => {
  const folder = testFiles(t, {
    'test/a/one.test.ts': `${passing('A1 one')}\n${passing('A2 two')}`,
    'test/b/two.test.ts': passing('A2 three'),
  })
  assert.deepEqual(runTests(folder, 'test/a/one.test.ts').counts, { tests: 2, pass: 2, fail: 0, skipped: 0 })
  assert.deepEqual(runTests(folder, '--test-name-pattern=^A2 ').counts, { tests: 2, pass: 2, fail: 0, skipped: 0 })
  assert.deepEqual(runTests(folder, 'test/a/*.test.ts', '--test-name-pattern', '^A2 ').counts, {
    tests: 1,
    pass: 1,
    fail: 0,
    skipped: 0,
  })
})

test('Ctrl-C ends the run and all that it began', { timeout: 120_000 }, async t => {
  const hanging =
    "import { writeFileSync } from 'node:fs'\ntest('hangs', async () => { writeFileSync('pid-' + process.pid, ''); setInterval(() => {}, 1000); await new Promise(() => {}) })"
  const folder = testFiles(t, { 'test/a/one.test.ts': hanging, [apart]: hanging })
  const run = spawn(process.execPath, [script], { cwd: folder, env: environment(), stdio: 'ignore' })
  const ended = once(run, 'exit')
  const pids = () =>
    readdirSync(folder)
      .filter(name => name.startsWith('pid-'))
      .map(name => Number(name.slice(4)))
  while (pids().length < 2) await new Promise(done => setTimeout(done, 20))
  const begun = pids()
  t.after(() => {
    if (run.exitCode !== null) return
    run.kill('SIGKILL')
    for (const pid of begun) process.kill(pid, 'SIGKILL')
  })
  run.kill('SIGINT')
  assert.deepEqual(await ended, [1, null])
  for (const pid of begun) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

test('every file is in exactly one process, and the long ones are begun first', () => {
  const files = [
    ...Array.from({ length: 23 }, (_, n) => `test/a/${n}.test.ts`),
    'test/b/alone.test.ts',
    'test/b/long.test.ts',
    'test/b/x.test.ts',
  ]
  const apartOnes = new Set(['test/b/alone.test.ts', 'test/b/long.test.ts'])
  const plan = planProcesses(files, apartOnes, ['test/b/long.test.ts'])
  assert.deepEqual(plan.flatMap(one => one.files).sort(), files.toSorted())
  assert.deepEqual(
    plan.map(one => [one.files.length, one.apart]),
    [
      [1, true],
      [8, false],
      [7, false],
      [8, false],
      [1, false],
      [1, true],
    ],
  )
  assert.deepEqual(plan[0]?.files, ['test/b/long.test.ts'])
})

/** What belongs to the process: its environment, folder, umask, listeners, memory and CPU, the file it was started with; and what a shared process cannot wait for. */
const ofTheProcess =
  /^\s*(?:delete )?process\.env\b[^=\n]*(?:(?<![=!<>])=(?!=)|\]$)|(?<![.#])process\.(?:chdir|umask|on|once|memoryUsage|cpuUsage)\(|thread-test\.ts'|^(?:const|let) .*= await |^await /m

test('files that are to be apart are there, and whoever changes or measures the process is one of them', () => {
  for (const file of [...filesApart, ...longFiles]) assert.ok(existsSync(join(root, file)), `${file} is gone`)
  const names = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts'))
  const wrong = names
    .map(name => `test/${name}`)
    .filter(file => !filesApart.has(file))
    .filter(file => {
      const source = readFileSync(join(root, file), 'utf8')
      // The text of a script for another process is blanked out.
      return ofTheProcess.test(source) && ofTheProcess.test(blankOut(source))
    })
  assert.deepEqual(wrong, [], 'to be named in scripts/tests/files-apart.ts')
})
