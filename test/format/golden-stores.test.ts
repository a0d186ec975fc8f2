import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open, type Store, table } from 'waymark'
import { readStore, skipWithoutPython } from '../docs/python.ts'
import { type GoldenCheckpoint, goldenCheckpoints, goldenKeyed, goldenPipeline } from './golden-store.ts'

// Stores as each version of the format wrote them (scripts/make-golden-store.ts), to be read for ever. Neither they nor what is said of them is changed.
const goldenFolder = join(import.meta.dirname, 'golden')
const formats = readdirSync(goldenFolder).flatMap(name => /^store-(\d+\.\d+)$/.exec(name)?.[1] ?? [])

const expected = (format: string): readonly GoldenCheckpoint[] =>
  JSON.parse(readFileSync(join(goldenFolder, `store-${format}.json`), 'utf8'))

/** A copy that goes when the test is over. */
function copyOf(t: TestContext, format: string): string {
  const path = mkdtempSync(join(tmpdir(), `waymark-golden-${format}-`))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  cpSync(join(goldenFolder, `store-${format}`), path, { recursive: true })
  return path
}

async function opened(t: TestContext, path: string): Promise<Store> {
  const store = await open({ path, create: false })
  t.after(() => store.close())
  return store
}

const descriptorOf = (path: string) => JSON.parse(readFileSync(join(path, 'waymark.json'), 'utf8'))

/** Puts a descriptor there that says something else, with the checksum it should have. */
function rewrite(path: string, changes: object): void {
  const { checksum: _checksum, ...body } = { ...descriptorOf(path), ...changes }
  const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  writeFileSync(join(path, 'waymark.json'), JSON.stringify({ ...body, checksum }, null, 2))
}

/** The bytes of every file in a folder, by name; empty for folders in it. */
function contentOf(path: string): Readonly<Record<string, string>> {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  const files = entries.map(entry => {
    const file = join(entry.parentPath, entry.name)
    return [relative(path, file), entry.isFile() ? readFileSync(file, 'hex') : ''] as const
  })
  return Object.fromEntries(files.filter(([name]) => !/^(catalog|chunks|events)\.sqlite/.test(name)))
}

test('there is a golden store of every format so far', () => {
  assert.deepEqual(formats, ['1.0', '1.1', '1.2', '1.3', '1.5'])
})

for (const format of formats) {
  test(`a store of format ${format} opens, and every checkpoint in it loads as it was saved and is proven (E1) [pitfall 10]`, async t => {
    const store = await opened(t, copyOf(t, format))
    assert.deepEqual(await goldenCheckpoints(store), expected(format))
    assert.deepEqual(store.notices(), [])
    const { ok, problems, noted } = await store.verify({ full: true })
    assert.deepEqual([ok, problems, noted], [true, [], []])
  })

  test(`what was deleted in a store of format ${format} stays deleted, and its id used`, async t => {
    const store = await opened(t, copyOf(t, format))
    await assert.rejects(store.load('deleted'), { code: 'not_found' })
    await assert.rejects(store.save({ value: 1, id: 'deleted' }), { code: 'conflict' })
    await assert.rejects(store.save({ value: 1, id: 'inline' }), { code: 'conflict' })
  })

  test(`a run in a store of format ${format} is found completed and called no more`, async t => {
    const store = await opened(t, copyOf(t, format))
    const called: string[] = []
    const { state, value } = await goldenPipeline(format, name => called.push(name)).run({}, { store, runId: 'golden-run' })
    assert.deepEqual([state, value, called], ['completed', { sum: 3 }, []])
  })

  test(`a save into a store of format ${format} makes it one of this format, and what was there still loads`, async t => {
    const path = copyOf(t, format)
    const before = descriptorOf(path)
    const store = await opened(t, path)
    const value = { text: 'saved later '.repeat(1_000) }
    const saved = await store.save({ value, run: 'by-hand', stage: 'load' })
    const { checksum: _before, ...same } = before
    const { checksum: _after, ...after } = descriptorOf(path)
    const requires = ['chunks', 'unsynced', 'items', 'forks', 'tables', 'events']
    assert.deepEqual(after, { ...same, format: { major: 1, minor: 5 }, requires })
    const again = await opened(t, path)
    assert.deepEqual((await again.load(saved.id)).value, value)
    const others = (await goldenCheckpoints(again)).filter(({ id }) => id !== saved.id)
    assert.deepEqual(others, expected(format))
  })

  test(`a store of format ${format} is only read until something is saved`, async t => {
    const path = copyOf(t, format)
    const before = contentOf(path)
    const store = await open({ path, create: false })
    await goldenCheckpoints(store)
    await store.close()
    assert.deepEqual(contentOf(path), before)
  })

  test(`a reader in another language finds the same in a store of format ${format}`, { skip: skipWithoutPython }, () => {
    const { lines, status, stderr } = readStore(join(goldenFolder, `store-${format}`))
    assert.equal(status, 0, stderr)
    const facts = ({ id, digest, sha256, value }: { id?: unknown; digest?: unknown; sha256?: unknown; value?: unknown }) => ({
      id,
      digest,
      sha256,
      value,
    })
    const known = expected(format)
    const read = lines.filter(line => line['kind'] === 'checkpoint').map(facts)
    // Of the columns of tables, and of what is long, the bytes are compared alone.
    const isCompared = (at: number) => known[at]?.value !== undefined && known[at].labels['run'] !== 'tables'
    const compared = (line: ReturnType<typeof facts>, at: number) => (isCompared(at) ? line : { ...line, value: undefined })
    assert.deepEqual(read.map(compared), known.map(facts).map(compared))
  })

  for (const [what, changes] of [
    ['a feature it does not know', { requires: ['chunks', 'telepathy'] }],
    ['a higher major format', { format: { major: 2, minor: 0 } }],
  ] as const) {
    test(`a store of format ${format} with ${what} is refused, and nothing is written`, async t => {
      const path = copyOf(t, format)
      rewrite(path, changes)
      const before = contentOf(path)
      await assert.rejects(open({ path }), { code: 'unsupported' })
      assert.deepEqual(contentOf(path), before)
    })
  }

  test(`a store of format ${format} with a higher minor, and features that may be ignored, is opened`, async t => {
    const path = copyOf(t, format)
    rewrite(path, { format: { major: 1, minor: 9 }, compatible: ['telepathy'] })
    assert.deepEqual(await goldenCheckpoints(await opened(t, path)), expected(format))
  })
}

for (const format of formats.filter(one => one >= '1.2')) {
  test(`an item that was set aside in a store of format ${format} is there with its payload, and is called again alone once it is requeued [pitfall 10]`, async t => {
    const store = await opened(t, copyOf(t, format))
    const called: string[] = []
    const keyed = goldenKeyed(name => called.push(name))
    const before = await keyed.run({}, { store, runId: 'golden-keyed' })
    assert.deepEqual([before.value, before.setAside, called], [{ done: 4, setAside: 1 }, 1, []])
    const { items } = await store.setAside('golden-keyed')
    assert.deepEqual(
      items.map(({ stage, key, calls, payload, error }) => [stage, key, calls, payload, error.message]),
      [['work', 'c', 1, { id: 'c', n: 2 }, 'cannot be worked on']],
    )
    await store.requeue('golden-keyed', { keys: ['c'] })
    await keyed.run({}, { store, runId: 'golden-keyed' })
    assert.deepEqual(called, ['c'])
    const { proof } = await store.report('golden-keyed')
    assert.deepEqual([proof.items, proof.lost, proof.twice], [5, 0, 0])
  })

  test(`a pass that was stopped in a store of format ${format} goes on with the items whose keys are not recorded [pitfall 10]`, async t => {
    const store = await opened(t, copyOf(t, format))
    const called: string[] = []
    const { value } = await goldenKeyed(name => called.push(name)).run({}, { store, runId: 'golden-stopped' })
    assert.deepEqual(called, ['a key that is longer than one block', 'report'])
    assert.deepEqual(value, { done: 4, setAside: 1 })
  })
}

for (const format of formats.filter(one => one >= '1.3')) {
  test(`a fork in a store of format ${format} stands on the run it was made from, and can be forked once more [pitfall 10]`, async t => {
    const store = await opened(t, copyOf(t, format))
    const { forkedFrom, state } = await store.run('golden-fork')
    assert.deepEqual(
      [forkedFrom?.run, forkedFrom?.stage, forkedFrom?.before, state],
      ['golden-keyed', 'report', true, 'completed'],
    )
    const called: string[] = []
    const keyed = goldenKeyed(name => called.push(name))
    assert.deepEqual((await keyed.run({}, { store, runId: 'golden-fork' })).value, { done: 4, setAside: 1 })
    assert.deepEqual(called, [])
    await store.fork('golden-fork', { runId: 'later', before: 'report' })
    await keyed.run({}, { store, runId: 'later' })
    assert.deepEqual(called, ['report'])
    await assert.rejects(store.delete((await store.list({ run: 'golden-keyed', stage: 'orders' }))[0]?.id ?? ''), {
      code: 'conflict',
    })
  })

  test(`tables in a store of format ${format} come back with their rows, their facts and their content hash [pitfall 10]`, async t => {
    const store = await opened(t, copyOf(t, format))
    const [prices] = await store.list({ run: 'tables', stage: 'prices' })
    const { value } = await store.load(prices?.id ?? '')
    assert.ok(Array.isArray(value))
    assert.equal(value.length, 300)
    const [stored] = prices?.tables ?? []
    const same = await store.save({ value: table(value), run: 'again' })
    assert.deepEqual(same.tables?.[0]?.facts, stored?.facts)
    assert.equal(same.tables?.[0]?.digest, stored?.digest)
    assert.ok(stored?.digest)
  })
}

for (const format of formats.filter(one => one >= '1.5')) {
  test(`events in a store of format ${format} are found as they were recorded [pitfall 10]`, async t => {
    const store = await opened(t, copyOf(t, format))
    const { events } = await store.events({
      run: 'golden-events',
      type: ['counted', 'performance_metric', 'data_quality_check', 'worked'],
    })
    const text = 'say "ü"\n'
    assert.deepEqual(
      events.map(({ type, status, stage, item, metadata }) => [type, status, stage, item, metadata]),
      [
        ...[1, 2, 3].map(n => ['counted', 'success', undefined, undefined, { n, text }]),
        ['performance_metric', 'info', 'measured', undefined, { name: 'rows_per_second', value: 51_200.5, unit: 'rows/s' }],
        ['data_quality_check', 'warning', 'measured/inner', undefined, { missingRate: 0.02, outliers: 3 }],
        ['worked', 'info', 'work', 'a/1', {}],
      ],
    )
    assert.equal((await store.events({ text: '"ü"' })).events.length, 3)
  })
}

// Every run in a store of an older format tells what it did, too.
test('what runs did in a store of format 1.2 is told by its records', async t => {
  const store = await opened(t, copyOf(t, '1.2'))
  const { byType } = await store.eventSummary('golden-run')
  assert.deepEqual(
    [byType['pipeline_start'], byType['pipeline_error'], byType['pipeline_resume'], byType['pipeline_complete']],
    [1, 1, 1, 1],
  )
})
