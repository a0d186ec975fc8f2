import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { isWaymarkError } from '../../src/model/errors.ts'
import { csv, type ItemFile, isItemFile, itemFilePath, jsonl } from '../../src/outputs/item-file.ts'

interface Order {
  readonly id: string
  readonly total: number
}

/** Stands for `run.each`: what the types of a file allow is checked by the compiler. */
function each<T, R>(
  items: ItemFile<T, never>,
  _work: (item: T) => R | Promise<R>,
  options: { output?: ItemFile<unknown, R> } = {},
) {
  return { items, output: options.output }
}

test('a description is known as one, touches no disk and is no list of items', () => {
  const file = jsonl<Order>('no/such/folder/in.jsonl')
  assert.equal(isItemFile(file), true)
  assert.equal(isItemFile(csv('in.csv')), true)
  assert.equal(Symbol.iterator in file, false)
  assert.equal(Symbol.asyncIterator in file, false)
  assert.equal(Object.isFrozen(file), true)
  for (const other of ['in.jsonl', undefined, null, {}, { kind: 'jsonl', path: 'x' }, []]) assert.equal(isItemFile(other), false)
})

test('a path stays as given and is resolved from the folder of whoever uses it', () => {
  assert.equal(jsonl('out/a.jsonl').path, 'out/a.jsonl')
  assert.equal(itemFilePath(jsonl('out/a.jsonl'), '/project'), '/project/out/a.jsonl')
  assert.equal(itemFilePath(jsonl('/elsewhere/a.jsonl'), '/project'), '/elsewhere/a.jsonl')
})

test('what cannot be a path, a delimiter or columns is invalid when the file is described', () => {
  const invalid = (make: () => unknown, text: RegExp) =>
    assert.throws(make, error => isWaymarkError(error, 'invalid') && text.test(error.message) && error.remedy !== '')
  invalid(() => jsonl(''), /"" cannot be the path/)
  invalid(() => jsonl('a\0b'), /cannot be the path/)
  // @ts-expect-error not a string
  invalid(() => jsonl(undefined), /undefined cannot be the path/)
  // @ts-expect-error not a string
  invalid(() => csv(new URL('file:///in.csv')), /cannot be the path/)
  for (const delimiter of ['', ';;', '"', '\n', '\r']) invalid(() => csv('a.csv', { delimiter }), /cannot separate/)
  invalid(() => csv('a.csv', { columns: [] }), /has no columns/)
  invalid(() => csv('a.csv', { columns: ['a', 'a'] }), /two columns named "a"/)
  invalid(() => csv('a.csv', { columns: [''] }), /without a name/)
})

test('the type of the items comes from the schema, or from the caller', () => {
  const schema = z.object({ id: z.string(), total: z.coerce.number() })
  each(jsonl('in.jsonl', { schema }), order => order.total.toFixed(2))
  each(csv('in.csv', { schema }), order => order.total.toFixed(2))
  each(jsonl<Order>('in.jsonl'), order => order.total)
  each(csv('in.csv'), row => row['id']?.toUpperCase())
  // @ts-expect-error without a type or schema nothing is known of the items
  each(jsonl('in.jsonl'), order => order.total)
  // @ts-expect-error no such property
  each(csv('in.csv', { schema }), order => order.price)
  // @ts-expect-error a bare string is a list of characters, not a file
  each('in.jsonl', order => order)
  // @ts-expect-error not a column of an order
  assert.equal(csv<Order>('out.csv', { columns: ['price'] }).columns?.length, 1)
})

test('an output takes what its type allows, and anything if it has none', () => {
  const orders = jsonl<Order>('in.jsonl')
  const enrich = async (order: Order) => ({ ...order, tax: 1 })
  each(orders, enrich, { output: jsonl('out.jsonl') })
  each(orders, enrich, { output: csv('out.csv') })
  each(orders, enrich, { output: csv('out.csv', { columns: ['id', 'tax'], append: true, delimiter: ';' }) })
  each(orders, enrich, { output: jsonl<Order>('out.jsonl') })
  // @ts-expect-error the function returns no invoices
  each(orders, enrich, { output: jsonl<{ invoice: string }>('out.jsonl') })
  // @ts-expect-error a row is an object
  each(orders, order => order.total, { output: csv('out.csv') })
  assert.equal(orders.append, false)
})
