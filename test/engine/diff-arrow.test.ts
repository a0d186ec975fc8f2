import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Field, Int32, makeData, RecordBatch, Schema, Struct, Table } from 'apache-arrow'
import { table } from 'waymark'
import { withStore } from './with-store.ts'

test('E9 X6 Arrow tables with two columns of one name are compared by the places of their columns', () =>
  withStore(async store => {
    const schema = new Schema([new Field('a', new Int32()), new Field('a', new Int32())])
    const column = (...values: number[]) => makeData({ type: new Int32(), length: 2, data: Int32Array.from(values) })
    const save = (...second: number[]) => {
      const data = makeData({ type: new Struct(schema.fields), length: 2, children: [column(1, 2), column(...second)] })
      return store.save({ value: table(new Table(schema, new RecordBatch(schema, data))) })
    }
    const report = await store.diff((await save(10, 20)).id, (await save(10, 30)).id)
    assert.ok(report.kind === 'checkpoints' && report.content.form === 'rows')
    const { added, removed, equal, samples } = report.content
    assert.deepEqual([added, removed, equal], [1, 1, 1])
    assert.deepEqual([samples.removed, samples.added], [[{ a: 2, 'a (2)': 20 }], [{ a: 2, 'a (2)': 30 }]])
  }))

test('E9 an array in a value in which the named key is not unique is told of', () =>
  withStore(async store => {
    const save = (v: number) =>
      store.save({
        value: {
          rows: [
            { a: 1, v: 1 },
            { a: 1, v },
          ],
        },
      })
    const report = await store.diff((await save(2)).id, (await save(3)).id, { arrayKey: 'a' })
    assert.ok(report.kind === 'checkpoints' && report.content.form === 'value')
    assert.deepEqual(report.content.keyUnusedAt, ['rows'])
  }))
