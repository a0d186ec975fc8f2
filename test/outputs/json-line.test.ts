import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isWaymarkError } from '../../src/model/errors.ts'
import { jsonLine } from '../../src/outputs/json-line.ts'

test('what JSON would change silently is refused with its place in the item', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = [cycle]
  const cases: readonly (readonly [value: unknown, text: RegExp])[] = [
    [undefined, /item: undefined$/],
    [() => 1, /item: a function$/],
    [Symbol('x'), /item: a symbol$/],
    [1n, /item: a BigInt$/],
    [Number.NaN, /item: NaN is not a number in JSON$/],
    [{ a: { b: [1, Number.POSITIVE_INFINITY] } }, /at a\.b\[1\]: Infinity/],
    [{ total: 1n }, /at total: a BigInt/],
    [[1, undefined], /at \[1\]: undefined/],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    [[1, , 2], /at \[1\]: undefined/],
    [{ f() {} }, /at f: a function/],
    [new Map([['a', 1]]), /a Map/],
    [{ seen: new Set([1]) }, /at seen: a Set/],
    [{ reply: Promise.resolve(1) }, /at reply: a Promise \(is an await missing\?\)/],
    [{ bytes: new Uint8Array(3) }, /at bytes: binary data/],
    [{ bytes: Buffer.from('x') }, /at bytes: binary data/],
    [/x/, /a RegExp/],
    [{ error: new Error('x') }, /at error: an Error/],
    [{ at: new Date(Number.NaN) }, /at at: an invalid Date/],
    [cycle, /circular/],
    [{ toJSON: () => new Map() }, /item: a Map/],
    [{ toJSON: () => ({ n: Number.NaN }) }, /at n: NaN/],
    [{ toJSON: () => undefined }, /undefined/],
    [
      {
        toJSON: () => {
          throw new Error('my own')
        },
      },
      /my own/,
    ],
  ]
  for (const [value, text] of cases) {
    assert.throws(
      () => jsonLine(value),
      error => {
        assert.ok(isWaymarkError(error, 'invalid'), String(error))
        assert.match(error.message, text)
        return true
      },
    )
  }
})

test('a value nested deeper than JSON can go is refused, not a crash', () => {
  let deep: unknown = 1
  for (let i = 0; i < 200_000; i++) deep = [deep]
  assert.throws(
    () => jsonLine(deep),
    error => isWaymarkError(error, 'invalid'),
  )
})

test('dates, class instances, optional properties and odd text are held', () => {
  class Point {
    readonly x = 1
    readonly label = 'a\nb\u2028\ud800'
  }
  assert.equal(
    jsonLine({ at: new Date(0), url: new URL('https://example.org/a'), gone: undefined }),
    '{"at":"1970-01-01T00:00:00.000Z","url":"https://example.org/a"}',
  )
  assert.equal(jsonLine(new Point()), '{"x":1,"label":"a\\nb\u2028\\ud800"}')
  assert.equal(jsonLine(Object.assign(Object.create(null), { a: null })), '{"a":null}')
  const shared = { a: 1 }
  assert.equal(jsonLine([shared, shared]), '[{"a":1},{"a":1}]')
})

test('every JSON value is one line that reads back equal', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
      const line = jsonLine(value)
      assert.equal(line.includes('\n'), false)
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)))
    }),
  )
})
