import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CheckpointToRetain, type RunToRetain, retain } from '../../src/model/retention.ts'

const day = 86_400_000
const now = 1_000 * day
const rule = { now, olderThanMs: 7 * day, newestRuns: 2 }

const run = (id: string, daysAgo: number, changes: Partial<RunToRetain> = {}): RunToRetain => ({
  id,
  pipeline: 'orders',
  finished: true,
  createdAt: now - daysAgo * day,
  endedAt: now - daysAgo * day,
  ...changes,
})

const checkpoint = (id: string, order: number, changes: Partial<CheckpointToRetain> = {}): CheckpointToRetain => ({
  id,
  type: 'stage',
  order,
  status: 'active',
  pinned: false,
  stage: 'extract',
  ...changes,
})

const runs = [run('new', 20), run('newer', 19), run('old', 30), run('older', 40), run('open', 50, { finished: false })]

test('[A5] what is old is removed; each other checkpoint is kept with its reason', () => {
  const reasons = retain(
    [
      checkpoint('in-new', 9, { run: 'new' }),
      checkpoint('in-newer', 10, { run: 'newer' }),
      checkpoint('in-old', 5, { run: 'old' }),
      checkpoint('pinned', 4, { run: 'older', pinned: true }),
      checkpoint('in-open', 3, { run: 'open' }),
      checkpoint('of-nobody', 2),
      checkpoint('of-a-label', 1, { run: 'no-run' }),
      checkpoint('newest-of-its-stage', 6, { run: 'old', stage: 'load' }),
      checkpoint('another-of-it', 5, { run: 'older', stage: 'load' }),
    ],
    runs,
    rule,
  )
  assert.deepEqual(Object.fromEntries(reasons), {
    'in-new': 'among the newest runs of its pipeline',
    'in-newer': 'among the newest runs of its pipeline',
    'in-old': 'old',
    pinned: 'pinned',
    'in-open': 'its run is unfinished',
    'of-nobody': 'of no pipeline’s run',
    'of-a-label': 'of no pipeline’s run',
    'newest-of-its-stage': 'the newest good one of its stage',
    'another-of-it': 'old',
  })
})

test('the age is that of the run’s end, and the border is exact', () => {
  const aged = (endedAt: number) =>
    retain([checkpoint('a', 1, { run: 'r' }), checkpoint('b', 2, { run: 's' })], [run('r', 90, { endedAt }), run('s', 90)], {
      ...rule,
      newestRuns: 0,
    }).get('a')
  assert.equal(aged(now - 7 * day), 'old')
  assert.equal(aged(now - 7 * day + 1), 'its run ended not long ago')
})

test('a damaged checkpoint is not the good one of its stage: the newest before it is kept', () => {
  const reasons = retain(
    [
      checkpoint('damaged', 3, { run: 'old', status: 'damaged' }),
      checkpoint('good', 2, { run: 'old' }),
      checkpoint('before', 1, { run: 'older' }),
    ],
    runs,
    rule,
  )
  assert.deepEqual([...reasons.values()], ['old', 'the newest good one of its stage', 'old'])
})

test('results of items are in several checkpoints: those of the newest pass are kept together', () => {
  const items = { type: 'items', stage: 'load' }
  const reasons = retain(
    [
      checkpoint('first', 5, { run: 'old', ...items }),
      checkpoint('second', 6, { run: 'old', ...items }),
      checkpoint('damaged', 7, { run: 'old', ...items, status: 'damaged' }),
      checkpoint('before', 4, { run: 'older', ...items }),
      checkpoint('one', 8, { run: 'old', stage: 'load' }),
      checkpoint('redone', 9, { run: 'old', stage: 'load' }),
    ],
    runs,
    rule,
  )
  const kept = 'the newest good one of its stage'
  assert.deepEqual([...reasons.values()], [kept, kept, 'old', 'old', 'old', kept])
})

test('stages are told apart by pipeline and type, and the calls of a loop are one stage', () => {
  const others = [
    ...runs,
    run('other', 60, { pipeline: 'prices' }),
    run('other-2', 61, { pipeline: 'prices' }),
    run('other-3', 62, { pipeline: 'prices' }),
  ]
  const reasons = retain(
    [
      checkpoint('a', 1, { run: 'old', stage: 'load[2026-10-01]' }),
      checkpoint('b', 2, { run: 'old', stage: 'load[2026-10-02]' }),
      checkpoint('c', 3, { run: 'old', stage: 'load[2026-10-02]', type: 'items' }),
      checkpoint('d', 4, { run: 'other-3', stage: 'load[2026-10-02]' }),
    ],
    others,
    rule,
  )
  const kept = 'the newest good one of its stage'
  assert.deepEqual([...reasons.values()], ['old', kept, kept, kept])
})
