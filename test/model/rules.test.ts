import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nearest } from '../../src/model/did-you-mean.ts'
import { HybridClock } from '../../src/model/hybrid-clock.ts'
import { newSegmentId } from '../../src/model/ids.ts'
import { escapeKey, isInside, itemPath, stagePath, unescapeKey } from '../../src/model/scope.ts'
import { Throughput } from '../../src/model/throughput.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

test('order grows although the clock goes backwards [pitfall 9]', () => {
  const clock = new FakeClock()
  const order = new HybridClock(clock)
  const before = order.next()
  clock.jump(-3_600_000)
  const after = order.next()
  assert.ok(after > before)
  order.observe(after + 1_000_000)
  assert.equal(order.next(), after + 1_000_001)
})

test('names of segments sort by the time they were made', () => {
  const clock = new FakeClock()
  const random = seededRandom(1)
  const first = newSegmentId(clock, random)
  clock.jump(1)
  const second = newSegmentId(clock, random)
  assert.ok(first < second)
  assert.equal(first.length, 26)
})

test('any key can stand in a path and comes back from it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), key => {
      const escaped = escapeKey(key)
      assert.doesNotMatch(escaped, /[[\]/]/)
      if (key.isWellFormed()) assert.equal(unescapeKey(escaped), key)
    }),
  )
})

test('paths nest: stage[item]/stage', () => {
  const item = itemPath(stagePath('', 'enrich'), 'a/b[1]')
  const inner = stagePath(item, 'fetch')
  assert.equal(inner, 'enrich[a%2Fb%5B1%5D]/fetch')
  assert.ok(isInside(inner, 'enrich'))
  assert.ok(!isInside('enrichment', 'enrich'))
  for (const name of ['', 'a/b', 'a[b]', '@last']) {
    assert.throws(() => stagePath('', name), { code: 'invalid' }, name)
  }
})

test('items that an earlier attempt finished are no speed', () => {
  const speed = new Throughput(0)
  const { itemsPerSecond, etaMs } = speed.measure(10_000, 100, 900)
  assert.equal(itemsPerSecond, 10)
  assert.ok(etaMs !== undefined && Math.abs(etaMs.likely - 90_000) < 1)
  assert.ok(etaMs.low < etaMs.likely && etaMs.likely < etaMs.high)
  assert.deepEqual(new Throughput(0).measure(10_000, 0, 5), {})
})

test('a stage that slows down is expected to take longer than its mean says', () => {
  const speed = new Throughput(0)
  for (let second = 1; second <= 60; second++) speed.measure(second * 1000, second * 100, undefined)
  for (let second = 61; second <= 180; second++) speed.measure(second * 1000, 6000 + (second - 60) * 10, undefined)
  const { etaMs } = speed.measure(180_000, 7200, 1000)
  assert.ok(etaMs !== undefined && etaMs.likely > 1000 / (7200 / 180_000))
})

test('near names are suggested, far ones are not', () => {
  assert.equal(nearest('extrct', ['extract', 'load']), 'extract')
  assert.equal(nearest('laod', ['extract', 'load']), 'load')
  assert.equal(nearest('zzz', ['extract', 'load']), undefined)
})
