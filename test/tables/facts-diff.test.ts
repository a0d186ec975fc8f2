import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type TableFacts, tableFacts } from '../../src/tables/facts.ts'
import { factsDiff } from '../../src/tables/facts-diff.ts'
import { anyTable } from './any-table.ts'
import { tableOf } from './table-building.ts'

const a = { name: 'a', type: 'int64', nulls: 0, distinct: 2, min: 1, max: 2, mean: 1.5 }
const b = { name: 'b', type: 'utf8', nulls: 1, distinct: 1, min: 'x', max: 'x' }
const c = { name: 'c', type: 'bool', nulls: 0, distinct: 2, mean: 0.5 }

test('A17 a diff of facts tells rows, added, removed and retyped columns, and the facts that changed', () => {
  const before: TableFacts = { rows: 2, columns: [a, b] }
  const after: TableFacts = {
    rows: 3,
    columns: [{ ...a, type: 'float64', max: 5, mean: 3, nans: 1 }, c],
    time: { column: 't', from: '2024-01-01', to: '2024-01-02' },
  }
  assert.deepStrictEqual(factsDiff(before, after), {
    isSame: false,
    rows: { before: 2, after: 3 },
    added: [c],
    removed: [b],
    retyped: [{ name: 'a', before: 'int64', after: 'float64' }],
    isReordered: false,
    columns: [{ name: 'a', changes: { max: { before: 2, after: 5 }, mean: { before: 1.5, after: 3 }, nans: { after: 1 } } }],
    time: { column: { after: 't' }, from: { after: '2024-01-01' }, to: { after: '2024-01-02' } },
  })
})

test('A17 another order of columns alone is told', () => {
  const diff = factsDiff({ rows: 2, columns: [a, b, c] }, { rows: 2, columns: [a, c, b] })
  assert.deepStrictEqual([diff.isSame, diff.isReordered, diff.columns], [false, true, []])
})

test('A17 columns of the same name are compared one after the other', () => {
  const diff = factsDiff({ rows: 2, columns: [a, a] }, { rows: 2, columns: [a, { ...a, nulls: 1 }, a] })
  assert.deepStrictEqual(diff.columns, [{ name: 'a', changes: { nulls: { before: 0, after: 1 } } }])
  assert.equal(diff.added.length, 1)
})

test('A17 facts of the same rows in another order are the same', () => {
  fc.assert(
    fc.property(anyTable(), ({ fields, rows }) => {
      const diff = factsDiff(tableFacts(tableOf(fields, rows)), tableFacts(tableOf(fields, rows.toReversed())))
      assert.equal(diff.isSame, true, JSON.stringify(diff))
    }),
  )
})

test('A17 a mean counts as changed from one part in 10^12 on', () => {
  const changes = (mean: number) => factsDiff({ rows: 2, columns: [a] }, { rows: 2, columns: [{ ...a, mean }] }).isSame
  assert.deepStrictEqual([changes(1.5 * (1 + 1e-13)), changes(1.5 * (1 + 1e-11))], [true, false])
})
