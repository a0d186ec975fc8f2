import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spanText } from '../../src/model/span-text.ts'

test('B13 a span of time is said in the unit that fits it', () => {
  const said = (ms: number) => spanText(ms)
  assert.deepEqual([0, 40.7, 999].map(said), ['0 ms', '40 ms', '999 ms'])
  assert.deepEqual([1_000, 1_999, 2_000, 90_000].map(said), ['1 second', '1 second', '2 seconds', '90 seconds'])
  assert.deepEqual([60_000, 120_000, 119 * 60_000].map(said), ['1 minute', '2 minutes', '119 minutes'])
  assert.deepEqual([3_600_000, 24 * 3_600_000, 47 * 3_600_000].map(said), ['1 hour', '24 hours', '47 hours'])
  assert.deepEqual([48 * 3_600_000, 40 * 86_400_000, Number.POSITIVE_INFINITY].map(said), ['2 days', '40 days', 'for ever'])
})
