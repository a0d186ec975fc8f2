import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pipeline, type Run, type RunEvent, type Store, type StreamEntry, type StreamFilter } from 'waymark'
import { z } from 'zod'
import { storeOfTest } from './store-of-test.ts'

async function allOf(store: Store, filter: StreamFilter = {}): Promise<StreamEntry[]> {
  const entries: StreamEntry[] = []
  for await (const entry of store.eachRecord(filter)) entries.push(entry)
  return entries
}

/** What entries say of themselves, in the order in which they were recorded. */
const said = async (store: Store, filter: StreamFilter = {}): Promise<unknown[]> =>
  (await allOf(store, filter)).map(({ entry }) => entry['n'])

/** Works on one run, in as many attempts as it takes. */
async function attemptOf(store: Store, work: (run: Run) => unknown, options: { readonly redo?: readonly string[] } = {}) {
  return pipeline('quant', work).run({}, { store, runId: 'q', ...options })
}

const failing = (store: Store, work: (run: Run) => unknown): Promise<void> =>
  assert.rejects(attemptOf(store, work), { code: 'failed' })

async function bytesOf(store: Store, id: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.loadBytes(id)) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('A13 an entry is tied to run, attempt, stage, item and time, with its artifact given as bytes, as a stream or by path', async t => {
  const { store, folder } = await storeOfTest(t)
  const file = join(folder, 'plot.html')
  writeFileSync(file, '<p>plot</p>')
  const before = Date.now()
  await attemptOf(store, async run => {
    await run.record('checks', { n: 0 })
    await run.stage('load', async ctx => {
      await ctx.record('checks', { n: 1, note: undefined }, { artifact: { name: 'a.bin', bytes: Buffer.from('bytes') } })
      await ctx.stage('inner', inner => inner.record('other', { n: 2 }, { artifact: { name: 'p.html', path: file } }))
    })
    await run.each('work', ['x/y'], (_, ctx) => ctx.record('checks', { n: 3 }), { key: item => item })
    await run.each(
      'all',
      [1, 2],
      (_, ctx) => ctx.record('checks', { n: 4 }, { artifact: { name: 's', bytes: [Buffer.from('st'), Buffer.from('ream')] } }),
      {
        batch: 2,
        input: 1,
      },
    )
  })
  const entries = await allOf(store)
  const common = { run: 'q', pipeline: 'quant', attempt: 1 }
  assert.deepEqual(
    entries.map(({ time: _time, artifact, ...entry }) => ({
      ...entry,
      ...(artifact && { name: artifact.name, bytes: artifact.bytes }),
    })),
    [
      { stream: 'checks', ...common, entry: { n: 0 } },
      { stream: 'checks', ...common, stage: 'load', entry: { n: 1 }, name: 'a.bin', bytes: 5 },
      { stream: 'other', ...common, stage: 'load/inner', entry: { n: 2 }, name: 'p.html', bytes: 11 },
      { stream: 'checks', ...common, stage: 'work', item: 'x/y', entry: { n: 3 } },
      { stream: 'checks', ...common, stage: 'all', item: '0', entry: { n: 4 }, name: 's', bytes: 6 },
    ],
  )
  assert.ok(entries.every(({ time }) => time >= before && time <= Date.now()))
  const kept = await Promise.all(entries.flatMap(({ artifact }) => (artifact === undefined ? [] : [bytesOf(store, artifact.id)])))
  assert.deepEqual(kept.map(String), ['bytes', '<p>plot</p>', 'stream'])
  const artifacts = await store.list({ run: 'q', where: { type: 'artifact' } })
  assert.deepEqual(artifacts.map(({ stage }) => stage).sort(), ['all', 'load', 'load/inner'])
})

test('A13 bad streams, entries and artifacts are refused with what is wrong, and nothing of them is recorded', async t => {
  const { store } = await storeOfTest(t)
  const schema = z.object({ ticker: z.string(), n: z.number().default(7) })
  await pipeline(
    'quant',
    async run => {
      const refused = (call: Promise<void>, details: object, message: RegExp) =>
        assert.rejects(call, (error: Error & { code: string; details: object }) => {
          assert.equal(error.code, 'invalid')
          assert.match(error.message, message)
          assert.deepEqual(error.details, details)
          return true
        })
      await refused(run.record('', {}), {}, /name of a record stream/)
      await refused(run.record('a b', {}), {}, /name of a record stream/)
      await refused(run.record('s', { a: [{ b: Number.NaN }] }), { path: 'a[0].b' }, /the entry of s holds NaN at a\[0\]\.b/)
      await refused(run.record('s', { at: new Date() as never }), { path: 'at' }, /Date/)
      await refused(run.record('s', [] as never), {}, /plain object/)
      await refused(run.record('s', { text: 'x'.repeat(40_000) }), {}, /32768/)
      await refused(run.record('s', { artifact: 1 }), { path: 'artifact' }, /artifact/)
      await refused(run.record('s', {}, { artefact: 1 } as never), { option: 'artefact' }, /artefact/)
      for (const artifact of [
        { name: 'a/b', bytes: Buffer.of(1) },
        { name: '..', path: 'x' },
        { name: 'a' },
        { name: 'a', bytes: 'text' },
      ])
        await refused(
          run.record('s', {}, { artifact: artifact as never }),
          { option: 'artifact' },
          /the artifact of an entry of s/,
        )
      await refused(
        run.record('typed', { ticker: 1 } as never),
        { issues: ['ticker: Invalid input: expected string, received number'] },
        /the entry of typed/,
      )
      await assert.rejects(run.record('s', {}, { artifact: { name: 'a', path: 'not-there' } }), { code: 'not_found' })
      const breaks = async function* () {
        yield Buffer.from('half')
        throw new Error('the source broke')
      }
      await assert.rejects(run.record('s', {}, { artifact: { name: 'a', bytes: breaks() } }), /the source broke/)
      await assert.rejects(run.event('record:s', {}), { code: 'invalid' })
      await run.record('typed', { ticker: 'A' })
    },
    { records: { typed: schema } },
  ).run({}, { store })
  assert.deepEqual(
    (await allOf(store, { superseded: true })).map(({ stream, entry }) => [stream, entry]),
    [['typed', { ticker: 'A', n: 7 }]],
  )
  assert.deepEqual(await store.list({ where: { type: 'artifact' } }), [])
  for (const records of [{ typed: {} }, 1])
    assert.throws(() => pipeline('p', () => 0, { records: records as never }), { code: 'invalid' })
  for (const recordTail of [-1, 1.5, 101]) assert.throws(() => pipeline('p', () => 0, { recordTail }), { code: 'invalid' })
})

test('A13 a stage that failed and is called again counts once; a finished one that is reused keeps its entries; the run itself records anew with each attempt', async t => {
  const { store } = await storeOfTest(t)
  let broken = true
  const work = async (run: Run) => {
    await run.record('s', { n: `run ${run.attempt}` })
    await run.stage('done', ctx => ctx.record('s', { n: 'done' }))
    await run.stage('outer', async ctx => {
      await ctx.record('s', { n: `outer ${run.attempt}` })
      await ctx.stage('finished', inner => inner.record('s', { n: 'finished inside' }))
      await ctx.stage(`only ${broken}`, async inner => {
        await inner.record('s', { n: `inside ${run.attempt}` })
        if (broken) throw new Error('broken')
      })
    })
  }
  await failing(store, work)
  assert.deepEqual(await said(store), ['run 1', 'done', 'outer 1', 'finished inside', 'inside 1'])
  broken = false
  await attemptOf(store, work)
  assert.deepEqual(await said(store), ['done', 'finished inside', 'run 2', 'outer 2', 'inside 2'])
  const all = await allOf(store, { superseded: true })
  assert.deepEqual(
    all.filter(({ superseded }) => superseded).map(({ entry, attempt }) => [entry['n'], attempt]),
    [
      ['run 1', 1],
      ['outer 1', 1],
      ['inside 1', 1],
    ],
  )
})

test('A13 what is thrown away by a redo or a reset counts no more, with what lies inside it; a reset run has nothing left', async t => {
  const { store } = await storeOfTest(t)
  let round = 0
  const work = async (run: Run) => {
    round++
    await run.stage('a', async ctx => {
      await ctx.record('s', { n: `a${round}` })
      await ctx.stage('in', inner => inner.record('s', { n: `in${round}` }))
    })
    await run.each('e', [1, 2], (item, ctx) => ctx.record('s', { n: `e${item}.${round}` }), { input: 1 })
  }
  await attemptOf(store, work)
  await attemptOf(store, work, { redo: ['a'] })
  assert.deepEqual(await said(store), ['e1.1', 'e2.1', 'a2', 'in2'])
  await store.reset('q/e')
  assert.deepEqual(await said(store), ['a2', 'in2'])
  await attemptOf(store, work)
  assert.deepEqual(await said(store), ['a2', 'in2', 'e1.3', 'e2.3'])
  await pipeline('keeps', run => run.record('s', { n: 'k' }, { artifact: { name: 'a', bytes: Buffer.from('kept') } })).run(
    {},
    { store, runId: 'k' },
  )
  assert.equal((await store.list({ run: 'k', where: { type: 'artifact' } })).length, 1)
  await store.reset('k')
  assert.deepEqual(await said(store, { run: 'k' }), [])
  assert.deepEqual(await store.list({ run: 'k' }), [])
})

test('A13 calls that are made again in one attempt, of a stage, an item or a batch, leave the entries of the last call', async t => {
  const { store } = await storeOfTest(t)
  const retry = { attempts: 3, delayMs: 0 }
  let calls = 0
  await attemptOf(store, async run => {
    await run.stage(
      'flaky',
      async ctx => {
        await ctx.record('s', { n: `stage call ${++calls}` })
        if (calls < 3) throw new Error('again')
      },
      { retry },
    )
    await run.each(
      'items',
      ['a', 'b'],
      async (item, ctx) => {
        await ctx.record('s', { n: `${item}${ctx.call}` })
        if (item === 'b' && ctx.call < 2) throw new Error('again')
      },
      { key: item => item, retry },
    )
    await run.each(
      'batches',
      [1, 2, 3, 4],
      async (items, ctx) => {
        await ctx.record('s', { n: items.join() })
        if (items.length > 1 && items.includes(3)) throw new Error('not together')
      },
      { batch: 2, input: 1, tolerate: { count: 1 } },
    )
  })
  assert.deepEqual(await said(store), ['stage call 3', 'a1', 'b2', '1,2', '3', '4'])
})

test('A13 after a pass that ended early, entries of recorded items stay, those of the others are superseded when the pass goes on', async t => {
  const { store } = await storeOfTest(t)
  let broken = true
  const work = (run: Run) =>
    run.each(
      'e',
      [0, 1, 2, 3],
      async (item, ctx) => {
        await ctx.record('s', { n: `${item} of ${run.attempt}` })
        if (item === 2 && broken) throw new Error('broken')
      },
      { input: 1 },
    )
  await failing(store, work)
  broken = false
  await attemptOf(store, work)
  assert.deepEqual(await said(store), ['0 of 1', '1 of 1', '2 of 2', '3 of 2'])
})

test('A13 the entry of an item that was set aside counts until the item is requeued', async t => {
  const { store } = await storeOfTest(t)
  let broken = true
  const work = (run: Run) =>
    run.each(
      'e',
      ['a', 'b', 'c'],
      async (item, ctx) => {
        await ctx.record('s', { n: `${item} of ${run.attempt}` })
        if (item === 'b' && broken) throw new Error('broken')
      },
      { key: item => item, tolerate: { count: 1 } },
    )
  await attemptOf(store, work)
  assert.deepEqual(await said(store), ['a of 1', 'b of 1', 'c of 1'])
  await store.requeue('q', { all: true })
  assert.deepEqual(await said(store), ['a of 1', 'c of 1'])
  broken = false
  await attemptOf(store, work)
  assert.deepEqual(await said(store), ['a of 1', 'c of 1', 'b of 2'])
})

test('A13 a fork shows the entries of what it was forked with, none of what the other run did later, and all runs together show each once', async t => {
  const { store } = await storeOfTest(t)
  const work = async (run: Run) => {
    await run.stage('a', ctx => ctx.record('s', { n: `a of ${run.id}` }))
    await run.stage('b', ctx => ctx.record('s', { n: `b of ${run.id}` }))
  }
  await attemptOf(store, work)
  await store.fork('q', { before: 'b', runId: 'f' })
  assert.deepEqual(await said(store, { run: 'f' }), ['a of q'])
  await pipeline('quant', work).run({}, { store, runId: 'f' })
  assert.deepEqual(await said(store, { run: 'f' }), ['a of q', 'b of f'])
  assert.deepEqual(await said(store, { run: 'q' }), ['a of q', 'b of q'])
  assert.deepEqual(await said(store), ['a of q', 'b of q', 'b of f'])
})

test('A13 pages together are what is asked for, by stream, pipeline, stage and time, in one order', async t => {
  const { store } = await storeOfTest(t)
  for (const name of ['one', 'two'])
    await pipeline(name, async run => {
      for (let n = 0; n < 7; n++)
        await run.stage('st', ctx => ctx.record(n % 2 === 0 ? 'even' : 'odd', { n: `${name}${n}` }), { key: n })
      await run.event('beside')
    }).run({}, { store, runId: name })
  await pipeline('none', run => run.stage('x', () => 1)).run({}, { store })
  const filters: StreamFilter[] = [
    {},
    { stream: 'odd' },
    { pipeline: 'two' },
    { stage: 'st[3]' },
    { run: 'one', stream: 'even' },
    { stream: 'no' },
  ]
  const counts: number[] = []
  for (const filter of filters) {
    const whole = await allOf(store, filter)
    counts.push(whole.length)
    const paged: StreamEntry[] = []
    for (let after: string | undefined; ; ) {
      const page = await store.records({ ...filter, limit: 3, ...(after === undefined ? {} : { after }) })
      assert.ok(page.entries.length <= 3)
      paged.push(...page.entries)
      if (page.next === undefined) break
      after = page.next
    }
    assert.deepEqual(paged, whole)
  }
  assert.deepEqual(counts, [14, 6, 7, 2, 4, 0])
  const [, , third] = await allOf(store, { run: 'one' })
  assert.ok(third !== undefined)
  const since = await allOf(store, { run: 'one', since: third.time })
  const until = await allOf(store, { run: 'one', until: third.time })
  assert.equal(since.length + until.length, 7)
  await assert.rejects(store.records({ after: 'nonsense' }), { code: 'invalid' })
  await assert.rejects(store.records({ steam: 'x' } as never), { code: 'invalid', remedy: 'Did you mean stream?' })
})

test('A13 the end of a run tells each stream: how many entries, of which status, and the newest; as many as recordTail says, also later', async t => {
  const { store } = await storeOfTest(t)
  for (const [recordTail, tail] of [
    [undefined, [2, 3, 4]],
    [1, [4]],
    [0, []],
  ] as const) {
    const told: RunEvent[] = []
    const runId = `tail-${recordTail}`
    const work = async (run: Run) => {
      for (let n = 0; n < 5; n++) await run.record('s', { n, status: n === 4 ? 'fail' : 'pass' })
    }
    await pipeline('p', work, recordTail === undefined ? {} : { recordTail }).run(
      {},
      { store, runId, onEvent: event => told.push(event) },
    )
    const ended = told.find(event => event.type === 'run.ended')
    const summaries = await store.recordSummary(runId)
    assert.deepEqual(ended?.records, summaries)
    assert.deepEqual(
      summaries.map(({ tail: newest, ...rest }) => ({ ...rest, tail: newest.map(({ entry }) => entry['n']) })),
      [{ stream: 's', entries: 5, statuses: { pass: 4, fail: 1 }, tail }],
    )
  }
  assert.equal((await store.recordSummary('tail-0', { tail: 2 }))[0]?.tail.length, 2)
  const told: RunEvent[] = []
  await pipeline('none', run => run.event('e')).run({}, { store, onEvent: event => told.push(event) })
  assert.ok(told.some(event => event.type === 'run.ended' && !('records' in event)))
})
