import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellJson } from '../../src/outputs/cell-json.ts'
import { cellValue } from '../../src/outputs/cell-value.ts'
import type { Cell } from '../../src/tables/arrow-cell.ts'
import type { ColumnField, ColumnType } from '../../src/tables/columnar.ts'

const field = (name: string, type: ColumnType): ColumnField => ({ name, type, nullable: true, metadata: new Map() })
const number = field('n', { kind: 'int', bits: 32, signed: true })
const text = field('t', { kind: 'utf8', large: false })

const cases: readonly (readonly [ColumnType, Cell, string])[] = [
  [{ kind: 'union', mode: 'sparse', typeIds: [0, 1], fields: [number, text] }, { field: 1, value: 'x' }, '"x"'],
  [{ kind: 'union', mode: 'dense', typeIds: [0, 1], fields: [number, text] }, { field: 0, value: 3 }, '3'],
  [{ kind: 'list', large: false, item: number }, [1, null, 3], '[1,null,3]'],
  [{ kind: 'struct', fields: [number, text] }, [1, 'x'], '{"n":1,"t":"x"}'],
  [
    { kind: 'map', keysSorted: false, entries: field('entries', { kind: 'struct', fields: [text, number] }) },
    [['a', 1]],
    '[{"t":"a","n":1}]',
  ],
]

test('A1 values inside values are alike as JSON text and as what JSON is made of: unions as what is in them, lists, structs, maps', () => {
  for (const [type, cell, json] of cases) {
    assert.equal(cellJson(type, cell, 'c'), json)
    assert.deepEqual(cellValue(type, cell, 'c'), JSON.parse(json))
  }
})
