import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressedPaths } from '../../src/model/scope.ts'

test('A1 the part of an address behind the run is a stage by its path, or STAGE/KEY of a loop', () => {
  assert.deepEqual(addressedPaths('prices'), ['prices'])
  assert.deepEqual(addressedPaths('prices[01]/inner'), ['prices[01]/inner', 'prices[01][inner]'])
  assert.deepEqual(addressedPaths('prices/01'), ['prices/01', 'prices[01]'])
  assert.deepEqual(addressedPaths('prices/2026/01'), ['prices/2026/01', 'prices[2026%2F01]'])
  assert.deepEqual(addressedPaths('prices/'), ['prices/', 'prices[]'])
})
