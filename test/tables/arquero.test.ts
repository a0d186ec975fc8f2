import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as arrow from 'apache-arrow'
import * as arquero from 'arquero'
import { arrowTableFrom } from 'waymark'

const given = () =>
  arquero.table({
    id: [1, 2, 3],
    ratio: [0.5, null, -2],
    name: ['tea', '', null],
    day: [new Date('2026-01-02T03:04:05.678Z'), null, new Date(0)],
    good: [true, false, null],
  })

test('A1 a table of arquero becomes an Arrow table with its values and nulls, by itself, by its IPC stream and by its IPC file', async () => {
  const made = given().derive({ twice: (row: { id: number }) => row.id * 2 })
  for (const value of [made, made.toArrowIPC(), made.toArrowIPC({ format: 'file' }), made.filter('d => true')]) {
    const table = await arrowTableFrom<arrow.Table>(Object(value))
    assert.ok(table instanceof arrow.Table)
    assert.deepEqual(
      table.schema.fields.map(({ name }) => name),
      ['id', 'ratio', 'name', 'day', 'good', 'twice'],
    )
    const column = (name: string): unknown[] => [...(table.getChild(name) ?? [])]
    assert.deepEqual(column('id').map(Number), [1, 2, 3])
    assert.deepEqual(column('ratio'), [0.5, null, -2])
    assert.deepEqual(column('name'), ['tea', '', null])
    assert.deepEqual(
      column('day').map(at => (at === null ? null : Number(at))),
      [Date.UTC(2026, 0, 2, 3, 4, 5, 678), null, 0],
    )
    assert.deepEqual(column('good'), [true, false, null])
    assert.deepEqual(column('twice').map(Number), [2, 4, 6])
  }
})

test('A1 rows that arquero filtered and ordered away are not in the table', async () => {
  const table = await arrowTableFrom<arrow.Table>(given().filter('d => d.id > 1').orderby(arquero.desc('id')))
  assert.deepEqual([...(table.getChild('id') ?? [])].map(Number), [3, 2])
})

test('A1 the Arrow table that arquero itself makes (of flechette) is refused with what to give instead', async () => {
  await assert.rejects(arrowTableFrom(Object(given().toArrow())), {
    code: 'invalid',
    remedy: /Give Arrow IPC bytes, an arquero table/,
  })
})
