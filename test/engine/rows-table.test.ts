import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCheckpoint } from '../../src/engine/find-checkpoint.ts'
import { rowsTable } from '../../src/engine/rows-table.ts'
import { coreOf } from '../../src/engine/store.ts'
import { contentHash } from '../../src/tables/content-hash.ts'
import { tableFromRows } from '../../src/tables/table-from-rows.ts'
import { withStore } from './with-store.ts'

/** A little more than a batch. */
const many = 65_600
const late = (value: unknown) => (index: number) => (index === many - 1 ? value : index)
const cases: Readonly<Record<string, (index: number) => object>> = {
  'a fraction late, fractions only early, a column late, nothing but null in the first batch': index => ({
    n: late(0.5)(index),
    m: index < 65_536 ? index + 0.5 : index,
    empty: index < 65_536 ? null : true,
    gone: index < 65_536 ? 'x' : null,
    ...(index < many - 2 ? {} : { b: 'x', c: new Date(index) }),
  }),
  'an integer beyond 32 bits late, bigints': index => ({
    n: late(2 ** 40)(index),
    a: BigInt(index) << 40n,
    b: [index],
  }),
}

test('A1 rows get the same columns batch by batch as all at once, whatever comes late', () =>
  withStore(async store => {
    for (const [name, rowOf] of Object.entries(cases)) {
      const rows = Array.from({ length: many }, (_, index) => rowOf(index))
      const { id } = await store.save({ rows })
      const view = await findCheckpoint(coreOf(store), id)
      assert.ok(view)
      const [ours, whole] = [await rowsTable(coreOf(store), view, 0), tableFromRows(rows, undefined).table]
      assert.deepEqual(
        ours.fields.map(({ name: field, type }) => [field, type]),
        whole.fields.map(({ name: field, type }) => [field, type]),
        name,
      )
      assert.equal(contentHash(ours), contentHash(whole), name)
    }
    const mixed = await store.save({ rows: Array.from({ length: many }, (_, index) => ({ n: late('text')(index) })) })
    await assert.rejects(store.export(mixed.id, { format: 'csv' }).next(), { code: 'invalid', message: /65,?599/ })
  }))
