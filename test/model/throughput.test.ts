import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blendSpeeds, Throughput } from '../../src/model/throughput.ts'

test('B16 what was seen before an attempt counts most when it has just begun, and less and less', () => {
  const own = { recent: 1, overall: 1, prior: 3 }
  const rates = [0, 60_000, 600_000, 60_000_000].map(elapsedMs => blendSpeeds({ ...own, elapsedMs }).rate)
  assert.deepEqual(rates.slice(0, 2), [3, 2])
  assert.ok((rates[2] ?? 0) < 1.2 && (rates[3] ?? 0) < 1.01)
})

test('B16 where nothing was seen before, the last minute and the attempt count alike', () => {
  assert.equal(blendSpeeds({ recent: 1, overall: 3, elapsedMs: 600_000 }).rate, 2)
})

test('B16 the range holds what each of the speeds alone would say', () => {
  const speed = new Throughput(0)
  speed.prior = 0.05
  for (let second = 1; second <= 90; second++) speed.measure(second * 1000, Math.min(second, 60) * 100, undefined)
  const { etaMs } = speed.measure(90_000, 6_000, 10_000)
  assert.ok(etaMs !== undefined)
  assert.ok(etaMs.low < etaMs.likely && etaMs.likely < etaMs.high)
  // Over the attempt, and before it.
  const alone = [6_000 / 90_000, 0.05].map(rate => 10_000 / rate)
  for (const ms of alone) assert.ok(etaMs.low <= ms && ms <= etaMs.high, `${ms} is not within ${etaMs.low} to ${etaMs.high}`)
})

test('B16 items that an earlier attempt recorded are no speed', () => {
  const speed = new Throughput(1_000_000)
  // 900,000 were recorded before; this attempt did 10 in 10 s.
  const { itemsPerSecond, etaMs } = speed.measure(1_010_000, 10, 100)
  assert.equal(itemsPerSecond, 1)
  assert.equal(etaMs?.likely, 100_000)
})
