import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import v8 from 'node:v8'
import vm from 'node:vm'
import { open, pipeline } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import type { ItemSource } from '../../src/outputs/item-source.ts'
import type { ItemTarget } from '../../src/outputs/item-target.ts'

/** A database that is read from and written to. */
export interface QueryWorld {
  readonly folder: string
  query(
    sql: string,
    params?: readonly unknown[],
    options?: { readonly fingerprint?: string },
  ): ItemSource<Record<string, unknown>>
  table(name: string): ItemTarget<object>
  rows(sql: string): Promise<readonly Record<string, unknown>[]>
  /** A query of the numbers from 1 to n, with a text of so many characters beside each. */
  numbers(n: number, textLength: number): string
}

v8.setFlagsFromString('--expose-gc')
const collect: unknown = vm.runInNewContext('gc')

/** What is in use after everything that is not was collected. */
function liveBytes(): number {
  if (typeof collect === 'function') collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function itemsOf(source: ItemSource, folder: string): Promise<readonly unknown[]> {
  const opened = await source.open({ files: nodeFiles, baseDirectory: folder, signal: new AbortController().signal })
  const items: unknown[] = []
  for await (const batch of opened.batches()) items.push(...batch)
  return items
}

/** What the rows of every query are as items, whatever the database. `large` false: without the one test that takes seconds. */
export function sqlQuerySuite(
  makeWorld: (t: TestContext) => Promise<QueryWorld>,
  { skip = false, large = true }: { readonly skip?: string | false; readonly large?: boolean } = {},
): void {
  const claim = (name: string, prove: (world: QueryWorld) => Promise<void>) =>
    test(name, { skip }, async t => prove(await makeWorld(t)))

  claim('B1 rows come in the order of the query, however many', async world => {
    const items = await itemsOf(world.query(`${world.numbers(5_000, 3)} ;\n`), world.folder)
    assert.deepEqual(
      items.map(item => (item as { n: number }).n),
      Array.from({ length: 5_000 }, (_, i) => i + 1),
    )
    assert.deepEqual(Object.keys(items[0] as object), ['n', 'text'])
    assert.deepEqual(await itemsOf(world.query(`SELECT * FROM (${world.numbers(5, 1)}) AS all_of WHERE n < 0`), world.folder), [])
  })

  claim('a batch holds about a megabyte, whatever the rows hold', async world => {
    const opened = await world
      .query(world.numbers(300, 50_000))
      .open({ files: nodeFiles, baseDirectory: world.folder, signal: new AbortController().signal })
    const lengths: number[] = []
    for await (const batch of opened.batches()) lengths.push(batch.length)
    assert.equal(
      lengths.reduce((sum, length) => sum + length),
      300,
    )
    assert.ok(Math.max(...lengths.slice(1)) <= 21, lengths.join())
  })

  claim('items need a key, unless a fingerprint says that the result is the same', async world => {
    const calls: number[] = []
    let fails = true
    let fingerprint = 'monday'
    const work = pipeline('read', async run => {
      const source = world.query(world.numbers(30, 1), [], { fingerprint })
      const { done } = await run.each('items', source, item => {
        const n = Number(item['n'])
        calls.push(n)
        if (n === 20 && fails) throw new Error('not yet')
        return { n }
      })
      return done
    })
    const keyless = pipeline('keyless', async run => {
      // @ts-expect-error: nothing says how the items are known
      await run.each('items', world.query(world.numbers(3, 1)) as unknown as readonly unknown[], () => 1)
    })
    const store = await open(`${world.folder}/.waymark`)
    try {
      await assert.rejects(keyless.run({}, { store }), { code: 'invalid', message: /have no names/ })
      await assert.rejects(work.run({}, { store }), { code: 'failed' })
      fails = false
      calls.length = 0
      fingerprint = 'tuesday'
      await assert.rejects(work.run({}, { store }), { code: 'input_changed' })
      assert.deepEqual(calls, [])
      fingerprint = 'monday'
      const { value } = await work.run({}, { store })
      assert.equal(value, 30)
      assert.deepEqual(
        calls,
        Array.from({ length: 11 }, (_, i) => i + 20),
      )
    } finally {
      await store.close()
    }
  })

  claim('X3 a database is read and written at once, and a failed pass goes on by key', async world => {
    await world.rows('CREATE TABLE doubled (n INTEGER, twice INTEGER)')
    await world.rows(`CREATE TABLE numbers AS ${world.numbers(3_000, 200)}`)
    let fails = true
    const work = pipeline('double', async run => {
      const { done } = await run.each(
        'double',
        world.query('SELECT n, text FROM numbers'),
        async item => {
          const n = Number(item['n'])
          if (n === 1_500 && fails) throw new Error('not yet')
          return { n, twice: 2 * n }
        },
        { key: item => Number(item['n']), concurrency: 16, output: world.table('doubled'), save: { items: 100 } },
      )
      return done
    })
    const store = await open(`${world.folder}/.waymark`)
    try {
      await assert.rejects(work.run({}, { store }), { code: 'failed' })
      fails = false
      const { value } = await work.run({}, { store })
      assert.equal(value, 3_000)
    } finally {
      await store.close()
    }
    const [sums] = await world.rows('SELECT count(*) AS rows, count(DISTINCT n) AS items, sum(twice) AS total FROM doubled')
    assert.deepEqual(Object.values(sums ?? {}).map(Number), [3_000, 3_000, 3_000 * 3_001])
  })

  claim('whoever stops early leaves nothing open', async world => {
    await world.rows('CREATE TABLE read_from (n INTEGER)')
    await world.rows('INSERT INTO read_from (n) SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2) AS two')
    const controller = new AbortController()
    const opened = await world
      .query('SELECT n FROM read_from ORDER BY n')
      .open({ files: nodeFiles, baseDirectory: world.folder, signal: controller.signal })
    for await (const batch of opened.batches()) {
      assert.deepEqual(batch, [{ n: 1 }, { n: 2 }])
      break
    }
    // Whatever is still open would be in the way of this.
    await world.rows('DROP TABLE read_from')
  })

  claim('a query that is wrong says so', async world => {
    await assert.rejects(itemsOf(world.query('SELECT id FROM nowhere'), world.folder), {
      code: 'invalid',
      message: /nowhere/,
    })
  })

  if (!large) return
  claim('X3 100,000 rows pass through in bounded memory', async world => {
    await world.rows('CREATE TABLE copied (n INTEGER, text TEXT)')
    const total = 100_000
    const work = pipeline('copy', async run => {
      const { done } = await run.each(
        'copy',
        world.query(world.numbers(total, 1_200), [], { fingerprint: 'fixed' }),
        item => item,
        {
          output: world.table('copied'),
        },
      )
      return done
    })
    let most = 0
    const before = liveBytes()
    const watch = setInterval(() => {
      most = Math.max(most, liveBytes() - before)
    }, 300)
    const store = await open(`${world.folder}/.waymark`)
    try {
      const { value } = await work.run({}, { store })
      assert.equal(value, total)
    } finally {
      clearInterval(watch)
      await store.close()
    }
    // All rows together are 120 MB, the strings alone; at most 16 MiB may wait for a flush.
    assert.ok(most < 80e6, `${Math.round(most / 1e6)} MB`)
    const [counts] = await world.rows('SELECT count(*) AS rows, count(DISTINCT n) AS items FROM copied')
    assert.deepEqual(Object.values(counts ?? {}).map(Number), [total, total])
  })
}
