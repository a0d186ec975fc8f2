import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableFromArrays } from 'apache-arrow'
import { table } from 'waymark'
import { jsonValueOf, printedValue } from '../../src/cli/checkpoint-value.ts'
import { withShownTables } from '../../src/cli/shown-tables.ts'
import { shownValue } from '../../src/cli/shown-value.ts'
import { storeOfTest } from '../engine/store-of-test.ts'

test('A14 an Arrow table inside a larger value is printed as its columns and first rows, in JSON as its rows', async t => {
  const { store } = await storeOfTest(t)
  const prices = tableFromArrays({ a: Int32Array.from({ length: 7 }, (_, at) => at) })
  const value = { name: 'x', list: [table(prices)], by: new Map([['k', table(prices)]]), plain: new Date(0) }
  const info = await store.info((await store.save({ value })).id)
  const { text } = await printedValue(store, info, undefined)
  assert.match(text, /list: \[\s+Table of 7 rows, the first 5 \(a: int32\) \[ \{ a: 0 \}, .*\{ a: 4 \} \]\s+\]/)
  assert.match(text, /'k' => Table of 7 rows/)
  assert.doesNotMatch(text, /RecordBatch|Schema/)
  assert.match(shownValue(value)?.text ?? '', /Table of 7 rows/)
  const json = await jsonValueOf(store, info, undefined)
  const rows = Array.from({ length: 7 }, (_, a) => ({ a }))
  assert.deepEqual(json.value, { name: 'x', list: [rows], by: { k: rows }, plain: '1970-01-01T00:00:00.000Z' })
  assert.deepEqual(
    json.lossy.map(({ path }) => path),
    ['list[0]', 'by["k"]', 'by', 'plain'],
  )
  assert.equal(json.lossyCount, 4)
  const other = { a: [1, { b: new Map([['x', [1]]]) }] }
  assert.equal(withShownTables(other), other)
})
