import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, count, duration, etaRange, percent, rate, roughDuration, timeText } from '../../src/cli/render/quantities.ts'

test('numbers are shown as people read them', () => {
  assert.deepEqual([0, 999, 1000, 37_210, 1_234_567].map(count), ['0', '999', '1,000', '37,210', '1,234,567'])
  assert.deepEqual([0, 999, 1000, 18_200, 59_949, 59_950, 422_000, 22_320_000, 273_600_000].map(duration), [
    '0 ms',
    '999 ms',
    '1.0 s',
    '18.2 s',
    '59.9 s',
    '1 m 00 s',
    '7 m 02 s',
    '6 h 12 m',
    '3 d 4 h',
  ])
  assert.deepEqual([4_000, 59_600, 438_000, 3_569_000, 3_571_000, 90_000_000].map(roughDuration), [
    '4 s',
    '1 m',
    '7 m',
    '59 m',
    '1 h',
    '1 d',
  ])
  assert.deepEqual([0, 999, 1000, 61_900, 999_600, 3_900_000_000].map(bytes), [
    '0 B',
    '999 B',
    '1.0 KB',
    '62 KB',
    '1.0 MB',
    '3.9 GB',
  ])
  assert.deepEqual([5200, 52.1, 3.4, 0.2, 0.001].map(rate), ['5,200/s', '52/s', '3.4/s', '12/min', '4/h'])
  assert.equal(timeText(1_795_140_000_000), '2026-11-20T02:00:00Z')
})

test('100 % is said only when all is done', () => {
  assert.deepEqual([percent(999_999, 1_000_000), percent(1_000_000, 1_000_000), percent(0, 0)], [99, 100, 100])
})

test('an ETA is a range, in one unit where it can be', () => {
  assert.equal(etaRange({ low: 360_000, likely: 438_000, high: 540_000 }, '–'), '7 m (6–9)')
  assert.equal(etaRange({ low: 40_000, likely: 70_000, high: 150_000 }, '-'), '1 m (40 s-3)')
  assert.equal(etaRange({ low: 40_000, likely: 40_100, high: 40_200 }, '-'), '40 s')
})
