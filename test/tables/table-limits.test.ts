import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, table } from 'waymark'
import { ObjectShapes } from '../../src/tables/row-shapes.ts'
import { textsOf } from '../../src/tables/row-texts.ts'
import { schemaFields } from '../../src/tables/schema-fields.ts'
import { tableFromRows } from '../../src/tables/table-from-rows.ts'
import { tableMarkOf } from '../../src/tables/table-mark.ts'

const refusal = (act: () => unknown): { readonly message: string; readonly details: Readonly<Record<string, unknown>> } => {
  try {
    act()
  } catch (error) {
    if (isWaymarkError(error, 'invalid')) return error
    throw error
  }
  throw new assert.AssertionError({ message: 'it was not refused' })
}

/** From JSON, as what is checked nowhere before. */
const schemaOf = (type: string) => ({ a: JSON.parse(type) })

test('[A1] texts that are too long to be decoded together are decoded in runs of whole ones', () => {
  const texts = ['', 'ab', 'äöü', '😀😀', 'x'.repeat(30), '', 'é', '\ufeffx', '']
  const bytes = Buffer.from(texts.join(''))
  const offsets = [0]
  for (const text of texts) offsets.push((offsets.at(-1) ?? 0) + Buffer.byteLength(text))
  let longest = 0
  const toText = Buffer.prototype.toString
  for (const most of [1, 2, 5, 7, 12, 30, 31, 1_000]) {
    longest = 0
    Buffer.prototype.toString = function (this: Buffer, encoding?: BufferEncoding, start = 0, end = this.length) {
      longest = Math.max(longest, end - start)
      return toText.call(this, encoding, start, end)
    }
    try {
      assert.deepEqual(textsOf(bytes, offsets, most), texts)
    } finally {
      Buffer.prototype.toString = toText
    }
    assert.ok(longest <= Math.max(most, 30), `${longest} bytes at once where ${most} may be`)
  }
})

const noTypes: readonly (readonly [string, unknown])[] = [
  ['{"kind":"int","bits":7,"signed":true}', 1],
  ['{"kind":"int"}', 1],
  ['{"kind":"wat"}', 1],
  ['{"kind":"decimal","bits":32,"precision":30,"scale":2}', '1.00'],
  ['{"kind":"timestamp","unit":"min"}', new Date(0)],
  ['{"kind":"timestamp","unit":"ms","timezone":"\\ud800"}', new Date(0)],
  ['{"kind":"list","item":{"name":"x","type":{"kind":"int","bits":32,"signed":true}}}', [1]],
  ['{"kind":"list","large":false,"item":{"name":"x","nullable":true,"type":{"kind":"int","bits":9,"signed":true}}}', [1]],
  ['{"kind":"fixed-list","size":-1,"item":{"name":"x","nullable":true,"type":{"kind":"bool"}}}', [true]],
  ['{"kind":"dictionary","values":{"kind":"utf8","large":false}}', 'x'],
  ['"timestamp[ms, \\ud800]"', new Date(0)],
  ['"struct<a: int8, a: int8>"', { a: 1 }],
  ['"fixed_list<int32>[5000000]"', null],
  [JSON.stringify('list<'.repeat(100_000)), [1]],
]
for (const [type, a] of noTypes) {
  test(`[A1] ${type.slice(0, 80)} is refused as type of a column before anything is saved`, () => {
    assert.match(refusal(() => table([{ a }], { schema: schemaOf(type) })).message, /type/)
  })
}

test('[A1] a type given as data is that of the time of table(), whatever becomes of the object', () => {
  const schema = schemaOf(
    '{"kind":"list","large":false,"item":{"name":"x","nullable":true,"type":{"kind":"int","bits":32,"signed":true}}}',
  )
  const rows = table([{ a: [1] }], { schema })
  schema.a.item.type.bits = 8
  const kept = tableMarkOf(rows)?.schema
  assert.ok(kept)
  const [field] = schemaFields(kept)
  assert.deepEqual(field?.type.kind === 'list' && field.type.item.type, { kind: 'int', bits: 32, signed: true })
})

test('[A1] a property of a list or Date in a cell, which would be lost, is refused with column and row', () => {
  const long = Array.from({ length: 50 }, (_, index) => index)
  const extra = { note: 'x' }
  const symbol = { [Symbol('s')]: 1 }
  for (const [rows, row] of [
    [[{ a: Object.assign([1], extra) }], 0],
    [[{ a: [1] }, { a: Object.assign([...long], extra) }], 1],
    [[{ a: new Date(0) }, {}, { a: Object.assign(new Date(0), extra) }], 2],
    [[{ a: [new Date(0)] }, { a: [Object.assign(new Date(0), extra)] }], 1],
    [[{ a: { b: [[]] } }, { a: { b: [Object.assign([], extra)] } }], 1],
    [[{ a: Object.assign([1], symbol) }], 0],
  ] as const) {
    const { message, details } = refusal(() => tableFromRows(rows, undefined))
    assert.match(message, /column "a.*would be lost/)
    assert.equal(details['row'], row)
  }
})

test('[A1] rows within themselves are refused with column and row, however they go round', () => {
  const self: Record<string, unknown> = { a: 1 }
  self['self'] = self
  const list: unknown[] = []
  for (let times = 0; times < 30; times++) list.push(list)
  const mixed: Record<string, unknown> = {}
  mixed['items'] = [{ back: mixed }, { back: mixed }]
  for (const bad of [self, { list }, mixed]) {
    const { message, details } = refusal(() => tableFromRows([{}, bad], undefined, '.rows'))
    assert.match(message, /table at \.rows.*column ".*" of row 1, is within itself/)
    assert.equal(details['row'], 1)
  }
})

test('[A1] rows nest up to 100 levels, and deeper ones are refused with column and row', () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { o: value } : [value]
    return value
  }
  assert.equal(tableFromRows([{ a: nested(99) }], undefined).table.rowCount, 1)
  for (const levels of [100, 101, 50_000]) {
    const { message, details } = refusal(() => tableFromRows([{ b: 1 }, { b: 1, c: nested(levels) }], undefined))
    assert.match(message, /row 1, nests deeper than 100 levels/)
    assert.equal(details['row'], 1)
  }
  const type = `${'list<'.repeat(150)}bool${'>'.repeat(150)}`
  assert.match(refusal(() => tableFromRows([], schemaFields({ a: type }))).message, /deeper than 100/)
})

test('[A1] objects that nearly all have keys of their own are refused, before they fill the memory', () => {
  const unique = Array.from({ length: 6_000 }, (_, index) => ({ [`k${index}`]: index }))
  assert.match(refusal(() => tableFromRows(unique, undefined)).message, /keys are missing/)
  assert.match(refusal(() => tableFromRows([{ a: unique }], undefined)).message, /keys are missing/)
  // Only a few rows; many with some keys each; objects that are few, but have all keys.
  assert.equal(tableFromRows(unique.slice(0, 50), undefined).table.fields.length, 50)
  const gathered = (values: readonly unknown[]): number => {
    const shapes = new ObjectShapes(undefined, '', 'row')
    shapes.gather(values, 0, values.length)
    return shapes.names.length
  }
  const some = Array.from({ length: 30_000 }, (_, index) => ({ a: index, [`k${index % 300}`]: 1 }))
  assert.equal(gathered(some), 301)
  const few = Array.from({ length: 500_000 }, (_, index) => (index % 1_000 === 31 ? { a: 1, b: index } : null))
  for (let key = 0; key < 20; key++) few[31] = { a: 1, b: 0, ...few[31], [`k${key}`]: key }
  assert.equal(gathered(few), 22)
})

test('[A1] lists with more items than can be looked at together are refused, those of null rows too', () => {
  const list = new Array<number>(1_000_000).fill(1)
  const many = Array.from({ length: 101 }, () => ({ a: list }))
  assert.match(refusal(() => tableFromRows(many, undefined)).message, /"a" have 101000000 items/)
  const nulls = Array.from({ length: 101 }, () => ({ a: null }))
  const schema = schemaFields({ a: 'fixed_list<int8>[1000000]' })
  assert.match(refusal(() => tableFromRows(nulls, schema)).message, /"a" have 101000000 items/)
})

test('[A1] a value of a list of fixed length that does not fit is refused with its own row', () => {
  const schema = schemaFields({ a: 'fixed_list<int8>[2]' })
  const { details } = refusal(() => tableFromRows([{ a: [1, 2] }, { a: null }, { a: [3, 300] }], schema))
  assert.equal(details['row'], 2)
})
