import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { blockStatement, type Followed } from '../../src/catalog/event-blocks.ts'
import type { BlockQuery, NewEventBlock, StreamPlace } from '../../src/catalog/event-index.ts'
import { eventIndexSchema } from '../../src/catalog/event-index-schema.ts'
import { SqliteConnection } from '../../src/catalog/sqlite-connection.ts'
import { openEventIndex } from '../../src/catalog/sqlite-event-index.ts'
import type { EventStatus } from '../../src/model/pipeline-event.ts'

const statuses: readonly EventStatus[] = ['info', 'error']

const anyBlock = fc.record({
  run: fc.constantFrom('r1', 'r2', undefined),
  first: fc.integer({ min: 0, max: 40 }),
  facets: fc.uniqueArray(
    fc.record({
      type: fc.constantFrom('a', 'b', 'c'),
      status: fc.constantFrom(...statuses),
      stage: fc.constantFrom('', 's', 't'),
      events: fc.constant(2),
    }),
    { minLength: 1, maxLength: 4, selector: ({ type, status, stage }) => `${type} ${status} ${stage}` },
  ),
})

const placed = ({ run, first, facets }: Pick<NewEventBlock, 'run' | 'first' | 'facets'>, n: number): NewEventBlock => ({
  ...{ run, first, facets, last: first, attempt: 1, from: 0, events: 2 * facets.length },
  ...(run === undefined ? { stream: '', token: 0, sequence: 0 } : { stream: run, token: 1, sequence: n + 1 }),
  position: { segment: 'seg', offset: 100 * n, length: 100 },
})

test('A9 of any blocks, a question for run, pipeline, types, statuses and stage finds all that hold it, in order, each once', async () => {
  const anyQuery = fc.record(
    {
      run: fc.constantFrom('r1', 'r2', 'none'),
      pipeline: fc.constantFrom('p1', 'p2'),
      types: fc.subarray(['a', 'b', 'none']),
      statuses: fc.subarray([...statuses]),
      stage: fc.constantFrom('', 's', 'none'),
    },
    { requiredKeys: [] },
  )
  const range = fc.integer({ min: -1, max: 41 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyBlock, { maxLength: 60 }),
      anyQuery,
      range,
      range,
      fc.boolean(),
      async (made, asked, from, to, newestFirst) => {
        const index = await openEventIndex(':memory:')
        const blocks = made.map(placed)
        index.change(writer => {
          // The pipeline of one run is known before, that of the other after its blocks.
          writer.setPipeline('r1', 'p1')
          for (const block of blocks) writer.put(block)
          writer.setPipeline('r2', 'p2')
          // Whoever puts them in once more puts in nothing.
          for (const block of blocks) writer.put(block)
        })
        const query: BlockQuery = { ...asked, from, to, newestFirst }
        const found = [...index.blocks(query)]
        const pipelineOf = (run: string | undefined) => (run === 'r1' ? 'p1' : run === 'r2' ? 'p2' : undefined)
        const wanted = blocks.filter(
          ({ run, first, facets }) =>
            (asked.run === undefined || run === asked.run) &&
            (asked.pipeline === undefined || pipelineOf(run) === asked.pipeline) &&
            first >= from &&
            first <= to &&
            facets.some(
              ({ type, status, stage }) =>
                asked.types?.includes(type) !== false &&
                asked.statuses?.includes(status) !== false &&
                (asked.stage === undefined || stage === asked.stage),
            ),
        )
        const offsets = (list: readonly NewEventBlock[]) => list.map(({ position }) => position.offset).sort((a, b) => a - b)
        // A stage and a pipeline together are followed by the stage alone: what is found is looked at once more.
        const isMeant = (run: string | undefined) => asked.pipeline === undefined || pipelineOf(run) === asked.pipeline
        const given = found.filter(({ run }) => isMeant(run)).map(block => ({ ...block, facets: [] }))
        assert.deepEqual(offsets(given), offsets(wanted))
        assert.equal(new Set(found.map(({ number }) => number)).size, found.length)
        const times = found.map(({ first }) => first)
        assert.deepEqual(
          times,
          times.toSorted((a, b) => (newestFirst ? b - a : a - b)),
        )
        for (const { run, pipeline } of found) assert.equal(pipeline, pipelineOf(run))
        const sum = index.counts('r1').reduce((all, { events }) => all + events, 0)
        const counted = blocks.filter(({ run }) => run === 'r1').reduce((all, { events }) => all + events, 0)
        assert.equal(sum, counted)
        index.close()
      },
    ),
    { numRuns: 300 },
  )
})

async function inFile(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-event-index-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'events.sqlite')
  const index = await openEventIndex(path)
  t.after(() => index.close())
  return { path, index }
}

const facets = [{ type: 'a', status: 'info' as const, stage: '', events: 2 }]
const everything: BlockQuery = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, newestFirst: false }

test('A9 what is moved, void, or in a segment that is gone is so in the index, and its numbers are never used again', async t => {
  const { index } = await inFile(t)
  index.change(writer => {
    for (let n = 0; n < 3; n++) writer.put(placed({ run: 'r', first: n, facets }, n))
    writer.put({ ...placed({ run: undefined, first: 9, facets }, 9), position: { segment: 'other', offset: 5, length: 1 } })
    writer.setMark({ segment: 'other', appliedEnd: 9, digest: '', provenEnd: 9 })
  })
  index.change(writer => {
    writer.move('r', 1, 2, { segment: 'new', offset: 7, length: 100 })
    assert.equal(writer.keepOnly('r', new Set(['1:1', '1:2']), 10), undefined)
  })
  const places = () => [...index.blocks(everything)].map(({ position }) => `${position.segment} ${position.offset}`)
  assert.deepEqual(places(), ['seg 0', 'new 7', 'other 5'])
  assert.equal(index.forget('other', 10), true)
  assert.deepEqual([places(), [...index.marks().keys()]], [['seg 0', 'new 7'], []])
  assert.deepEqual(index.counts('r'), [{ type: 'a', status: 'info', events: 4 }])
  index.change(writer => writer.put(placed({ run: 'r', first: 5, facets }, 5)))
  assert.equal(index.lastNumber(), 5)
  assert.deepEqual(
    index.blocksAfter(2, 10).map(({ number }) => number),
    [5],
  )
})

test('A9 a change that fails changes nothing, and what it called things is forgotten', async t => {
  const { index } = await inFile(t)
  assert.throws(() =>
    index.change(writer => {
      writer.put(placed({ run: 'lost', first: 1, facets }, 1))
      throw new Error('no')
    }),
  )
  index.change(writer => writer.put(placed({ run: 'kept', first: 1, facets }, 1)))
  assert.deepEqual(
    [...index.blocks(everything)].map(({ run }) => run),
    ['kept'],
  )
  assert.deepEqual([...index.blocks({ ...everything, run: 'lost' })], [])
  assert.deepEqual(index.types(), ['a'])
})

test('A9 a segment is forgotten some blocks at a time, and its mark with the last of them', async t => {
  const { index } = await inFile(t)
  index.change(writer => {
    for (let n = 0; n < 5; n++) writer.put(placed({ run: 'r', first: n, facets }, n))
    writer.setMark({ segment: 'seg', appliedEnd: 9, digest: '', provenEnd: 9 })
  })
  const left = () => [[...index.blocks(everything)].length, index.marks().size]
  assert.equal(index.forget('seg', 2), false)
  assert.deepEqual(left(), [3, 1])
  assert.equal(index.forget('seg', 2), false)
  assert.equal(index.forget('seg', 2), true)
  assert.deepEqual(left(), [0, 0])
  assert.deepEqual(index.counts('r'), [])
})

test('A9 of a stream the blocks that do not count are removed some at a time, and none that counts', async t => {
  const { index } = await inFile(t)
  index.change(writer => {
    for (let n = 0; n < 7; n++) writer.put(placed({ run: 'r', first: n, facets }, n))
    writer.put(placed({ run: 'other', first: 1, facets }, 8))
  })
  const counting = new Set(['1:1', '1:4', '1:7'])
  const left: number[] = []
  let place: StreamPlace | undefined
  do {
    place = index.change(writer => writer.keepOnly('r', counting, 3, place))
    left.push([...index.blocks({ ...everything, run: 'r' })].length)
  } while (place !== undefined)
  assert.deepEqual(left, [5, 3, 3])
  assert.deepEqual(
    [...index.blocks(everything)].map(({ stream, sequence }) => `${stream} ${sequence}`),
    ['r 1', 'other 9', 'r 4', 'r 7'],
  )
})

test('A9 an index is emptied some rows at a time, by whoever comes to it, and knows names by other numbers afterwards', async t => {
  const { path, index } = await inFile(t)
  const other = await openEventIndex(path)
  t.after(() => other.close())
  index.change(writer => {
    writer.setPipeline('r', 'p')
    for (let n = 0; n < 25; n++) writer.put(placed({ run: 'r', first: n, facets }, n))
    writer.setMark({ segment: 'seg', appliedEnd: 9, digest: '', provenEnd: 9 })
  })
  assert.equal(index.goOnClearing(10), true)
  const before = index.generation()
  index.clear()
  assert.notEqual(index.generation(), before)
  assert.equal(index.marks().size, 0)
  const begun = other.generation()
  // Known by a number that goes with its name.
  assert.equal([...other.blocks({ ...everything, run: 'r' })].length, 25)
  let steps = 1
  for (; !(steps % 2 === 0 ? index : other).goOnClearing(10); steps++) {
    const removed = 25 - index.blocksAfter(0, 100).length
    assert.ok(removed <= 10 * steps, String(removed))
  }
  assert.ok(steps > 3, String(steps))
  assert.deepEqual([index.types(), index.counts('r'), index.lastNumber()], [[], [], 0])
  assert.notEqual(other.generation(), begun)
  index.change(writer => writer.put(placed({ run: 'another', first: 1, facets }, 0)))
  index.change(writer => writer.put(placed({ run: 'r', first: 1, facets }, 1)))
  assert.deepEqual(
    [...other.blocks({ ...everything, run: 'r' })].map(({ run, number }) => `${run} ${number}`),
    ['r 27'],
  )
})

test('A9 kinds that are followed side by side are merged as they are read: SQLite sorts nothing, and reads no more than is asked for', t => {
  const connection = new SqliteConnection({ path: ':memory:' }, 0)
  t.after(() => connection.close())
  for (const statement of eventIndexSchema) connection.exec(statement)
  const run = { columns: ['run'], values: [1] }
  const asked: readonly (readonly [Followed, string])[] = [
    [{ table: 'block', index: 'block_by_time', columns: [], values: [], kinds: [] }, ''],
    [{ table: 'block', index: 'block_by_run', ...run, kinds: [] }, 'run=? AND '],
    [{ table: 'facet', index: 'facet_by_run', ...run, kinds: [4, 5, 6] }, 'run=? AND kind=? AND '],
  ]
  for (const [followed, search] of asked)
    for (const newestFirst of [true, false]) {
      const plan = `EXPLAIN QUERY PLAN ${blockStatement(followed, newestFirst)}`
      const steps = connection.all(plan).map(step => String(step['detail']))
      const wanted = `SEARCH ${followed.table} USING COVERING INDEX ${followed.index} (${search}`
      const found = steps.filter(step => step.startsWith(wanted))
      assert.equal(found.length, Math.max(1, followed.kinds.length), steps.join('; '))
      assert.deepEqual(
        steps.filter(step => step.includes('TEMP B-TREE') || step.includes('MATERIALIZE')),
        [],
      )
    }
})
