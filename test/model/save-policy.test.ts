import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dalyIntervalMs, leastIntervalFor, youngIntervalMs } from '../../src/model/checkpoint-interval.ts'
import { meanTimeToFailureMs, priorMs } from '../../src/model/failure-rate.ts'
import { checkSavePolicy, saveCounts, saveInterval, shareAfterMs } from '../../src/model/save-policy.ts'

const minute = 60_000
const hour = 60 * minute

test("Daly's formula gives what his paper says under figures 3, 4 and 5 (X9)", () => {
  // A dump of 5 minutes; M = 24 h, 6 h and 15 min: 117, 57 and 9.1 minutes.
  const minutes = (meanTimeToFailureMs: number) => dalyIntervalMs({ costMs: 5 * minute, meanTimeToFailureMs }) / minute
  assert.equal(Math.round(minutes(24 * hour)), 117)
  assert.equal(Math.round(minutes(6 * hour)), 57)
  assert.equal(minutes(15 * minute).toFixed(1), '9.1')
})

test("Daly's formula ends where a save takes as long as two failures are apart: then M itself (X9)", () => {
  assert.equal(dalyIntervalMs({ costMs: 2 * hour, meanTimeToFailureMs: hour }), hour)
  const justBelow = dalyIntervalMs({ costMs: 2 * hour - 1, meanTimeToFailureMs: hour })
  assert.ok(justBelow > 0.8 * hour && justBelow < hour)
})

test("Young's formula gives the 3 hours that the authors of Distributed GraphLab work out with it (X9)", () => {
  // 64 machines that fail once a year each, a checkpoint of 2 minutes.
  const meanTimeToFailureMs = (365 * 24 * hour) / 64
  assert.equal(Math.round(youngIntervalMs({ costMs: 2 * minute, meanTimeToFailureMs }) / hour), 3)
})

test('where saves are cheap Young and Daly agree (X9)', () => {
  const costs = { costMs: 1, meanTimeToFailureMs: 24 * hour }
  const ratio = dalyIntervalMs(costs) / youngIntervalMs(costs)
  assert.ok(Math.abs(ratio - 1) < 0.001, `${ratio}`)
})

test('whatever a save costs and how often work fails, saves take no more than the allowed share of the time (X9)', () => {
  for (const overhead of [0.001, 0.01, 0.1, 0.5, 1]) {
    for (const costMs of [0, 0.01, 0.2, 5, 100, 3_000, 60_000]) {
      for (const meanTimeToFailureMs of [1_000, minute, hour, 30 * 24 * hour]) {
        const { ms } = saveInterval({ overhead }, { costMs, meanTimeToFailureMs })
        assert.ok(
          costMs === 0 || costMs / (costMs + ms) <= overhead * (1 + 1e-9),
          `${overhead} ${costMs} ${meanTimeToFailureMs}: ${ms}`,
        )
      }
    }
  }
  assert.equal(leastIntervalFor(1, 0.01), 99)
})

test('the interval says why it is what it is (X9)', () => {
  const day = 24 * hour
  const of = (costMs: number, meanTimeToFailure: number, policy = {}) =>
    saveInterval(policy, { costMs, meanTimeToFailureMs: meanTimeToFailure })
  assert.deepEqual(of(0, day), { ms: 50, reason: 'least' })
  assert.deepEqual(of(0.2, day), { ms: 1_000, reason: 'cheap' })
  assert.equal(of(500, hour).reason, 'optimum')
  assert.equal(of(500, hour).ms, dalyIntervalMs({ costMs: 500, meanTimeToFailureMs: hour }))
  assert.deepEqual(of(500, 1_000), { ms: 49_500, reason: 'overhead' })
  assert.deepEqual(of(2_000, 30 * day), { ms: 300_000, reason: 'most' })
  assert.deepEqual(of(10_000, day), { ms: 990_000, reason: 'overhead' })
  assert.deepEqual(of(500, hour, { ms: 7 }), { ms: 7, reason: 'given' })
})

test('a save is due after so many items, units or so large a share of them, whichever is first (C5 D2)', () => {
  const never = Number.POSITIVE_INFINITY
  assert.deepEqual(saveCounts({}, undefined), { items: never, shareItems: never })
  assert.deepEqual(saveCounts({}, 1_000), { items: never, shareItems: 50 })
  assert.deepEqual(saveCounts({ share: 0.1 }, 1_000), { items: 100, shareItems: 100 })
  assert.deepEqual(saveCounts({ items: 30, share: 0.1 }, 1_000), { items: 30, shareItems: 100 })
  assert.deepEqual(saveCounts({ units: 2 }, undefined, 50), { items: 100, shareItems: never })
  assert.equal(saveCounts({}, 3).shareItems, 1)
  assert.equal(shareAfterMs({}, 5), 495)
})

test('failures that were seen make the mean time to failure shorter, work without one longer', () => {
  const run = (attempt: number, hours: number, state: 'completed' | 'failed' = 'completed') => ({
    attempt,
    state,
    createdAt: 1_000,
    updatedAt: 1_000 + hours * hour,
  })
  assert.equal(meanTimeToFailureMs([]), priorMs)
  assert.equal(meanTimeToFailureMs([run(1, 24)]), 2 * priorMs)
  assert.equal(meanTimeToFailureMs([run(4, 24)]), priorMs / 2)
  assert.equal(meanTimeToFailureMs([run(1, 0, 'failed')]), priorMs / 2)
  // A run that lay for a month between two attempts has not worked for a month.
  assert.equal(meanTimeToFailureMs([run(2, 24 * 30)]), (3 * priorMs) / 2)
  assert.ok(meanTimeToFailureMs([run(1, -5)]) > 0)
})

test('a policy that cannot be meant is refused with a sentence', () => {
  for (const policy of [
    5,
    null,
    'often',
    { items: 0 },
    { items: 1.5 },
    { share: 0 },
    { share: 5 },
    { ms: -1 },
    { ms: '1s' },
    { every: 5 },
    { overhead: 2 },
  ]) {
    assert.throws(
      () => checkSavePolicy(policy, 'run.each("x")'),
      { code: 'invalid', message: /^run\.each\("x"\): save/ },
      JSON.stringify(policy),
    )
  }
  for (const policy of [undefined, {}, { items: 1, units: 3, share: 1, ms: 0, overhead: 0.5 }, { items: undefined }])
    checkSavePolicy(policy, 'x')
})
