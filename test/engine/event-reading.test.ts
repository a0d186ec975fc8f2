import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { FoundBlock } from '../../src/catalog/event-index.ts'
import { EventFeed } from '../../src/engine/event-feed.ts'
import { KeptEvents } from '../../src/engine/kept-events.ts'
import { queryEvents } from '../../src/engine/query-events.ts'
import { coreOf } from '../../src/engine/store.ts'
import { open, pipeline, type Store } from '../../src/index.ts'
import type { EventsRecorded } from '../../src/model/event-records.ts'
import { EventPack, unpackEvents } from '../../src/model/packed-events.ts'
import { eventStatuses } from '../../src/model/pipeline-event.ts'
import { storeOfTest } from './store-of-test.ts'
import { trialKey } from './trial/open-on-disk.ts'

const records = 60
const inRecord = 200

/** A store with records of about 20 KB each; every sixth holds one warning. */
async function filled(t: TestContext): Promise<Store> {
  const { store } = await storeOfTest(t)
  await pipeline('work', async run => {
    for (let record = 0; record < records; record++)
      await Promise.all(
        Array.from({ length: inRecord }, (_, n) =>
          run.event('e', { record, n, text: 'x'.repeat(60) }, { status: n === 7 && record % 6 === 0 ? 'warning' : 'info' }),
        ),
      )
  }).run({}, { store, runId: 'r', durability: 'process' })
  return store
}

/** Asks with an index of its own, and counts what is read of segments. */
function counted(t: TestContext, store: Store) {
  const read = { calls: 0, bytes: 0, single: 0 }
  const core = coreOf(store)
  const { files, log } = core
  const single = log.read.bind(log)
  log.read = position => {
    read.single++
    return single(position)
  }
  const watched = {
    ...core,
    files: {
      ...files,
      open: async (...given: Parameters<typeof files.open>) => {
        const file = await files.open(...given)
        const bytes = file.read.bind(file)
        file.read = (position, length) => {
          read.calls++
          read.bytes += length
          return bytes(position, length)
        }
        return file
      },
    },
  }
  const feed = new EventFeed(watched)
  t.after(() => feed.close())
  return { feed, read, ask: (query: Parameters<typeof queryEvents>[2]) => queryEvents(watched, feed, query) }
}

for (const newestFirst of [false, true])
  test(`A9 a page of rare events, ${newestFirst ? 'newest' : 'oldest'} first, reads their records and nothing between them; asked once more it reads none`, async t => {
    const store = await filled(t)
    const { feed, read, ask } = counted(t, store)
    const positions = await feed.ask(async index => {
      const query = { statuses: ['warning'] as const, from: 0, to: Number.MAX_SAFE_INTEGER, newestFirst }
      return [...index.blocks(query)].map(({ position }) => position.length)
    })
    assert.equal(positions.length, records / 6)
    const first = await ask({ status: 'warning', newestFirst })
    assert.equal(first.events.length, records / 6)
    assert.equal(
      read.bytes,
      positions.reduce((sum, length) => sum + length, 0),
    )
    const before = { ...read }
    assert.deepEqual(await ask({ status: 'warning', newestFirst }), first)
    assert.deepEqual(read, before)
  })

for (const newestFirst of [false, true])
  test(`A9 who goes through all events, ${newestFirst ? 'newest' : 'oldest'} first, reads many records at once`, async t => {
    const store = await filled(t)
    const { read, ask } = counted(t, store)
    const { events } = await ask({ type: 'e', newestFirst, limit: records * inRecord })
    const order = newestFirst ? events.toReversed() : events
    assert.deepEqual(
      order.map(({ metadata }) => Number(metadata['record']) * inRecord + Number(metadata['n'])),
      Array.from({ length: records * inRecord }, (_, n) => n),
    )
    assert.ok(read.calls < records / 6, `${read.calls} reads`)
    assert.equal(read.single, 0)
  })

test('A9 what is sealed is not kept in the open: who asks again opens it again', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  const store = await open({ path: join(folder, '.waymark'), key: trialKey })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  await pipeline('work', run => Promise.all([run.event('e'), run.event('f')])).run({}, { store })
  const { feed, read, ask } = counted(t, store)
  const first = await ask({ type: ['e', 'f'] })
  assert.equal(first.events.length, 2)
  const { single } = read
  assert.ok(single > 0)
  assert.deepEqual(await ask({ type: ['e', 'f'] }), first)
  assert.equal(read.single, 2 * single)
  const blocks = await feed.ask(async index => index.blocksAfter(0, 100))
  assert.deepEqual(
    blocks.filter(block => feed.kept.of(block) !== undefined),
    [],
  )
})

test('A9 records that were read last are kept up to 2 MiB, those asked for last the longest; a longer one, and another at the same place, are not given', () => {
  const kept = new KeptEvents()
  const block = (sequence: number, offset = sequence * 100): FoundBlock => ({
    ...{ number: sequence, run: 'r', pipeline: undefined, attempt: 1, stream: 'r', token: 1, sequence },
    ...{ position: { segment: 'seg', offset, length: 100 }, from: 0, events: 1, first: 0, last: 0 },
  })
  const record = (bytes: number): EventsRecorded => ({
    ...{ type: 'events.recorded', time: 0, attempt: 1, first: 0, last: 0, facets: [] },
    lines: randomBytes(bytes),
  })
  const first = record(16 << 10)
  kept.keep(block(0), first)
  for (let n = 1; n < 400; n++) {
    kept.keep(block(n), record(16 << 10))
    // Asked for all along.
    assert.equal(kept.of(block(0)), first)
  }
  const left = Array.from({ length: 400 }, (_, n) => n).filter(n => kept.of(block(n)) !== undefined)
  assert.equal(left.length, 128)
  assert.deepEqual([left[0], left[1], left.at(-1)], [0, 273, 399])
  kept.keep(block(500), record(200 << 10))
  assert.equal(kept.of(block(500)), undefined)
  assert.equal(kept.of(block(900, 0)), undefined)
  kept.clear()
  assert.equal(kept.of(block(0)), undefined)
})

test('A9 of any record, the events of some kinds are those of these kinds among all, with the same places', () => {
  const anyEvent = fc.record({
    type: fc.constantFrom('a', 'b', 'c'),
    status: fc.constantFrom(...eventStatuses),
    stage: fc.constantFrom('', 's'),
    item: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
    metadata: fc.dictionary(
      fc.string(),
      fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('\n', ',0,', '[1,2,'),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
    ),
  })
  fc.assert(
    fc.property(
      fc.array(anyEvent, { minLength: 1, maxLength: 40 }),
      fc.subarray(['a', 'b']),
      fc.subarray([...eventStatuses]),
      (events, types, statuses) => {
        const pack = new EventPack()
        for (const { metadata, ...event } of events)
          assert.ok(pack.add({ ...event, time: 1_700_000_000_000, json: JSON.stringify(metadata) }))
        const record = pack.record(0, 1)
        const all = unpackEvents(record)
        assert.deepEqual(
          all.map(({ index }) => index),
          events.map((_, index) => index),
        )
        assert.deepEqual(
          unpackEvents(record, (type, status) => types.includes(type) && statuses.includes(status)),
          all.filter(({ event }) => types.includes(event.type) && statuses.includes(event.status)),
        )
      },
    ),
  )
})
