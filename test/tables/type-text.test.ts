import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ColumnType } from '../../src/tables/columnar.ts'
import { typeText } from '../../src/tables/type-text.ts'
import { field } from './table-building.ts'

const int64: ColumnType = { kind: 'int', bits: 64, signed: true }
const utf8: ColumnType = { kind: 'utf8', large: false }

test('A14 types have a short text', () => {
  const texts: Readonly<Record<string, ColumnType>> = {
    null: { kind: 'null' },
    uint8: { kind: 'int', bits: 8, signed: false },
    float16: { kind: 'float', bits: 16 },
    'decimal(12,2)': { kind: 'decimal', bits: 128, precision: 12, scale: 2 },
    'decimal256(50,-2)': { kind: 'decimal', bits: 256, precision: 50, scale: -2 },
    large_utf8: { kind: 'utf8', large: true },
    'fixed_binary[16]': { kind: 'fixed-binary', bytes: 16 },
    date: { kind: 'date', unit: 'day' },
    'date[ms]': { kind: 'date', unit: 'ms' },
    'time[ns]': { kind: 'time', unit: 'ns' },
    'timestamp[ms]': { kind: 'timestamp', unit: 'ms' },
    'timestamp[us, Europe/Berlin]': { kind: 'timestamp', unit: 'us', timezone: 'Europe/Berlin' },
    'interval[month-day-nano]': { kind: 'interval', unit: 'month-day-nano' },
    'list<utf8>': { kind: 'list', large: false, item: field('item', utf8) },
    'fixed_list<int64>[3]': { kind: 'fixed-list', size: 3, item: field('item', int64) },
    'struct<a: int64, "b, c": utf8>': { kind: 'struct', fields: [field('a', int64), field('b, c', utf8)] },
    'map<utf8, int64>': {
      kind: 'map',
      keysSorted: false,
      entries: field('entries', { kind: 'struct', fields: [field('key', utf8), field('value', int64)] }),
    },
    'dense_union<0=a: int64, 5=b: utf8>': {
      kind: 'union',
      mode: 'dense',
      typeIds: [0, 5],
      fields: [field('a', int64), field('b', utf8)],
    },
    'dictionary<utf8>': { kind: 'dictionary', index: { bits: 32, signed: true }, values: utf8, ordered: false, id: 1 },
    'dictionary<utf8, uint8, ordered>': {
      kind: 'dictionary',
      index: { bits: 8, signed: false },
      values: utf8,
      ordered: true,
      id: 1,
    },
  }
  for (const [text, type] of Object.entries(texts)) assert.equal(typeText(type), text)
})
