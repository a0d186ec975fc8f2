import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { EventIndexWriter } from '../../src/catalog/event-index.ts'
import { openEventIndex } from '../../src/catalog/sqlite-event-index.ts'
import { EventFeed } from '../../src/engine/event-feed.ts'
import { eachEvent } from '../../src/engine/query-events.ts'
import { coreOf } from '../../src/engine/store.ts'
import { open, pipeline, type Store } from '../../src/index.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'
import { WaymarkError } from '../../src/model/errors.ts'

async function storeAt(t: TestContext, clock: Clock = systemClock): Promise<{ readonly store: Store; readonly file: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-test-'))
  const store = await open({ path: join(folder, '.waymark'), durability: 'process', components: { clock } })
  t.after(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { store, file: join(folder, '.waymark/events.sqlite') }
}

const saveMany = (store: Store, count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, (_, value) => store.save({ value })))

/** Takes the file for itself, as another process does. */
function occupied(t: TestContext, file: string): () => void {
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  let isOpen = true
  const leave = (): void => {
    if (!isOpen) return
    isOpen = false
    other.exec('COMMIT')
    other.close()
  }
  t.after(leave)
  return leave
}

/** The index that the store opens next, with how many records went into each change. */
function countChanges(
  store: Store,
  clock: Clock = systemClock,
  onChange: () => void = () => {},
): { readonly feed: EventFeed; readonly changes: number[] } {
  const core = coreOf(store)
  const changes: number[] = []
  const feed = new EventFeed({
    ...core,
    clock,
    openEventIndex: async replaces => {
      const index = await openEventIndex(':memory:', replaces)
      const change = index.change.bind(index)
      index.change = work =>
        change(writer => {
          const put = writer.put.bind(writer)
          let puts = 0
          writer.put = block => {
            puts++
            put(block)
          }
          const result = work(writer)
          changes.push(puts)
          onChange()
          return result
        })
      return index
    },
  })
  return { feed, changes }
}

test('A9 what many saves left behind goes into the index in changes of at most 500 records, also where one batch holds more, and none is missing', async t => {
  const { store } = await storeAt(t)
  await saveMany(store, 1_700)
  const { feed, changes } = countChanges(store)
  t.after(() => feed.close())
  const ids = new Set<unknown>()
  for await (const { metadata } of eachEvent(coreOf(store), feed, {})) ids.add(metadata['checkpoint'])
  assert.equal(ids.size, 1_700)
  assert.ok(Math.max(...changes) <= 500, String(changes))
})

test('A9 where the machine is slow a change ends after 20 ms, and timers run between two of them', async t => {
  const { store } = await storeAt(t)
  await saveMany(store, 200)
  let now = 0
  let changesSinceTurn = 0
  let most = 0
  // Every look finds 15 ms gone.
  const clock: Clock = { ...systemClock, monotonicMs: () => (now += 15) }
  const { feed, changes } = countChanges(store, clock, () => {
    most = Math.max(most, ++changesSinceTurn)
    setImmediate(() => (changesSinceTurn = 0))
  })
  t.after(() => feed.close())
  assert.equal(await feed.ask(async index => index.lastNumber()), 200)
  assert.ok(Math.max(...changes) <= 32, String(changes))
  assert.equal(most, 1)
})

test('A9 where another process empties the index while this one fills it, in the middle of a batch, nothing is missing in the end', async t => {
  const { store } = await storeAt(t)
  await saveMany(store, 1_700)
  const index = await openEventIndex(':memory:')
  const change = index.change.bind(index)
  let changes = 0
  index.change = work => {
    const result = change(work)
    if (++changes !== 2) return result
    index.change = change
    index.clear()
    while (!index.goOnClearing(1_000)) {}
    return result
  }
  const feed = new EventFeed({ ...coreOf(store), openEventIndex: async () => index })
  t.after(() => feed.close())
  const ids = new Set<unknown>()
  for await (const { metadata } of eachEvent(coreOf(store), feed, {})) ids.add(metadata['checkpoint'])
  assert.equal(ids.size, 1_700)
})

for (const [what, spoil] of [
  [
    'of a segment that is gone',
    (writer: EventIndexWriter) => {
      putMany(writer, { segment: 'gone' })
      writer.setMark({ segment: 'gone', appliedEnd: 9, digest: '', provenEnd: 9 })
    },
  ],
  [
    'of a run that does not count any more',
    (writer: EventIndexWriter) => {
      putMany(writer, { stream: 'the-run' })
      const state = writer.stream('the-run')
      assert.ok(state !== undefined)
      writer.setStream('the-run', { ...state, behind: 1 })
    },
  ],
  [
    'that a power cut took with what the index was built from',
    (writer: EventIndexWriter, segment: string) => {
      putMany(writer, {})
      const mark = writer.mark(segment)
      assert.ok(mark !== undefined)
      writer.setMark({ ...mark, digest: 'ff', provenEnd: 0 })
    },
  ],
] as const)
  test(`A9 events ${what} leave the index in changes of at most 250 records, timers run between them, and what counts stays`, async t => {
    const { store } = await storeAt(t)
    await pipeline('work', run => Promise.all([1, 2, 3].map(n => run.event('e', { n })))).run({}, { store, runId: 'the-run' })
    const index = await openEventIndex(':memory:')
    let now = 0
    const core = {
      ...coreOf(store),
      clock: { ...systemClock, monotonicMs: () => (now += 15) },
      openEventIndex: async () => index,
    }
    const [first, feed] = [new EventFeed(core), new EventFeed(core)]
    t.after(() => feed.close())
    await first.ask(async () => {})
    const expected = index.lastNumber()
    const [segment = ''] = await core.log.segments()
    index.change(writer => spoil(writer, segment))
    assert.equal(index.blocksAfter(0, 10_000).length, expected + 600)
    const change = index.change.bind(index)
    let [blocks, mostGone, sinceTurn, mostSinceTurn] = [expected + 600, 0, 0, 0]
    index.change = work => {
      const result = change(work)
      const left = index.blocksAfter(0, 10_000).length
      mostGone = Math.max(mostGone, blocks - left)
      blocks = left
      mostSinceTurn = Math.max(mostSinceTurn, ++sinceTurn)
      setImmediate(() => (sinceTurn = 0))
      return result
    }
    const told: unknown[] = []
    for await (const { type, metadata } of eachEvent(coreOf(store), feed, { run: 'the-run' }))
      if (type === 'e') told.push(metadata['n'])
    assert.deepEqual(told, [1, 2, 3])
    assert.equal(blocks, expected)
    assert.ok(mostGone > 0 && mostGone <= 250, String(mostGone))
    assert.ok(mostSinceTurn <= 2, String(mostSinceTurn))
  })

/** Puts 600 records into the index that are not in the log. */
function putMany(writer: EventIndexWriter, { stream = 'nobody', segment = 'seg' }): void {
  const facets = [{ type: 'void', status: 'info' as const, stage: '', events: 1 }]
  for (let sequence = 1_000; sequence < 1_600; sequence++) {
    const position = { segment, offset: sequence, length: 1 }
    const block = { run: stream, attempt: 1, stream, token: 7, sequence, position, from: 0, events: 1, first: 1, last: 1 }
    writer.put({ ...block, facets })
  }
}

test('A9 a list that is half told when a full disk makes the process take an index in memory keeps its own to the end', async t => {
  const { store } = await storeAt(t)
  for (let value = 0; value < 60; value++) await store.save({ value })
  const opened: string[] = []
  let isFull = false
  const feed = new EventFeed({
    ...coreOf(store),
    openEventIndex: async () => {
      const index = await openEventIndex(':memory:')
      const [change, close] = [index.change.bind(index), index.close.bind(index)]
      const name = `index ${opened.length}`
      opened.push(name)
      index.change = work => {
        if (isFull && name === 'index 0')
          throw new WaymarkError('disk_full', { message: 'full', means: '', remedy: '', details: { sqliteCode: 13 } })
        return change(work)
      }
      index.close = () => {
        opened.push(`${name} closed`)
        close()
      }
      return index
    },
  })
  t.after(() => feed.close())
  let told = 0
  for await (const _event of eachEvent(coreOf(store), feed, {})) {
    if (++told !== 1) continue
    isFull = true
    await store.save({ value: 'more' })
    assert.equal(await feed.ask(async index => index.lastNumber()), 61)
    assert.deepEqual(opened, ['index 0', 'index 1'])
  }
  assert.equal(told, 60)
  assert.deepEqual(opened, ['index 0', 'index 1', 'index 0 closed'])
})

test('A9 while another process has the index the event loop goes on, and the answer comes from the same file when it lets go', async t => {
  let pauses = 0
  let leave = (): void => {}
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, callback, options) => {
      if (delayMs === 50 && ++pauses === 3) leave()
      return systemClock.after(delayMs, callback, options)
    },
  }
  const { store, file } = await storeAt(t, clock)
  await saveMany(store, 5)
  assert.equal((await store.events()).events.length, 5)
  leave = occupied(t, file)
  await saveMany(store, 1)
  assert.equal((await store.events()).events.length, 6)
  assert.ok(pauses >= 3)
  assert.deepEqual(store.notices(), [])
  const reader = new DatabaseSync(file, { readOnly: true })
  assert.equal(reader.prepare('SELECT count(*) AS n FROM block').get()?.['n'], 6)
  reader.close()
})

test('A9 an index that stays in use is told of as such after half a minute, and answers again later', async t => {
  let ahead = 0
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + ahead,
    after: (delayMs, callback, options) => {
      if (delayMs === 50) ahead += 20_000
      return systemClock.after(delayMs, callback, options)
    },
  }
  const { store, file } = await storeAt(t, clock)
  await saveMany(store, 1)
  await store.events()
  const leave = occupied(t, file)
  await saveMany(store, 1)
  await assert.rejects(store.events(), { code: 'unavailable', message: /in use by another process/, retryable: true })
  leave()
  assert.equal((await store.events()).events.length, 2)
  assert.deepEqual(store.notices(), [])
})

for (const [what, breakIndex] of [
  ['damaged', (database: DatabaseSync) => database.exec('DROP TABLE facet; DROP TABLE block')],
  [
    'emptied by another process',
    (database: DatabaseSync) =>
      database.exec('DELETE FROM block; DELETE FROM facet; DELETE FROM mark; DELETE FROM name; UPDATE generation SET n = n + 1'),
  ],
] as const)
  test(`A9 a list of events that is half told when the index is ${what} goes on behind the last one: each once, none missing`, async t => {
    const { store, file } = await storeAt(t)
    for (let value = 0; value < 60; value++) await store.save({ value })
    const expected: unknown[] = []
    for await (const { metadata } of store.eachEvent()) expected.push(metadata['checkpoint'])
    assert.equal(new Set(expected).size, 60)
    const told: unknown[] = []
    for await (const { metadata } of store.eachEvent()) {
      told.push(metadata['checkpoint'])
      if (told.length !== 1) continue
      const database = new DatabaseSync(file)
      breakIndex(database)
      database.close()
      // Somebody else finds it first, and it is built anew.
      assert.equal((await store.events({ limit: 5 })).events.length, 5)
    }
    assert.deepEqual(told, expected)
  })

test('A9 a follower tells nothing again when another process emptied the index', async t => {
  const { store, file } = await storeAt(t)
  await saveMany(store, 3)
  await pipeline('work', run => run.event('e', { n: 1 })).run({}, { store })
  await new Promise(resolve => setTimeout(resolve, 2))
  const stop = new AbortController()
  const told: unknown[] = []
  const steps: Promise<unknown>[] = []
  const step = (n: number) => steps.push(pipeline('work', run => run.event('e', { n })).run({}, { store }))
  const following = (async () => {
    for await (const { type, metadata } of store.eachEvent({ follow: true, signal: stop.signal })) {
      told.push(type === 'e' ? metadata['n'] : type)
      if (metadata['n'] === 1) step(2)
      if (metadata['n'] === 2) {
        const database = new DatabaseSync(file)
        database.exec(
          'DELETE FROM block; DELETE FROM facet; DELETE FROM mark; DELETE FROM name; DELETE FROM stream; DELETE FROM owner',
        )
        database.exec('UPDATE generation SET n = n + 1')
        database.close()
        step(3)
      }
      if (metadata['n'] === 3) stop.abort()
    }
  })()
  await assert.rejects(following, { code: 'cancelled' })
  await Promise.all(steps)
  assert.deepEqual(
    told.filter(one => typeof one === 'number'),
    [1, 2, 3],
  )
  assert.equal(told.filter(one => one === 'checkpoint_saved').length, 3)
})

test('A7 an event or entry that is refused and that nobody waits for ends no process, and is told', async t => {
  const { store } = await storeAt(t)
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  t.after(() => process.off('unhandledRejection', onUnhandled))
  const told: string[] = []
  const work = pipeline('work', async run => {
    for (let n = 0; n < 2; n++) void run.event('x', { a: Number.NaN })
    void run.metric('m', Number.NaN)
    void run.record('entries', { a: Number.NaN })
    await assert.rejects(run.event('y', { a: Number.NaN }), { code: 'invalid' })
    await new Promise(resolve => setImmediate(resolve))
    return 'finished'
  })
  const { value } = await work.run({}, { store, onEvent: event => void (event.type === 'notice' && told.push(event.message)) })
  assert.equal(value, 'finished')
  assert.deepEqual(unhandled, [])
  // Nobody listens: then the store tells.
  assert.equal((await work.run({}, { store })).value, 'finished')
  assert.deepEqual(unhandled, [])
  for (const what of [/metadata of x/, /metric m/, /entry of entries/])
    for (const notices of [told, store.notices()]) assert.equal(notices.filter(one => what.test(one)).length, 1, String(what))
})
