import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import {
  type EventFilter,
  type EventQuery,
  type LogEvent,
  open,
  type PipelineEvent,
  pipeline,
  type Run,
  type Store,
} from 'waymark'
import { z } from 'zod'
import { systemClock } from '../../src/model/clock.ts'
import { eventsIn } from '../../src/model/derived-events.ts'
import { storeOfTest } from './store-of-test.ts'

const once = async (store: Store, work: (run: Run) => unknown, options: { readonly runId?: string } = {}): Promise<string> =>
  (await pipeline('work', work).run({}, { store, ...options })).run

async function recordsOf(store: Store, run: string): Promise<LogEvent[]> {
  const records: LogEvent[] = []
  for await (const record of store.events(run)) records.push(record)
  return records
}

async function allOf(store: Store, filter: EventFilter = {}): Promise<PipelineEvent[]> {
  const events: PipelineEvent[] = []
  for await (const event of store.eachEvent(filter)) events.push(event)
  return events
}

/** Every page, one after the other. */
async function pagesOf(store: Store, query: EventQuery): Promise<PipelineEvent[]> {
  const events: PipelineEvent[] = []
  for (let after: string | undefined; ; ) {
    const page = await store.events({ ...query, ...(after === undefined ? {} : { after }) })
    events.push(...page.events)
    assert.ok(page.events.length <= (query.limit ?? 50))
    if (page.next === undefined) return events
    after = page.next
  }
}

test('A7 A10 an event carries its type, status and metadata, and run, pipeline, attempt, stage and item by itself', async t => {
  const { store } = await storeOfTest(t)
  const before = Date.now()
  const run = await once(store, async own => {
    await own.event('begun')
    await own.stage('load', async ctx => {
      await ctx.metric('rows_per_second', 51_200, 'rows/s')
      await ctx.stage('inner', inner => inner.quality({ missingRate: 0.02, outliers: 3 }, { status: 'warning' }))
    })
    await own.each('work', [{ id: 'a/b' }], (_, ctx) => ctx.event('worked', { ok: true }, { status: 'success' }), {
      key: ({ id }) => id,
    })
    await own.each('all', [1, 2], (_, ctx) => ctx.event('batch', { n: 2 }), { batch: 2, input: 1 })
  })
  const types = ['begun', 'performance_metric', 'data_quality_check', 'worked', 'batch']
  const { events } = await store.events({ run, type: types })
  const common = { run, pipeline: 'work', attempt: 1 }
  assert.deepEqual(
    events.map(({ time: _time, ...event }) => event),
    [
      { type: 'begun', status: 'info', ...common, metadata: {} },
      {
        ...{ type: 'performance_metric', status: 'info', ...common, stage: 'load' },
        metadata: { name: 'rows_per_second', value: 51_200, unit: 'rows/s' },
      },
      {
        ...{ type: 'data_quality_check', status: 'warning', ...common, stage: 'load/inner' },
        metadata: { missingRate: 0.02, outliers: 3 },
      },
      { type: 'worked', status: 'success', ...common, stage: 'work', item: 'a/b', metadata: { ok: true } },
      { type: 'batch', status: 'info', ...common, stage: 'all', metadata: { n: 2 } },
    ],
  )
  for (const { time } of events) assert.ok(time >= before && time <= Date.now())
})

test('A7 events of one tick are one record, up to 256 of them', async t => {
  const { store } = await storeOfTest(t)
  const run = await once(store, async own => {
    await Promise.all(Array.from({ length: 200 }, (_, n) => own.event('few', { n })))
    await Promise.all(Array.from({ length: 600 }, (_, n) => own.event('many', { n })))
  })
  const counts = (await recordsOf(store, run)).flatMap(record =>
    record.type === 'events.recorded' ? [record.facets.map(([type, , , events]) => `${events} ${type}`).join()] : [],
  )
  // A slow machine may take longer than one record spans.
  assert.equal(counts.filter(one => one.endsWith('few')).length <= 2, true, String(counts))
  assert.equal(counts.filter(one => one.endsWith('many')).length <= 6, true, String(counts))
  const { byType } = await store.eventSummary(run)
  assert.deepEqual([byType['few'], byType['many']], [200, 600])
})

test('A7 what JSON cannot say, what is too large, and types of the system are refused with the path, and nothing of them is recorded', async t => {
  const { store } = await storeOfTest(t)
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  const refused: readonly (readonly [metadata: unknown, path: string | undefined])[] = [
    [{ a: [1, { when: new Date(0) }] }, 'a[1].when'],
    [{ n: Number.NaN }, 'n'],
    [{ n: 1n }, 'n'],
    [{ list: [undefined] }, 'list[0]'],
    [{ f: () => 1 }, 'f'],
    [{ map: new Map() }, 'map'],
    [loop, `${'self.'.repeat(64)}self`],
    [{ text: 'ü'.repeat(20_000) }, undefined],
    ['text', undefined],
    [[1], undefined],
  ]
  const run = await once(store, async own => {
    for (const [metadata, path] of refused) {
      // Types are gone when a program runs.
      const sent: Record<string, unknown> = metadata as Record<string, unknown>
      await assert.rejects(own.event('bad', sent), { code: 'invalid', details: path === undefined ? {} : { path } })
    }
    for (const type of ['', 'x'.repeat(101), 'a\nb', 'stage_complete', 'exit'])
      await assert.rejects(own.event(type), { code: 'invalid' }, type)
    await assert.rejects(own.metric('m', Number.POSITIVE_INFINITY), { code: 'invalid' })
    await assert.rejects(own.event('bad', {}, { status: 'fine' as 'info' }), { code: 'invalid' })
    await own.event('good', { optional: undefined, text: 'x'.repeat(32_000) })
  })
  const { byType } = await store.eventSummary(run)
  assert.deepEqual(Object.keys(byType), ['good', 'pipeline_complete', 'pipeline_start'])
})

test('A7 a schema of the pipeline decides what the events of a type hold, and what it makes of them is recorded', async t => {
  const { store } = await storeOfTest(t)
  const trained = z.object({ accuracy: z.number().max(1), name: z.string().default('unnamed') })
  const made = pipeline(
    'train',
    async run => {
      await run.event('model_trained', { accuracy: 0.5 })
      await assert.rejects(run.event('model_trained', { accuracy: 2 }), { code: 'invalid', message: /accuracy/ })
      await run.event('other', { accuracy: 2 })
    },
    { events: { model_trained: trained } },
  )
  const { run } = await made.run({}, { store })
  const { events } = await store.events({ run, type: ['model_trained', 'other'] })
  assert.deepEqual(
    events.map(({ metadata }) => metadata),
    [{ accuracy: 0.5, name: 'unnamed' }, { accuracy: 2 }],
  )
  assert.throws(() => pipeline('p', () => 1, { events: { a: 1 as never } }), { code: 'invalid' })
})

test('A7 nothing is recorded after the end of the run, and everything before, awaited or not', async t => {
  const { store } = await storeOfTest(t)
  let late: Run | undefined
  const run = await once(store, own => {
    late = own
    for (let n = 0; n < 50; n++) void own.event('unawaited', { n })
  })
  await assert.rejects(late?.event('late') ?? Promise.resolve(), { code: 'invalid', message: /had ended/ })
  assert.equal((await store.eventSummary(run)).byType['unawaited'], 50)
  const types = (await recordsOf(store, run)).map(({ type }) => type)
  assert.equal(types.at(-1), 'attempt.ended')
})

test('A7 what a run did is told by its records alone: starts, ends, errors, checkpoints, items set aside, pauses', async t => {
  const { store } = await storeOfTest(t)
  let fails = true
  const made = pipeline('work', async run => {
    await run.stage('load', () => [1])
    await run.each('each', ['a', 'b'], item => (item === 'a' ? Promise.reject(new Error('no')) : 1), {
      key: item => item,
      tolerate: { count: 1 },
    })
    await run.stage('report', () => {
      if (fails) throw new Error('broken')
    })
    return 7
  })
  await assert.rejects(made.run({}, { store, runId: 'r' }))
  fails = false
  await made.run({}, { store, runId: 'r' })
  const saved = await store.save({ value: 1, run: 'r' })
  await store.delete(saved.id)
  const events = await allOf(store)
  const told = events.map(({ type, status, attempt, stage, item }) =>
    [type, status, attempt, stage, item].filter(Boolean).join(' '),
  )
  assert.deepEqual(
    told.filter(one => !one.startsWith('checkpoint_saved')),
    [
      'pipeline_start info 1',
      'stage_start info 1 load',
      'stage_complete success 1 load',
      'stage_start info 1 each',
      'item_set_aside warning 1 each a',
      'stage_complete warning 1 each',
      'stage_start info 1 report',
      'stage_error error 1 report',
      'pipeline_error error 1',
      'pipeline_resume info 2',
      'stage_start info 2 report',
      'stage_complete success 2 report',
      'pipeline_complete success 2',
      'checkpoint_deleted info',
    ],
  )
  // A checkpoint for every event that says so, and an event for every checkpoint that was ever saved.
  const known = new Set((await store.list({ limit: 100 })).map(({ id }) => id).concat(saved.id))
  const saves = events.filter(({ type }) => type === 'checkpoint_saved').map(({ metadata }) => metadata['checkpoint'])
  assert.deepEqual(saves.toSorted(), [...known].sort())
  const derived = (await recordsOf(store, 'r')).flatMap(record => eventsIn(record))
  const ofRun = (await allOf(store, { run: 'r' })).filter(({ metadata }) => metadata['checkpoint'] !== saved.id)
  assert.equal(ofRun.length, derived.length)
  const summary = await store.eventSummary('r')
  assert.deepEqual([summary.errors, summary.warnings, summary.stagesCompleted, summary.events], [2, 2, 3, ofRun.length + 1])
})

/** A store whose clock jumps: forward, back, and not at all. */
async function jumpingStore(
  t: TestContext,
): Promise<{ readonly store: Store; readonly times: number[]; readonly folder: string }> {
  const times: number[] = []
  let last = 1_000_000
  const clock = {
    ...systemClock,
    now: () => {
      last = times.shift() ?? last
      return last
    },
  }
  const { folder } = await storeOfTest(t)
  const store = await open({ path: join(folder, 'jumping'), components: { clock } })
  t.after(() => store.close())
  return { store, times, folder }
}

const texts = fc.constantFrom(
  'plain',
  'say "hi"',
  'back\\slash',
  'tab\tnew\nline',
  'ünïcödé 日本',
  '\u{1f600}',
  'half \ud83d',
  '"',
  '\\',
  'a',
)

test('A9 whatever is asked, pages of any size in both directions are what a look at every event finds, also where the clock jumps', async t => {
  const { store, times } = await jumpingStore(t)
  const event = fc.record({
    type: fc.constantFrom('one', 'two', 'three "quoted"'),
    status: fc.constantFrom('success' as const, 'error' as const, 'warning' as const, 'info' as const),
    metadata: fc.dictionary(texts, fc.oneof(texts, fc.integer(), fc.constant(null), fc.array(texts, { maxLength: 2 })), {
      maxKeys: 3,
    }),
    time: fc.integer({ min: 1_000_000, max: 1_000_120 }),
    apart: fc.boolean(),
  })
  const samples = fc.sample(fc.array(event, { minLength: 30, maxLength: 50 }), { numRuns: 4, seed: 7 })
  for (const [n, sample] of samples.entries()) {
    const half = Math.ceil(sample.length / 2)
    const made = pipeline(n % 2 === 0 ? 'even' : 'odd', async run => {
      const tell = async (list: typeof sample, target: Pick<Run, 'event'>) => {
        const waiting: Promise<void>[] = []
        for (const { type, status, metadata, time, apart } of list) {
          times.length = 0
          times.push(time)
          waiting.push(target.event(type, metadata, { status }))
          if (apart) await Promise.all(waiting)
        }
        await Promise.all(waiting)
      }
      await run.stage('first', ctx => tell(sample.slice(0, half), ctx))
      await run.each('items', ['k/1', 'k2'], (_, ctx) => tell(sample.slice(half), ctx), { key: key => key })
      await run.stage('nested', ctx => ctx.stage('inner', inner => inner.event('deep')))
    })
    await made.run({}, { store, runId: `run-${n}` })
    await store.save({ value: n, run: `run-${n}` })
    await store.save({ value: n, run: 'no-run' })
  }
  const all: PipelineEvent[] = []
  for (const { id } of await store.runs({ limit: 100 })) {
    for (const record of await recordsOf(store, id))
      for (const {
        event: { stage, ...found },
      } of eventsIn(record)) {
        const { pipeline: name } = await store.run(id)
        all.push({ ...found, run: id, pipeline: name, ...(stage === '' ? {} : { stage }) })
      }
  }
  const naive = (filter: EventFilter): PipelineEvent[] => all.filter(one => fits(one, filter))
  const parts = fc.record({
    run: fc.constantFrom('run-0', 'run-1', 'no-such'),
    pipeline: fc.constantFrom('even', 'odd'),
    type: fc.oneof(
      fc.constantFrom('one', 'three "quoted"', 'stage_start', 'deep', 'none'),
      fc.subarray(['one', 'two', 'checkpoint_saved', 'deep']),
    ),
    status: fc.oneof(
      fc.constantFrom('error' as const, 'info' as const),
      fc.subarray(['success', 'warning'] as ('success' | 'warning')[]),
    ),
    stage: fc.constantFrom('first', 'items', 'items[k%2F1]', 'items[k2]', 'nested', 'nested/inner', 'nes'),
    text: fc.oneof(texts, fc.constantFrom('":', '[', 'hi"', 'k/1', 'quoted', 'stage_', 'ü')),
    since: fc.integer({ min: 999_990, max: 1_000_130 }),
    until: fc.integer({ min: 999_990, max: 1_000_130 }),
  })
  // More than three conditions at once fit next to nothing.
  const names = ['run', 'pipeline', 'type', 'status', 'stage', 'text', 'since', 'until'] as const
  const filters = fc
    .tuple(parts, fc.subarray([...names], { maxLength: 3 }))
    .map(([all, kept]): EventFilter => Object.fromEntries(kept.map(name => [name, all[name]])))
  // Each condition by itself, whatever is drawn.
  const examples = (
    [
      ...[
        {},
        { run: 'no-such' },
        { run: 'run-1' },
        { pipeline: 'odd' },
        { type: ['one', 'deep'] },
        { status: ['warning', 'error'] },
      ],
      ...['items', 'items[k%2F1]', 'items[k2]', 'nested'].map(stage => ({ stage })),
      ...['say "hi"', '":', 'k/1', 'quoted', '\\', 'half \ud83d', 'ü'].map(text => ({ text })),
      ...[{ since: 1_000_060 }, { until: 1_000_060 }, { run: 'run-2', stage: 'items', status: 'info' }],
    ] as EventFilter[]
  ).map((filter, at): [EventFilter, boolean, number] => [filter, at % 2 === 0, 20 + at])
  const key = ({ attempt: _attempt, ...one }: PipelineEvent): string => JSON.stringify(Object.entries(one).sort())
  // Checkpoints outside of streams of runs are looked at elsewhere.
  const isOfStream = ({ type, metadata }: PipelineEvent): boolean => type !== 'checkpoint_saved' || metadata['kind'] !== 'state'
  await fc.assert(
    fc.asyncProperty(filters, fc.boolean(), fc.integer({ min: 5, max: 80 }), async (filter, newestFirst, limit) => {
      if (filter.run === 'no-such') {
        for (const asked of [() => store.events(filter), () => store.eachEvent(filter).next()])
          await assert.rejects(asked, { code: 'not_found' })
        return
      }
      const paged = await pagesOf(store, { ...filter, newestFirst, limit })
      const given = paged.map(({ time }) => time)
      assert.deepEqual(
        given,
        given.toSorted((a, b) => (newestFirst ? b - a : a - b)),
      )
      const expected = naive(filter).map(key).sort()
      assert.deepEqual(paged.filter(isOfStream).map(key).sort(), expected)
      const turned = await pagesOf(store, { ...filter, newestFirst: !newestFirst, limit: 1_000 })
      assert.deepEqual(turned.toReversed().map(key), paged.map(key))
      const each: PipelineEvent[] = []
      for await (const one of store.eachEvent({ ...filter, last: limit })) each.push(one)
      assert.deepEqual(each.map(key), (newestFirst ? turned : paged).slice(-limit).map(key))
    }),
    { numRuns: 50, examples },
  )
})

/** What a filter means, said once more. */
function fits(event: PipelineEvent, { run, pipeline: name, type, status, stage, text, since, until }: EventFilter): boolean {
  const path = event.item === undefined ? event.stage : `${event.stage}[${encodeURIComponent(event.item)}]`
  const isIn = (one: string | undefined) =>
    one !== undefined && stage !== undefined && (one === stage || one.startsWith(`${stage}[`) || one.startsWith(`${stage}/`))
  const json = JSON.stringify(event.metadata)
  const holds = (one: string) =>
    [event.type, event.stage ?? '', event.item ?? '', json].some(shown => shown.includes(one)) ||
    json.includes(JSON.stringify(one).slice(1, -1))
  return (
    (run === undefined || event.run === run) &&
    (name === undefined || event.pipeline === name) &&
    (type === undefined || [type].flat().includes(event.type)) &&
    (status === undefined || [status].flat().includes(event.status)) &&
    (stage === undefined || isIn(path) || isIn(event.stage)) &&
    (text === undefined || holds(text)) &&
    event.time >= (since ?? 0) &&
    event.time < (until ?? Number.POSITIVE_INFINITY)
  )
}

test('A9 checkpoints saved for a run are among its events and those of its pipeline, whichever came first', async t => {
  const { store } = await storeOfTest(t)
  const early = await store.save({ value: 1, run: 'r' })
  assert.deepEqual(
    (await store.events({ run: 'r' })).events.map(({ metadata }) => metadata['checkpoint']),
    [early.id],
  )
  await once(store, () => 1, { runId: 'r' })
  const late = await store.save({ value: 1, run: 'r', id: 'chosen' })
  for (const filter of [{ run: 'r' }, { pipeline: 'work' }]) {
    const { events } = await store.events({ ...filter, type: 'checkpoint_saved' })
    const ids = events.map(({ metadata }) => metadata['checkpoint'])
    assert.ok(ids.includes(early.id) && ids.includes(late.id), String(ids))
    assert.equal(new Set(events.map(({ pipeline: name }) => name)).size, 1)
  }
})

test('A9 a damaged index is set aside and built anew, a missing one too, and the answers are the same', async t => {
  const { store, folder } = await storeOfTest(t)
  const path = join(folder, '.waymark')
  await once(store, run => Promise.all(Array.from({ length: 300 }, (_, n) => run.event('e', { n }))))
  const before = await allOf(store)
  await store.close()
  const file = join(path, 'events.sqlite')
  const bytes = readFileSync(file)
  for (const [what, damage] of [
    ['zeros in the middle', () => bytes.fill(0, 4_096, 12_000)],
    ['cut', () => bytes.subarray(0, 5_000)],
    ['no database', () => Buffer.from('nothing of the kind')],
  ] as const) {
    writeFileSync(file, damage())
    const again = await open(path)
    assert.deepEqual(await allOf(again), before, what)
    await again.close()
  }
  assert.ok(readdirSync(path).some(name => name.startsWith('events.damaged-')))
})

test('A9 an index that turns out damaged while it is used is built anew, and a follower gets nothing twice', async t => {
  const { store, folder } = await storeOfTest(t)
  const made = (n: number) => once(store, run => run.event('e', { n }), { runId: `r${n}` })
  await made(1)
  const stop = new AbortController()
  const seen: unknown[] = []
  const following = (async () => {
    for await (const event of store.eachEvent({ type: 'e', follow: true, signal: stop.signal })) {
      seen.push(event.metadata['n'])
      if (event.metadata['n'] === 2) {
        // Of one that is open SQLite still knows pages; their tables are gone all the same.
        const { DatabaseSync } = await import('node:sqlite')
        const database = new DatabaseSync(join(folder, '.waymark/events.sqlite'))
        database.exec('DROP TABLE facet; DROP TABLE block')
        database.close()
        await made(3)
      }
      if (event.metadata['n'] === 3) stop.abort()
    }
  })()
  await made(2)
  await assert.rejects(following, { code: 'cancelled' })
  assert.deepEqual(seen, [1, 2, 3])
  assert.ok(store.notices().some(notice => /index of events was damaged/.test(notice)))
})

test('A9 a store opened for reading answers from memory, and writes nothing', async t => {
  const { store, folder } = await storeOfTest(t)
  const path = join(folder, '.waymark')
  await once(store, run => run.event('e'))
  const before = readdirSync(path).sort()
  const reading = await open({ path, readOnly: true })
  t.after(() => reading.close())
  assert.equal((await reading.events({ type: 'e' })).events.length, 1)
  assert.deepEqual(readdirSync(path).sort(), before)
  assert.ok(!before.includes('events.sqlite'))
  // What comes meanwhile is found too.
  await once(store, run => run.event('e', { n: 2 }), { runId: 'second' })
  assert.equal((await reading.events({ type: 'e' })).events.length, 2)
})

test('A9 X4 events are kept through resume, fork, verify, repair and reset, and a fork has its own', async t => {
  const { store } = await storeOfTest(t)
  let fails = true
  const made = pipeline('work', async run => {
    await run.stage('load', async ctx => {
      await ctx.event('loaded', { attempt: ctx.attempt })
      return 1
    })
    await run.stage('report', () => {
      if (fails) throw new Error('no')
    })
  })
  await assert.rejects(made.run({}, { store, runId: 'first' }))
  fails = false
  await made.run({}, { store, runId: 'first' })
  await store.fork('first/load', { runId: 'second' })
  await made.run({}, { store, runId: 'second' })
  assert.equal((await store.events({ run: 'second', type: 'loaded' })).events.length, 0)
  assert.deepEqual(
    (await store.events({ run: 'second', type: 'pipeline_fork' })).events.map(({ metadata }) => metadata),
    [{ from: 'first' }],
  )
  assert.equal((await store.verify({ full: true })).ok, true)
  await store.repair()
  await store.reset('first')
  const { events } = await store.events({ run: 'first', type: ['loaded', 'stage_reset', 'pipeline_cancel'] })
  assert.deepEqual(
    events.map(({ type }) => type),
    ['loaded', 'stage_reset', 'pipeline_cancel'],
  )
})

test('B1 a run that recorded 20,000 events goes on, and holds none of them in what it knows of itself', async t => {
  const { store } = await storeOfTest(t)
  let fails = true
  const made = pipeline('work', async run => {
    if (fails) {
      await Promise.all(Array.from({ length: 20_000 }, (_, n) => run.event('e', { n })))
      throw new Error('no')
    }
    return run.stage('end', () => 1)
  })
  await assert.rejects(made.run({}, { store, runId: 'r' }))
  fails = false
  assert.equal((await made.run({}, { store, runId: 'r' })).value, 1)
  assert.equal((await store.eventSummary('r')).byType['e'], 20_000)
})

test('A9 a closed store answers no more, asked before or not', async t => {
  for (const asks of [true, false]) {
    const { store } = await storeOfTest(t)
    if (asks) await store.events()
    await store.close()
    await assert.rejects(store.events(), { code: 'conflict' })
    await assert.rejects(store.eachEvent().next(), { code: 'conflict' })
  }
})

test('A9 bad options are refused by name', async t => {
  const { store } = await storeOfTest(t)
  const bad: readonly Record<string, unknown>[] = [
    { typ: 'a' },
    { limit: 0 },
    { status: 'fine' },
    { after: 'x' },
    { since: 'yesterday' },
  ]
  for (const query of bad) await assert.rejects(store.events(query as EventQuery), { code: 'invalid' }, JSON.stringify(query))
  await assert.rejects(store.eachEvent({ after: 'x' } as never).next(), { code: 'invalid' })
})
