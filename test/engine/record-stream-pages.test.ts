import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { coreOf } from '../../src/engine/store.ts'
import { open, pipeline, type Store } from '../../src/index.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'

/** A store, the runs whose history was read from its log, and what waits for ten seconds in it. */
async function watchedStore(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  const waiting = new Set<() => void>()
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, callback, options) => {
      if (delayMs !== 10_000) return systemClock.after(delayMs, callback, options)
      waiting.add(callback)
      return () => waiting.delete(callback)
    },
  }
  const store = await open({ path: join(folder, '.waymark'), durability: 'process', components: { clock } })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { log } = coreOf(store)
  const history = log.history.bind(log)
  const read: string[] = []
  log.history = (stream, hint) => {
    read.push(stream)
    return history(stream, hint)
  }
  return { store, read, waiting }
}

const recorded = (store: Store, runId: string, from: number, count: number) =>
  pipeline('work', async run => {
    await run.stage(`from-${from}`, async ctx => {
      for (let n = from; n < from + count; n++) await ctx.record('s', { n })
    })
    if (from === 0) throw new Error('once more')
  })
    .run({}, { store, runId })
    .catch(() => {})

async function pagesOf(store: Store, run: string | undefined, limit: number, between: () => Promise<void> = async () => {}) {
  const numbers: unknown[] = []
  for (let after: string | undefined; ; ) {
    const page = await store.records({ limit, ...(run === undefined ? {} : { run }), ...(after === undefined ? {} : { after }) })
    numbers.push(...page.entries.map(({ entry }) => entry['n']))
    if (page.next === undefined) return numbers
    after = page.next
    await between()
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

test('A13 while somebody goes from page to page a run is read once, of all runs each once, and nothing is held behind the last page', async t => {
  const { store, read, waiting } = await watchedStore(t)
  await recorded(store, 'a', 0, 20)
  await recorded(store, 'b', 0, 20)
  read.length = 0
  assert.deepEqual(await pagesOf(store, 'a', 3), upTo(20))
  assert.deepEqual(read, ['a'])
  assert.equal(waiting.size, 0)
  read.length = 0
  assert.deepEqual(await pagesOf(store, undefined, 4), [...upTo(20), ...upTo(20)])
  assert.deepEqual(read, ['a', 'b'])
})

test('A13 what is recorded between two pages is on the next ones, and counts as it does for who begins anew', async t => {
  const { store, read } = await watchedStore(t)
  await recorded(store, 'a', 0, 10)
  read.length = 0
  let isFirst = true
  const found = await pagesOf(store, 'a', 4, async () => {
    if (isFirst) await recorded(store, 'a', 10, 10)
    isFirst = false
    read.length = 0
  })
  assert.deepEqual(found, upTo(20))
  const first = await store.records({ run: 'a', limit: 4 })
  await store.reset('a')
  assert.ok(first.next !== undefined)
  // Nothing of it counts any more.
  assert.deepEqual(await store.records({ run: 'a', after: first.next }), { entries: [] })
})

test('A13 a list that nobody goes on with is not held: ten seconds after its page it is let go, and read again for the next', async t => {
  const { store, read, waiting } = await watchedStore(t)
  await recorded(store, 'a', 0, 10)
  const first = await store.records({ run: 'a', limit: 4 })
  assert.equal(waiting.size, 1)
  for (const callback of waiting) callback()
  assert.equal(waiting.size, 0)
  read.length = 0
  const { entries } = await store.records({ run: 'a', limit: 4, ...(first.next === undefined ? {} : { after: first.next }) })
  assert.deepEqual(
    entries.map(({ entry }) => entry['n']),
    [4, 5, 6, 7],
  )
  assert.deepEqual(read, ['a'])
})
