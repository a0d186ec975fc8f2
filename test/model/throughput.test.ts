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

test('B16 the range is the wider the less the speeds agree, and never narrow', () => {
  const widthOf = (prior: number | undefined) => {
    const speed = new Throughput(0)
    speed.prior = prior
    for (let second = 1; second <= 30; second++) speed.measure(second * 1000, second * 100, undefined)
    const { etaMs } = speed.measure(30_000, 3_000, 10_000)
    assert.ok(etaMs !== undefined && etaMs.low < etaMs.likely && etaMs.likely < etaMs.high)
    return etaMs.high / etaMs.low
  }
  const [alone, agreeing, slower, muchSlower] = [widthOf(undefined), widthOf(0.1), widthOf(0.05), widthOf(0.01)]
  assert.ok(Math.abs(alone - 1.21) < 1e-9 && Math.abs(agreeing - 1.21) < 1e-9)
  assert.ok(agreeing < slower && slower < muchSlower)
})

test('B16 items that an earlier attempt recorded are no speed', () => {
  const speed = new Throughput(1_000_000)
  // 900,000 were recorded before; this attempt did 10 in 10 s.
  const { itemsPerSecond, etaMs } = speed.measure(1_010_000, 10, 100)
  assert.equal(itemsPerSecond, 1)
  assert.equal(etaMs?.likely, 100_000)
})
