import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { jsonl, open, pipeline, type Store, table } from 'waymark'
import { Flags } from '../../src/cli/command-line.ts'
import { diffLines } from '../../src/cli/render/diff-lines.ts'
import { paintLines } from '../../src/cli/render/paint.ts'
import { textWidth } from '../../src/cli/render/text-width.ts'
import { screenOf } from '../../src/cli/screen-of.ts'
import { WaymarkProject } from './waymark-project.ts'

const orders = `
import { pipeline } from 'waymark'
export default pipeline('orders', async (run, params: { readonly [name: string]: any }) => {
  const n = Number(params.n)
  const rows = run.stage('extract', () => Array.from({ length: 40 + n }, (_, id) => ({ id, total: id % 10 === 0 ? id + n : id })))
  const { done } = await run.each('enrich', rows, ({ id }) => id)
  await run.stage('same', () => ({ a: 1 }))
  await run.stage('state', () => ({ cursor: '2026-11-2' + n, totals: { EUR: 1204331.25 + n * 27539.5, USD: 5 }, password: 'hunter' + n }))
  return { done }
})
`

/** A project with two finished runs of one pipeline, the code of which changed in between. */
async function withRuns(t: TestContext): Promise<WaymarkProject> {
  const project = await WaymarkProject.create(t, { 'orders.ts': orders })
  assert.equal((await project.waymark('run', 'orders.ts', '--run-id', 'first', '--n', '1')).code, 0)
  await project.write('orders.ts', `${orders}\nconsole.log('changed')\n`)
  assert.equal((await project.waymark('run', 'orders.ts', '--run-id', 'second', '--n', '2')).code, 0)
  return project
}

/** The same two runs without a file of theirs. */
const twoRuns = (t: TestContext): Promise<WaymarkProject> =>
  withCheckpoints(t, async store => {
    const work = pipeline('orders', async (run, params: { readonly [name: string]: unknown }) => {
      const n = Number(params['n'])
      await run.each('enrich', [1, 2], item => item, { key: String })
      await run.stage('same', () => ({ a: 1 }))
      await run.stage('state', () => ({ cursor: n, totals: { EUR: 1204331.25 + n * 27539.5 }, at: { one: n, two: n } }))
      return { done: 40 + n }
    })
    await work.run({ n: '1' }, { store, runId: 'first' })
    await work.run({ n: '2' }, { store, runId: 'second' })
  })

async function withCheckpoints(t: TestContext, fill: (store: Store) => Promise<unknown>): Promise<WaymarkProject> {
  const project = await WaymarkProject.create(t)
  const store = await open({ path: join(project.path, '.waymark') })
  await fill(store)
  await store.close()
  return project
}

test('X6 A17 waymark diff of two runs says what changed, stage by stage, masked and plain in a pipe', async t => {
  const project = await withRuns(t)
  const { code, stdout, stderr } = await project.waymark('diff', 'second', '--last-good')
  assert.deepEqual([code, stderr], [0, ''])
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines[0], 'orders first (last good) → orders second')
  assert.match(stdout, /^ {2}code {5}[0-9a-f]{6} → [0-9a-f]{6}\n +orders\.ts:\d+$/m)
  assert.match(stdout, /^ {2}params {3}1 changed\n {4}~ n {2}"1" → "2"$/m)
  assert.match(
    stdout,
    /^ {2}extract\n {4}41 → 42 rows, compared by id\n {4}~ 5 changed rows: total 5\n {8}id 0\n {10}~ total {2}1 → 2 {2}\(\+1\)$/m,
  )
  assert.match(stdout, /^ {4}items {4}done 41 → 42 \(\+2 %\) {2}total 41 → 42 \(\+2 %\)$/m)
  assert.match(stdout, /^ {4}~ totals\.EUR {2}1,231,870\.75 → 1,259,410\.25 {2}\(\+27,539\.5\)$/m)
  assert.match(stdout, /^ {4}~ password +••• → •••/m)
  assert.match(stdout, /^ {4}3 changed · 1 equal value hidden$/m)
  assert.match(stdout, /^ {2}1 equal stage hidden$/m)
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('hunter'))
  assert.match((await project.waymark('diff', 'second', '--show-secrets')).stdout, /"hunter1" → "hunter2"/)
})

test('E9 X6 --exit-code exits 10 on differences and 0 without, and what is ignored is none', async t => {
  const project = await twoRuns(t)
  const exit = async (...words: string[]) => (await project.waymark('diff', 'first/state', 'second/state', ...words)).code
  assert.equal(await exit(), 0)
  assert.equal(await exit('--exit-code', '--json'), 10)
  assert.equal(
    await exit('--exit-code', '--ignore', 'cursor', '--ignore', 'totals.*', '--ignore', '**.one', '--ignore', 'at.t*'),
    0,
  )
})

test('E9 A17 where an output holds what the later run wrote, no tick stands over what was not compared, and --exit-code exits 10', async t => {
  const project = await WaymarkProject.create(t)
  const store = await open({ path: join(project.path, '.waymark') })
  const work = pipeline('written', async run => {
    await run.each('square', [1, 2], n => ({ n }), { output: jsonl(join(project.path, 'out.jsonl')), input: 1 })
  })
  for (const runId of ['first', 'second']) await work.run({}, { store, runId, fresh: true })
  await store.close()
  const { code, stdout } = await project.waymark('diff', 'first', 'second', '--exit-code')
  assert.equal(code, 10)
  assert.match(stdout, /results are not compared: .*out\.jsonl holds what the later of the two wrote\n {2}nothing else differs\n/)
  assert.ok(!stdout.includes('no difference'), stdout)
  const stage = await project.waymark('diff', 'first/square', 'second/square', '--exit-code')
  assert.deepEqual([stage.code, /nothing else differs/.test(stage.stdout)], [10, true], stage.stdout)
})

test('E9 --ignore of a path that fits nothing is told, and tables of other bytes are not said to be the same byte for byte', async t => {
  const project = await withCheckpoints(t, async store => {
    await store.save({ id: 'a', value: { top: 1, at: 1 } })
    await store.save({ id: 'b', value: { top: 1, at: 2 } })
    await store.save({ id: 'up', value: table([{ n: 1 }, { n: 2 }]) })
    await store.save({ id: 'down', value: table([{ n: 2 }, { n: 1 }]) })
  })
  const mistyped = await project.waymark('diff', 'a', 'b', '--ignore', 'tpo', '--ignore', 'at')
  assert.match(mistyped.stdout, /^ {2}--ignore tpo fits nothing in what was compared$/m)
  assert.ok(!mistyped.stdout.includes('--ignore at'))
  const tables = (await project.waymark('diff', 'up', 'down')).stdout
  assert.match(tables, /the same table, by the hash of its content\n {2}✓ no difference/)
})

test('E9 X13 --json is one document with every difference and its types', async t => {
  const project = await withCheckpoints(t, async store => {
    await store.save({ id: 'a', value: { at: new Date(0), n: 0, list: ['x'.repeat(5000)], gone: undefined } })
    await store.save({ id: 'b', value: { at: new Date(5), n: -0, list: ['y'.repeat(5000)], more: [1n, Number.NaN] } })
  })
  const { schemaVersion, command, ok, data } = await project.json('diff', 'a', 'b')
  assert.deepEqual([schemaVersion, command, ok], [1, 'diff', true])
  const { kind, same, content } = data as { kind: string; same: boolean; content: { counts: object; differences: object[] } }
  assert.deepEqual([kind, same, content.counts], ['checkpoints', false, { added: 1, removed: 1, changed: 3, moved: 0 }])
  const left = '5002 characters of JSON are left out'
  assert.deepEqual(content.differences, [
    {
      kind: 'changed',
      path: 'at',
      before: '1970-01-01T00:00:00.000Z',
      beforeType: 'Date',
      after: '1970-01-01T00:00:00.005Z',
      afterType: 'Date',
    },
    { kind: 'changed', path: 'n', before: 0, beforeType: 'number', after: '-0', afterType: 'number' },
    {
      kind: 'changed',
      path: 'list[0]',
      before: null,
      beforeType: 'string',
      beforeLeft: left,
      after: null,
      afterType: 'string',
      afterLeft: left,
    },
    {
      kind: 'added',
      path: 'more',
      after: ['1', null],
      afterType: 'array',
      afterLossy: [
        { path: 'after[0]', what: 'a BigInt became text' },
        { path: 'after[1]', what: 'NaN became null' },
      ],
    },
    { kind: 'removed', path: 'gone', before: null, beforeType: 'undefined' },
  ])
})

test('E9 X13 rows of a sample in JSON say what became of what JSON has not: 0 and -0, a Date and its text are told apart', async t => {
  const rows = (...last: readonly object[]) => [...Array.from({ length: 20 }, (_, n) => ({ n })), ...last]
  const project = await withCheckpoints(t, async store => {
    await store.save({ id: 'a', value: rows({ n: -0, at: '1970-01-01T00:00:00.000Z' }) })
    await store.save({ id: 'b', value: rows({ n: 0, at: new Date(0) }, { n: Number.NaN, at: new Uint8Array([1]) }) })
  })
  const { data } = await project.json('diff', 'a', 'b')
  const { samples } = Object(data).content
  assert.deepEqual(samples.lossy, [
    { path: 'added[0].at', what: 'a Date became text' },
    { path: 'added[1].n', what: 'NaN became null' },
    { path: 'added[1].at', what: 'a Uint8Array became base64' },
    { path: 'removed[0].n', what: '-0 became 0' },
  ])
})

test('X6 --key follows one value through a stage, and over all runs with --runs', async t => {
  const project = await twoRuns(t)
  const { stdout } = await project.waymark('diff', 'second/state', '--key', 'totals.EUR', '--runs')
  assert.match(stdout, /^totals\.EUR in orders\/second\/state\n/)
  assert.match(
    stdout,
    /Z {2}first {3}1,231,870\.75\n.*Z {2}second {2}1,259,410\.25 {2}\(\+27,539\.5\)\n {2}2 entries of 2 checkpoints\n$/,
  )
  const { data } = await project.json('diff', '@last', '--key', 'done')
  const { entries } = data as { entries: { value: number }[] }
  assert.deepEqual(
    entries.map(({ value }) => value),
    [41, 42],
  )
})

test('E9 X6 what cannot be compared says why, and exits as the error says', async t => {
  const project = await twoRuns(t)
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['frist', 'second'], 7, /did you mean first/],
    [['first', 'second/state'], 2, /is a run, and second\/state is a stage/],
    [['first', 'second', '--ignore', 'a['], 2, /cannot be understood from character 2/],
  ]
  for (const [words, exit, message] of cases) {
    const { code, stderr } = await project.waymark('diff', ...words)
    assert.deepEqual([code, message.test(stderr)], [exit, true], `${words.join(' ')}\n${stderr}`)
  }
  await project.waymark('reset', 'first', '--yes')
  const { code, stderr } = await project.waymark('diff', 'second', '--last-good')
  assert.equal(code, 7)
  assert.match(stderr, /no other run of orders is finished[\s\S]*waymark ls --pipeline orders/)
})

test('E9 a damaged checkpoint is named, with what to load instead, and exits 5', async t => {
  const large = (n: number) => Array.from({ length: 20_000 }, (_, id) => `${n} ${id} ${(id * 7919) % 10_007}`)
  const packs = (project: string): string[] => readdirSync(join(project, '.waymark/packs'), { recursive: true, encoding: 'utf8' })
  const project = await withCheckpoints(t, store => store.save({ id: 'old', run: 'r', stage: 's', value: large(1) }))
  const sound = packs(project.path)
  const store = await open({ path: join(project.path, '.waymark') })
  await store.save({ id: 'bad', run: 'r', stage: 's', value: large(2) })
  await store.close()
  for (const name of packs(project.path).filter(one => !sound.includes(one))) {
    const path = join(project.path, '.waymark/packs', name)
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }
  const { code, stderr } = await project.waymark('diff', 'old', 'bad')
  assert.equal(code, 5, stderr)
  assert.match(stderr, /checkpoint bad cannot be read[\s\S]*Load old instead/)
})

test('E9 every line fits 80 columns on a terminal, says the same without colours, and ASCII where there is no UTF-8', async t => {
  const longPath = { 'a rather long name': { 'and another one': { 'and one more': 1 } } }
  const project = await withCheckpoints(t, async store => {
    const value = (n: number) => ({
      text: `first line\nsecond line is ${n} and goes on for quite a while, so that it is longer than a screen\nlast`,
      list: Array.from({ length: 40 }, (_, id) => ({ id, n: id * n })),
      bytes: new Uint8Array(100).fill(n),
      password: `p${n}`,
      deep: n === 1 ? longPath : { 'a rather long name': { 'and another one': { 'and one more': 'x'.repeat(90) } } },
      ...(n === 1 ? {} : { added: { many: Array.from({ length: 30 }, () => 'abc'), key: 'value' } }),
    })
    await store.save({ id: 'a', value: value(1) })
    await store.save({ id: 'b', value: value(2) })
  })
  const store = await open({ path: join(project.path, '.waymark') })
  const report = await store.diff('a', 'b')
  await store.close()
  const flags = new Flags(new Map([['color', ['']]]))
  const terminal = { isTTY: true, columns: 80, rows: 24 }
  const painted = (environment: Record<string, string>, given = new Flags(new Map())) =>
    paintLines(diffLines(report, { limit: 60, all: true }, screenOf(terminal, given, environment)), {
      ...screenOf(terminal, given, environment),
      columns: 10_000,
    })
  const plain = painted({ LANG: 'C.UTF-8', NO_COLOR: '1' })
  for (const line of plain.split('\n')) assert.ok(textWidth(line) <= 80, `${textWidth(line)}: ${line}`)
  assert.match(plain, /^ {2}~ text .*\(line 2\)$/m)
  assert.match(plain, /… and 30 changed more in list\[\*\]/)
  assert.equal(stripVTControlCharacters(painted({ LANG: 'C.UTF-8' }, flags)), plain)
  assert.match(painted({ LANG: 'C', NO_COLOR: '1' }), /^[\x20-\x7e\n]*$/)
})
