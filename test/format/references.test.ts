import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codec } from '../../src/format/codec.ts'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { anyValue } from './any-value.ts'

test('a cycle is refused with the path where it closes, without references', () => {
  const order: Record<string, unknown> = { id: 1, items: [{ name: 'a' }] }
  const state = { orders: [order] }
  order['parent'] = { back: order }
  assert.throws(() => encodeValue(state), {
    code: 'invalid',
    details: { path: 'orders[0].parent.back' },
    message: 'Cannot store orders[0].parent.back: it is orders[0] again, which contains it.',
  })
})

test('a cycle far down is refused too', () => {
  const innermost: Record<string, unknown> = {}
  let value: unknown = innermost
  for (let level = 0; level < 40; level++) value = { down: value }
  innermost['self'] = innermost
  assert.throws(() => encodeValue(value), { code: 'invalid', message: /which contains it/ })
})

test('an object met twice is two equal objects without references, and one with them', () => {
  const shared = { total: 1 }
  const value = { first: shared, second: shared }
  const copies = decodeValue(encodeValue(value))
  assert.deepStrictEqual(copies, { first: { total: 1 }, second: { total: 1 } })
  assert.ok(isPair(copies) && copies.first !== copies.second)
  const same = decodeValue(encodeValue(value, { references: true }))
  assert.ok(isPair(same) && same.first === same.second)
})

test('cycles through every kind of container come back as cycles', () => {
  const list: unknown[] = []
  const object: Record<string, unknown> = { list }
  const map = new Map<unknown, unknown>()
  const set = new Set<unknown>()
  const error = new Error('x', { cause: map })
  const bare = Object.create(null)
  bare.error = error
  map.set(map, set)
  set.add(set).add(list)
  Object.assign(error, { bare })
  list.push(object, list, map, error)
  const bytes = encodeValue(object, { references: true })
  const read = decodeValue(bytes)
  assert.ok(hasList(read))
  const [first, second, readMap, readError] = read.list
  assert.equal(first, read)
  assert.equal(second, read.list)
  assert.ok(readMap instanceof Map && readError instanceof Error)
  const readSet = readMap.get(readMap)
  assert.ok(readSet instanceof Set && readSet.has(readSet) && readSet.has(read.list))
  assert.equal(readError.cause, readMap)
  assert.equal(Reflect.get(Reflect.get(readError, 'bare'), 'error'), readError)
  assert.deepStrictEqual(encodeValue(read, { references: true }), bytes)
})

test('shared leaves are one object again: dates, bytes, instances of registered classes', () => {
  class Money {
    readonly cents: number
    constructor(cents: number) {
      this.cents = cents
    }
  }
  const codecs = [codec(Money, { tag: 'money', encode: money => [money.cents], decode: ([cents]) => new Money(cents) })]
  const leaves = [new Date(5), new Uint8Array([1]), Buffer.from('x'), /a/, new URL('https://example.com/'), new Money(7)]
  const read = decodeValue(encodeValue([leaves, leaves.slice()], { references: true, codecs }), { codecs })
  assert.deepStrictEqual(read, [leaves, leaves])
  for (const index of leaves.keys()) assert.equal(read[0]?.[index], read[1]?.[index])
})

test('what is not shared is encoded the same with references as without', () => {
  fc.assert(
    fc.property(anyValue, value => {
      // Reading makes every object anew, so that nothing is shared by accident of the generator.
      const fresh = decodeValue(encodeValue(value))
      assert.deepStrictEqual(encodeValue(fresh, { references: true }), encodeValue(fresh))
    }),
    { numRuns: 300 },
  )
})

test('any value with parts used twice comes back with its identities', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(20), { maxLength: 12 }), (parts, order) => {
      const value = order.map(index => parts[index % parts.length])
      const bytes = encodeValue(value, { references: true })
      const read = decodeValue(bytes)
      assert.deepStrictEqual(read, value)
      assert.ok(Array.isArray(read))
      for (const [index, element] of value.entries()) {
        if (typeof element !== 'object' || element === null) continue
        assert.equal(read.indexOf(read[index]), value.indexOf(element))
      }
      assert.deepStrictEqual(encodeValue(read, { references: true }), bytes)
    }),
    { numRuns: 500 },
  )
})

test('an instance whose codec stores the instance itself is refused', () => {
  class Node {
    self: Node | undefined
  }
  const node = new Node()
  node.self = node
  const codecs = [codec(Node, { tag: 'node', encode: instance => ({ self: instance.self }), decode: () => new Node() })]
  assert.throws(() => encodeValue({ node }, { codecs, references: true }), { code: 'invalid', message: /codec "node"/ })
  assert.throws(() => encodeValue({ node }, { codecs }), { code: 'invalid', message: /which contains it/ })
})

function isPair(value: unknown): value is { first: unknown; second: unknown } {
  return typeof value === 'object' && value !== null && 'first' in value && 'second' in value
}

function hasList(value: unknown): value is { list: unknown[] } {
  return typeof value === 'object' && value !== null && 'list' in value && Array.isArray(value.list)
}
