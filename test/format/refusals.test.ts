import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codec } from '../../src/format/codec.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

class Plain {
  x = 1
}
class Sub extends Map {}

function refuse(value: unknown, path: string, message: RegExp, options?: Parameters<typeof encodeValue>[1]): void {
  assert.throws(
    () => encodeValue(value, options),
    (error: unknown) => {
      assert.ok(isWaymarkError(error, 'invalid'), String(error))
      assert.equal(error.details['path'], path)
      assert.match(error.message, message)
      assert.notEqual(error.remedy, '')
      return true
    },
  )
}

test('what would not come back is refused when saving, with its path [pitfall 15]', () => {
  refuse(() => 1, '', /the value: a function/)
  refuse({ a: { b: [0, Symbol('s')] } }, 'a.b[1]', /a symbol/)
  refuse({ orders: [1, 2, { total: new Number(3) }] }, 'orders[2].total', /a Number/)
  refuse({ 'odd name': [Promise.resolve()] }, '["odd name"][0]', /a Promise/)
  refuse([new WeakMap()], '[0]', /a WeakMap/)
  refuse({ x: new Plain() }, 'x', /a Plain/)
  refuse([new Sub()], '[0]', /a Sub/)
  refuse({ x: Object.create({ inherited: 1 }) }, 'x', /prototype of its own/)
  refuse({ x: Object.create(Date.prototype) }, 'x', /prototype of Date/)
  refuse({ x: Object.create(Map.prototype) }, 'x', /prototype of Map/)
  refuse({ x: new SharedArrayBuffer(1) }, 'x', /a SharedArrayBuffer/)
  refuse({ x: new URLSearchParams('a=1') }, 'x', /an? URLSearchParams/)
  refuse((function* () {})(), '', /Generator/)
})

test('the path goes through Maps, Sets, errors and registered classes', () => {
  const bad = () => 1
  refuse({ byId: new Map([['a', { f: bad }]]) }, 'byId[map key "a"].f', /a function/)
  refuse(new Map([[7, bad]]), '[map key 7]', /a function/)
  refuse(
    new Map<unknown, unknown>([
      ['fine', 1],
      [{ k: bad }, 1],
    ]),
    '[key number 2 of the map].k',
    /a function/,
  )
  refuse(new Map<unknown, unknown>([[{ k: 1 }, bad]]), '[map key number 1]', /a function/)
  refuse({ s: new Set([1, [bad]]) }, 's[set element 2][0]', /a function/)
  refuse([new Error('x', { cause: { f: bad } })], '[0].cause.f', /a function/)
  refuse(Object.assign(new Error('x'), { extra: [bad] }), 'extra[0]', /a function/)
  refuse(Object.assign(Object.create(null), { f: bad }), 'f', /a function/)
  const codecs = [codec(Plain, { tag: 'plain', encode: () => ({ inner: [bad] }), decode: () => new Plain() })]
  refuse({ p: new Plain() }, 'p.inner[0]', /a function/, { codecs })
})

test('properties that would be lost are refused: accessors, symbols, extras on built-in objects', () => {
  refuse(
    {
      a: {
        get total() {
          return 1
        },
      },
    },
    'a.total',
    /accessor/,
  )
  refuse({ a: { set total(_value: unknown) {} } }, 'a.total', /accessor/)
  refuse([{ [Symbol('key')]: 1 }], '[0][Symbol(key)]', /symbol as key/)
  refuse([Object.assign([1, 2], { total: 3 })], '[0].total', /would be lost/)
  refuse(
    [
      Object.assign(
        Array.from({ length: 1000 }, () => 0),
        { total: 3 },
      ),
    ],
    '[0].total',
    /would be lost/,
  )
  refuse([Object.assign(new Array(1000), { 7: 1, [Symbol('s')]: 3 })], '[0][Symbol(s)]', /symbol as key/)
  refuse({ match: /(?<year>\d+)/.exec('2026') }, 'match.groups', /would be lost/)
  refuse({ d: Object.assign(new Date(0), { zone: 'UTC' }) }, 'd.zone', /would be lost/)
  refuse({ m: Object.assign(new Map(), { name: 'x' }) }, 'm.name', /would be lost/)
  refuse(
    (function () {
      // biome-ignore lint/complexity/noArguments: it is what is refused
      return arguments
    })(),
    '',
    /arguments object/,
  )
})

test('what is not enumerable is left out, as everywhere in JavaScript', () => {
  const value = Object.defineProperty({ a: 1 }, 'hidden', { value: () => 1 })
  Object.defineProperty(value, Symbol('hidden'), { value: 1 })
  Object.defineProperty(value, 'computed', { get: () => 1 })
  assert.deepStrictEqual(encodeValue(value), encodeValue({ a: 1 }))
})

test('properties that would be lost are found in a value of very many objects', () => {
  const many = (bad: object) => [
    ...Array.from({ length: 20_000 }, (_, id) => ({ id })),
    ...Array.from({ length: 200 }, () => bad),
  ]
  assert.throws(
    () =>
      encodeValue(
        many({
          get id() {
            return 1
          },
        }),
      ),
    { code: 'invalid' },
  )
  assert.throws(() => encodeValue(many({ id: 1, [Symbol('s')]: 1 })), { code: 'invalid' })
})

test('an error raised by code of the user while saving is refused with its path and cause', () => {
  const failure = new Error('no connection')
  const proxy = new Proxy(
    {},
    {
      ownKeys: () => {
        throw failure
      },
    },
  )
  assert.throws(
    () => encodeValue({ list: [proxy] }),
    (error: unknown) => isWaymarkError(error, 'invalid') && error.cause === failure && error.details['path'] === 'list[0]',
  )
  const codecs = [
    codec(Plain, {
      tag: 'plain',
      encode: () => {
        throw failure
      },
      decode: () => new Plain(),
    }),
  ]
  refuse([new Plain()], '[0]', /no connection/, { codecs })
})

test('an object that changes while it is written is refused, never half written', () => {
  const target: Record<string, unknown> = { first: new Plain(), second: 1 }
  const map = new Map<unknown, unknown>([['first', new Plain()]])
  const growing = (grow: () => void) => [
    codec(Plain, {
      tag: 'plain',
      encode: () => {
        grow()
        return 1
      },
      decode: () => new Plain(),
    }),
  ]
  assert.throws(() => encodeValue(target, { codecs: growing(() => delete target['second']) }), { message: /changed while/ })
  assert.throws(() => encodeValue(map, { codecs: growing(() => map.set('second', 1)) }), { message: /changed while/ })
})

test('nesting beyond 1000 levels is a limit, not a crash, also when the stack is nearly full', () => {
  const nested = (levels: number) => {
    let value: unknown = null
    for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { down: value } : [value]
    return value
  }
  assert.ok(encodeValue(nested(1000)).length > 0)
  assert.throws(() => encodeValue(nested(1001)), { code: 'limit', message: /deeper than 1000 levels/ })
  const value = nested(900)
  const results = new Set<unknown>()
  const descend = (): void => {
    try {
      descend()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    try {
      encodeValue(value)
      results.add('stored')
    } catch (error) {
      if (error instanceof RangeError) return
      results.add(isWaymarkError(error) ? error.code : error)
    }
  }
  descend()
  assert.deepEqual([...results].sort(), ['limit', 'stored'])
})

test('an array with very many holes is a limit instead of a full memory', () => {
  const sparse: unknown[] = []
  sparse[4_000_000_000] = 1
  assert.throws(() => encodeValue({ sparse }), { code: 'limit', message: /sparse: an array with more than 1000000 holes/ })
})
