import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { isWaymarkError } from 'waymark'
import { compareValues } from '../../src/diff/compare-values.ts'
import type { DiffOptions } from '../../src/diff/diff-options.ts'
import { diffValues } from '../../src/diff/diff-values.ts'
import { anyValue } from './any-value.ts'
import { applyDifferences } from './apply-differences.ts'

test('E9 X6 what is reported of two values makes the second of the first', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      assert.deepStrictEqual(applyDifferences(a, diffValues(a, b)), b)
    }),
    { numRuns: 1500 },
  )
})

test('E9 X6 a value differs in nothing from a copy of itself, and in something from any other', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      // Nothing applied is a copy.
      assert.deepEqual(diffValues(a, applyDifferences(a, [])), [])
      if (diffValues(a, b).length === 0) assert.deepStrictEqual(a, b)
    }),
    { numRuns: 500 },
  )
})

/** Kind and path of each. */
const told = (a: unknown, b: unknown, options: DiffOptions = {}): string[] =>
  diffValues(a, b, options).map(({ kind, path }) => `${kind} ${path}`)

test('E9 what looks alike and is not the same differs: types, -0, NaN, Dates, bytes, holes, prototypes', () => {
  const different: readonly (readonly [unknown, unknown])[] = [
    [0, -0],
    [1, 1n],
    [1, '1'],
    [null, undefined],
    [[undefined], new Array(1)],
    [{ a: undefined }, {}],
    [new Date(0), new Date(1)],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [/a/g, /a/],
    [new Uint8Array([1]), new Uint8ClampedArray([1])],
    [new Float64Array([0]), new Float64Array([-0])],
    [new Map([['a', 1]]), { a: 1 }],
    [new Set([1]), [1]],
    [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
    [{ ['__proto__']: 1 }, {}],
    [Object.create(null), {}],
    [new TypeError('a'), new Error('a')],
    [new Error('a', { cause: 1 }), new Error('a', { cause: 2 })],
    [new URL('http://a/'), new URL('http://b/')],
    [Object(1), Object(2)],
  ]
  for (const [a, b] of different) {
    assert.ok(diffValues(a, b).length > 0, inspect([a, b]))
    assert.ok(diffValues({ in: [a] }, { in: [b] }).length > 0, `inside: ${inspect([a, b])}`)
  }
  const equal: readonly (readonly [unknown, unknown])[] = [
    [Number.NaN, Number.NaN],
    [new Date(Number.NaN), new Date(Number.NaN)],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    ],
    [new Set(['a', new Date(1)]), new Set([new Date(1), 'a'])],
    [new Map([[{ x: 1 }, 1]]), new Map([[{ x: 1 }, 1]])],
    [Buffer.from('abc').subarray(1), Buffer.from('bc')],
  ]
  for (const [a, b] of equal) assert.deepEqual(diffValues(a, b), [])
})

test('E9 paths are those that --path knows, in the value in which they are', () => {
  const a = {
    'odd name': 1,
    rows: [
      { id: 7, x: 1 },
      { id: 8, x: 2 },
    ],
    byId: new Map<unknown, number>([
      ['k', 1],
      [2, 3],
    ]),
    tags: new Set(['a']),
  }
  const b = {
    'odd name': 2,
    rows: [
      { id: 9, x: 0 },
      { id: 8, x: 3 },
    ],
    byId: new Map<unknown, number>([['k', 2]]),
    tags: new Set(['b']),
  }
  assert.deepEqual(told(a, b), [
    'changed ["odd name"]',
    'added rows[0]',
    'removed rows[0]',
    'changed rows[1].x',
    'changed byId[map key "k"]',
    'removed byId[map key 2]',
    'added tags[set member "b"]',
    'removed tags[set member "a"]',
  ])
})

test('E9 elements with a key of their own are known by it: a move is a move, whatever else changed', () => {
  const a = [
    { id: 'a', n: 1 },
    { id: 'b', n: 2 },
    { id: 'c', n: 3 },
    { id: 'd', n: 4 },
  ]
  const b = [
    { id: 'd', n: 4 },
    { id: 'a', n: 1 },
    { id: 'b', n: 20 },
    { id: 'c', n: 3 },
  ]
  assert.deepEqual(told(a, b), ['moved [0]', 'changed [2].n'])
  const withSku = (rows: readonly { readonly id: string }[]) => rows.map(({ id, ...rest }) => ({ sku: id, ...rest }))
  assert.deepEqual(told(withSku(a), withSku(b), { arrayKey: 'sku' }), ['moved [0]', 'changed [2].n'])
  assert.ok(!told(withSku(a), withSku(b)).includes('moved [0]'), 'a key that nobody named is not guessed')
})

test('E9 without keys, what was put in or taken out of an array is all that is told', () => {
  const a = Array.from({ length: 400 }, (_, n) => ({ at: n, text: `row ${n}` }))
  const b = [{ at: -1, text: 'new' }, ...a.slice(0, 100), ...a.slice(103, 300), { at: -2, text: 'new' }, ...a.slice(300)]
  assert.deepEqual(told(a, structuredClone(b)), ['added [0]', 'removed [100]', 'removed [101]', 'removed [102]', 'added [298]'])
  assert.deepEqual(told([1, 2, 3, 4], [2, 3, 4, 5]), ['removed [0]', 'added [3]'])
  assert.deepEqual(told([5, 5, 5, 5], [5, 6, 5, 7]), ['changed [1]', 'changed [3]'])
})

test('E9 arrays of 50,000 elements that all moved or changed are compared in a time that grows with their length', () => {
  const numbers = Array.from({ length: 50_000 }, (_, n) => n)
  const rotated = [...numbers.slice(20_000), ...numbers.slice(0, 20_000)]
  assert.equal(diffValues(numbers, rotated, { limit: 10 }).length, 10)
  const objects = numbers.map(n => ({ n }))
  assert.equal(compareValues(objects, objects.map(({ n }) => ({ n: n + 0.5 })).reverse()).counts.changed, 50_000)
  const keyed = numbers.map(id => ({ id }))
  assert.equal(compareValues(keyed, keyed.toReversed()).counts.moved, 49_999)
})

test('E9 cycles, objects that stand at many places and 4,000 levels are followed without end or repetition', () => {
  interface Ring {
    next?: Ring
    n: number
  }
  const ring = (n: number): Ring => {
    const [first, second]: Ring[] = [{ n: 1 }, { n }]
    if (first !== undefined && second !== undefined) Object.assign(first, { next: Object.assign(second, { next: first }) })
    return first ?? { n: 0 }
  }
  assert.deepEqual(told(ring(2), ring(2)), [])
  assert.deepEqual(told(ring(2), ring(3)), ['changed next.n'])
  // Two ways at each of 60 levels: 2^60 places, 60 objects.
  const shared = (leaf: number): unknown => {
    let value: unknown = Array.from({ length: 100 }, (_, n) => ({ n, leaf }))
    for (let level = 0; level < 60; level++) value = { left: value, right: value }
    return value
  }
  assert.deepEqual(told(shared(1), shared(1)), [])
  const deep = (leaf: number): unknown => {
    let value: unknown = leaf
    for (let level = 0; level < 4_000; level++) value = { in: value }
    return value
  }
  assert.equal(diffValues(deep(1), deep(1)).length, 0)
  assert.equal(diffValues(deep(1), deep(2))[0]?.steps.length, 4_000)
  let deeper = deep(1)
  for (let level = 0; level < 7_000; level++) deeper = { in: deeper }
  assert.throws(
    () => diffValues(deeper, { in: deeper }),
    (error: unknown) => isWaymarkError(error, 'limit'),
  )
})

test('E9 what is ignored is left out with all that is in it, wherever a wildcard fits', () => {
  const a = { ts: 1, rows: [{ ts: 1, n: 1, 'x.y': 1 }], deep: { cache: { a: 1 }, temp_a: 1, b: { ts: 2 } } }
  const b = { ts: 2, rows: [{ ts: 2, n: 2, 'x.y': 2 }], deep: { cache: { a: 2 }, temp_a: 2, b: { ts: 3 } } }
  const all = told(a, b)
  assert.equal(all.length, 7)
  const without = (...ignore: string[]) =>
    all.filter(one => !told(a, b, { ignore }).includes(one)).map(one => one.replace('changed ', ''))
  assert.deepEqual(without('ts'), ['ts'])
  assert.deepEqual(without('*.ts'), [])
  assert.deepEqual(without('rows[*].ts'), ['rows[0].ts'])
  assert.deepEqual(without('rows[0]["x.y"]'), ['rows[0]["x.y"]'])
  assert.deepEqual(without('**.ts'), ['ts', 'rows[0].ts', 'deep.b.ts'])
  assert.deepEqual(without('deep.*.a', '*.temp_*'), ['deep.cache.a', 'deep.temp_a'])
  assert.deepEqual(without('deep'), ['deep.cache.a', 'deep.temp_a', 'deep.b.ts'])
  for (const wrong of ['', 'a..b', 'a[', '["a]', '.a']) {
    assert.throws(
      () => diffValues(1, 2, { ignore: [wrong] }),
      (error: unknown) => isWaymarkError(error, 'invalid'),
      wrong,
    )
  }
})

test('E9 what is equal is counted, whichever way it was found equal; differences beyond the limit are counted too', () => {
  const rows = Array.from({ length: 300 }, (_, n) => ({ n, tags: ['a', 'b'] }))
  const a = { rows, same: { x: 1, y: 2 }, changed: 1, list: [1, 2, 3] }
  const b = structuredClone({ ...a, changed: 2, list: [0, 1, 2, 3, 4] })
  const { counts, equal, equalIn, sizes, differences } = compareValues(a, b, { limit: 2 })
  assert.deepEqual(counts, { changed: 1, added: 2, removed: 0, moved: 0 })
  assert.equal(differences.length, 2)
  assert.equal(equal, 300 * 3 + 2 + 3)
  assert.deepEqual(equalIn, [
    { path: 'rows', equal: 900 },
    { path: 'same', equal: 2 },
  ])
  assert.deepEqual(sizes, [{ path: 'list', before: 3, after: 5 }])
  assert.equal(compareValues(a, b, { ignore: ['nothing'] }).equal, equal)
})

test('E9 an instance of a class is compared by what stands for it', () => {
  class Money {
    readonly #cents: number
    constructor(cents: number) {
      this.#cents = cents
    }
    get content() {
      return { content: [this.#cents] }
    }
  }
  const contentOf = (value: object) => (value instanceof Money ? value.content : undefined)
  assert.deepEqual(told({ a: new Money(1) }, { a: new Money(2) }, { contentOf }), ['changed a'])
  assert.deepEqual(told({ a: new Money(1) }, { a: new Money(1) }, { contentOf }), [])
})
