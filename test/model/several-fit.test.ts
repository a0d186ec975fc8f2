import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enoughIds, severalFit } from '../../src/model/several-fit.ts'

const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `ab${at}`)

test('E9 the beginning of an id that fits several names ten of them, and says whether there are more', () => {
  const two = severalFit('runs', 'ab', ids(2))
  assert.equal(two.code, 'conflict')
  assert.equal(two.message, '"ab" fits several runs: ab0, ab1')
  assert.deepEqual(two.details, { candidates: ['ab0', 'ab1'] })
  assert.equal(severalFit('checkpoints', 'ab', ids(10)).message, `"ab" fits several checkpoints: ${ids(10).join(', ')}`)
  const more = severalFit('checkpoints', 'ab', ids(enoughIds))
  assert.equal(more.message, `"ab" fits several checkpoints: ${ids(10).join(', ')} …`)
  assert.deepEqual(more.details, { candidates: ids(10) })
})
