import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, type OpenOptions, open, pipeline, type RunEvent, type Store } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { applyRetention } from '../../src/engine/apply-retention.ts'
import type { Retention } from '../../src/engine/check-retention.ts'
import { coreOf } from '../../src/engine/store.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'

const ahead = (days: number): Clock => ({
  now: () => systemClock.now() + days * 86_400_000,
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
})

/** Opens one store some days later, with a retention. */
function storeOf(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return async <T>(days: number, options: OpenOptions, use: (store: Store) => Promise<T>): Promise<T> => {
    const store = await open({ path: join(folder, '.waymark'), components: { clock: ahead(days) }, ...options })
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  }
}

const orders = pipeline('orders', async (run, params) => {
  await run.stage('extract', () => `rows of ${String(params['day'])}`)
  if (params['fails'] === true) throw new Error('no network')
})
const other = pipeline('other', run => run.stage('x', () => 1))

const idsOf = async (store: Store): Promise<string[]> => (await store.list({ limit: 1_000 })).map(({ id }) => id).sort()
const noticesOf = (events: readonly RunEvent[]): string[] =>
  events.flatMap(event => (event.type === 'notice' && event.message.startsWith('retention') ? [event.message] : []))

test('A5 E7 whenever a run ends, what is old goes, and the count is told; what is pinned, newest or unfinished stays', async t => {
  const on = storeOf(t)
  const { pinned, unfinished, before } = await on(0, {}, async store => {
    for (let day = 0; day < 14; day++) await orders.run({ day: String(day) }, { store })
    const [oldest] = (await store.list({ limit: 100 })).toSorted((a, b) => a.order - b.order)
    await store.pin(oldest?.id ?? '', { name: 'audit' })
    await assert.rejects(orders.run({ day: 'x', fails: true }, { store }), { code: 'failed' })
    const unfinishedRun = (await store.runs({ states: ['failed'] }))[0]?.id ?? ''
    return { pinned: oldest?.id, unfinished: unfinishedRun, before: await idsOf(store) }
  })
  await on(6, { retention: {} }, async store => {
    const outcome = await other.run({}, { store })
    assert.equal(outcome.removed, 0, 'nothing is older than seven days')
  })
  await on(8, { retention: {} }, async store => {
    const events: RunEvent[] = []
    const outcome = await other.run({}, { store, onEvent: event => events.push(event) })
    // 14 runs and an unfinished one: the ten newest of the pipeline stay, of the other five one is pinned.
    assert.equal(outcome.removed, 4)
    assert.deepEqual(noticesOf(events), ['retention removed 4 checkpoints of runs that ended more than 7 days ago'])
    const left = await idsOf(store)
    assert.ok(left.includes(pinned ?? ''))
    assert.equal(before.filter(id => !left.includes(id)).length, 4)
    assert.ok((await store.list({ run: unfinished })).length > 0)
    assert.equal((await other.run({}, { store })).removed, 0, 'a second time there is nothing left')
  })
})

test('A5 without a retention nothing is removed, and one of the pipeline goes before that of the store', async t => {
  const on = storeOf(t)
  await on(0, {}, async store => {
    for (let day = 0; day < 3; day++) await orders.run({ day: String(day) }, { store })
  })
  const everything = { olderThanDays: 1, newestRuns: 0 }
  const sparing = pipeline('sparing', () => 1, { retention: false })
  const thorough = pipeline('thorough', () => 1, { retention: everything })
  await on(30, {}, async store => assert.equal((await other.run({}, { store })).removed, undefined))
  await on(30, { retention: everything }, async store => assert.equal((await sparing.run({}, { store })).removed, undefined))
  await on(30, {}, async store => assert.equal((await thorough.run({}, { store })).removed, 2))
})

test('A5 it is applied at the end of a run that failed and of a loop of one’s own, and not of one that was only stopped', async t => {
  const on = storeOf(t)
  const retention = { olderThanDays: 1, newestRuns: 0 }
  const fill = () =>
    on(0, {}, async store => {
      for (let day = 0; day < 3; day++) await orders.run({ day: String(day) }, { store, fresh: true })
      return (await idsOf(store)).length
    })
  const filled = await fill()
  await on(9, { retention }, async store => {
    const stop = new AbortController()
    const stopped = pipeline('stopped', async run => {
      stop.abort()
      await run.stage('never', () => 1)
    })
    await assert.rejects(stopped.run({}, { store, stopSignal: stop.signal }), { code: 'cancelled' })
    assert.equal((await idsOf(store)).length, filled)
    await store.track({ stage: 'rows' }, t => void t.done(0))
    assert.ok((await idsOf(store)).length < filled + 1)
  })
  const again = await fill()
  await on(9, { retention }, async store => {
    const failing = pipeline('failing', () => Promise.reject(new Error('no')))
    const events: RunEvent[] = []
    await assert.rejects(failing.run({}, { store, onEvent: event => events.push(event) }), { code: 'failed' })
    assert.equal(noticesOf(events).length, 1)
    assert.ok((await idsOf(store)).length < again)
  })
})

test('A5 a retention that cannot be applied is told, and the run is completed all the same', async t => {
  const on = storeOf(t)
  await on(0, {}, async store => {
    for (let day = 0; day < 3; day++) await orders.run({ day: String(day) }, { store })
  })
  const { catalog } = await import('../../src/engine/store.ts').then(module => ({ catalog: module.coreOf }))
  await on(9, { retention: { olderThanDays: 1, newestRuns: 0 } }, async store => {
    const core = catalog(store)
    const append = core.log.appendFree
    core.log.appendFree = () => Promise.reject(new Error('the disk is upside down'))
    t.after(() => (core.log.appendFree = append))
    const events: RunEvent[] = []
    const { state, removed } = await other.run({}, { store, onEvent: event => events.push(event) })
    assert.deepEqual([state, removed], ['completed', 0])
    assert.deepEqual(noticesOf(events), ['retention could not be applied (the run is not affected): the disk is upside down'])
    core.log.appendFree = append
  })
})

test('A5 D9 a retention that cannot be meant is refused with the name that is meant', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const says = (pattern: RegExp) => (error: unknown) =>
    isWaymarkError(error, 'invalid') && pattern.test(`${error.message} ${error.remedy}`)
  const wrong: readonly [unknown, RegExp][] = [
    [{ olderThanDay: 3 }, /Did you mean olderThanDays\?/],
    [{ olderThanDays: '7d' }, /olderThanDays must be a number of days from 0 on, not "7d"/],
    [{ olderThanDays: Number.NaN }, /not NaN/],
    [{ newestRuns: 1.5 }, /newestRuns must be a whole number from 0 on, not 1\.5/],
    [7, /the options are 7, not an object/],
  ]
  for (const [retention, pattern] of wrong) {
    await assert.rejects(open({ path: join(folder, '.waymark'), retention: retention as never }), says(pattern))
    assert.throws(() => pipeline('p', () => 1, { retention: retention as never }), says(pattern))
  }
})

test('A5 X9 where nothing is old, a retention looks at as much however many runs and checkpoints are kept', async t => {
  let read = 0
  const openCatalog: typeof openSqliteCatalog = async (path, options) => {
    const catalog = await openSqliteCatalog(path, options)
    const { runs, checkpoints } = catalog
    catalog.runs = async query => count(await runs.call(catalog, query))
    catalog.checkpoints = async query => count(await checkpoints.call(catalog, query))
    return catalog
  }
  const count = <Found extends readonly unknown[]>(found: Found): Found => {
    read += found.length
    return found
  }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, '.waymark'), components: { openCatalog }, durability: 'process' })
  t.after(() => store.close())
  const readBy = async (): Promise<number> => {
    read = 0
    assert.deepEqual(await applyRetention(coreOf(store), { olderThanDays: 1, newestRuns: 0 }), { removed: 0 })
    return read
  }
  for (let day = 0; day < 2; day++) await orders.run({ day: String(day) }, { store })
  const few = await readBy()
  for (let day = 2; day < 40; day++) await orders.run({ day: String(day) }, { store })
  assert.equal((await store.list({ limit: 100 })).length, 40)
  assert.deepEqual([few, await readBy()], [1, 1])
})

test('A5 X9 what is old and stays is not looked at again whenever a run ends: neither saves by hand, nor a pinned checkpoint, nor the newest of a stage', async t => {
  let read = 0
  let aheadMs = 0
  const clock: Clock = {
    now: () => systemClock.now() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
  }
  const openCatalog: typeof openSqliteCatalog = async (path, options) => {
    const catalog = await openSqliteCatalog(path, options)
    const { checkpoints } = catalog
    catalog.checkpoints = async query => {
      const found = await checkpoints.call(catalog, query)
      read += found.length
      return found
    }
    return catalog
  }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, '.waymark'), components: { openCatalog, clock }, durability: 'process' })
  t.after(() => store.close())
  const apply = async () => {
    read = 0
    const { removed } = await applyRetention(coreOf(store), { olderThanDays: 1, newestRuns: 1 })
    return { removed, read }
  }
  for (let n = 0; n < 30; n++) await store.save({ value: n, run: `by-hand-${n % 3}` })
  const renamed = pipeline('orders', async run => void (await run.stage('load', () => 1)))
  await renamed.run({}, { store, fresh: true })
  for (let n = 0; n < 3; n++) {
    // No two runs begin in the same millisecond.
    aheadMs += 1_000
    await orders.run({ day: String(n) }, { store })
  }
  const [oldest] = await store.list({ stage: 'extract', sort: { by: 'createdAt', direction: 'asc' }, limit: 1 })
  await store.pin(oldest?.id ?? '', { name: 'audit' })
  aheadMs = 5 * 86_400_000
  const first = await apply()
  assert.equal(first.removed, 1, 'of four runs the newest stays, one is pinned, and one has the newest of its stage')
  assert.ok(first.read > 30)
  // The oldest of all.
  assert.deepEqual(await apply(), { removed: 0, read: 1 })
  for (let n = 0; n < 3; n++) await store.save({ value: n, run: 'by-hand-again' })
  assert.deepEqual(await apply(), { removed: 0, read: 1 })
  await store.unpin(oldest?.id ?? '', { name: 'audit' })
  assert.equal((await apply()).removed, 1, 'what nothing holds any more goes with the next run that ends')
  aheadMs += 2 * 3_600_000
  assert.ok((await apply()).read > 30, 'after an hour everything is looked at again')
  assert.equal((await apply()).read, 1)
})

test('A5 X9 a run that began long ago and has just ended is not what a retention looks for', async t => {
  let aheadMs = 0
  const clock: Clock = { ...ahead(0), now: () => systemClock.now() + aheadMs }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, '.waymark'), components: { clock }, durability: 'process' })
  t.after(() => store.close())
  const long = pipeline('long', async run => {
    await run.stage('first', () => 1)
    aheadMs += 3 * 86_400_000
  })
  await long.run({}, { store })
  const core = coreOf(store)
  const query = core.feed.query
  let asked = 0
  core.feed.query = ask => {
    asked++
    return query.call(core.feed, ask) as never
  }
  assert.deepEqual(await applyRetention(core, { olderThanDays: 1, newestRuns: 0 }), { removed: 0 })
  assert.equal(asked, 2, 'for the oldest checkpoint, and for runs with old ones')
  aheadMs += 2 * 86_400_000
  await long.run({}, { store, fresh: true })
  assert.equal((await applyRetention(core, { olderThanDays: 1, newestRuns: 0 })).removed, 1)
})

/** A store in which what a retention reads of the catalog is counted, by rows, and whose clock can be set ahead. */
async function countedStore(t: TestContext) {
  const counted = { rows: 0, aheadMs: 0 }
  const clock: Clock = {
    now: () => systemClock.now() + counted.aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + counted.aheadMs,
    after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
  }
  const openCatalog: typeof openSqliteCatalog = async (path, options) => {
    const catalog = await openSqliteCatalog(path, options)
    const { run, runs, checkpoints } = catalog
    const count = <Found extends readonly unknown[]>(found: Found): Found => {
      counted.rows += found.length
      return found
    }
    catalog.run = async id => count([await run.call(catalog, id)] as const)[0]
    catalog.runs = async query => count(await runs.call(catalog, query))
    catalog.checkpoints = async query => count(await checkpoints.call(catalog, query))
    return catalog
  }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-retention-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = await open({ path: join(folder, '.waymark'), components: { openCatalog, clock }, durability: 'process' })
  t.after(() => store.close())
  const apply = async (retention: Retention) => {
    counted.rows = 0
    const { removed } = await applyRetention(coreOf(store), retention)
    return { removed, rows: counted.rows }
  }
  return { store, counted, apply }
}

const oneOf = (name: string, stage: string, store: Store) =>
  pipeline(name, async run => void (await run.stage(stage, () => 1))).run({}, { store, fresh: true })

test('A5 X9 however many old runs have to stay, none of them is read again when a run ends; one of which something was saved or unpinned is', async t => {
  const { store, counted, apply } = await countedStore(t)
  const everything = { olderThanDays: 1, newestRuns: 0 }
  for (let n = 0; n < 40; n++) await oneOf(`pipeline ${n}`, 's', store)
  counted.aheadMs = 5 * 86_400_000
  assert.ok((await apply(everything)).rows > 80)
  for (let n = 0; n < 2; n++) assert.deepEqual(await apply(everything), { removed: 0, rows: 1 })
  const [one] = await store.list({ stage: 's', limit: 1 })
  await store.pin(one?.id ?? '')
  assert.deepEqual(await apply(everything), { removed: 0, rows: 1 }, 'what is pinned as well stays as well')
  await store.unpin(one?.id ?? '')
  assert.ok((await apply(everything)).rows > 80)
  await store.save({ value: 1, run: one?.run ?? '', stage: 's' })
  assert.ok((await apply(everything)).rows > 80)
  assert.deepEqual(await apply(everything), { removed: 0, rows: 1 })
})

test('A5 X9 pipelines with retentions of their own do not make each other look at everything again', async t => {
  const { store, counted, apply } = await countedStore(t)
  const wide = { olderThanDays: 1, newestRuns: 1 }
  const narrow = { olderThanDays: 30, newestRuns: 0 }
  await oneOf('long ago', 's', store)
  counted.aheadMs = 20 * 86_400_000
  await oneOf('later', 'renamed since', store)
  counted.aheadMs += 1_000
  await oneOf('later', 's', store)
  counted.aheadMs = 40 * 86_400_000
  for (const rule of [wide, narrow]) assert.ok((await apply(rule)).rows > 3)
  for (const rule of [wide, narrow, wide, narrow]) assert.deepEqual(await apply(rule), { removed: 0, rows: 1 })
})

test('A5 what stayed under a retention goes under a stricter one at once, and what was too young goes as soon as it is old', async t => {
  const { store, counted, apply } = await countedStore(t)
  await oneOf('orders', 's', store)
  for (let day = 4; day < 7; day++) {
    counted.aheadMs = day * 86_400_000
    await oneOf('orders', 's', store)
  }
  counted.aheadMs = 7.5 * 86_400_000
  assert.equal((await apply({ olderThanDays: 7, newestRuns: 0 })).removed, 1)
  assert.equal((await apply({ olderThanDays: 7, newestRuns: 0 })).removed, 0)
  assert.equal((await apply({ olderThanDays: 1, newestRuns: 2 })).removed, 1, 'ended 3.5 days ago')
  assert.equal((await apply({ olderThanDays: 1, newestRuns: 1 })).removed, 1)
  assert.equal((await apply({ olderThanDays: 1, newestRuns: 0 })).removed, 0, 'the newest good one')
})
