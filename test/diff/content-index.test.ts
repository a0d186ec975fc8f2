import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contentHash, fullContentHash } from '../../src/diff/content-hash.ts'
import { ContentIndex } from '../../src/diff/content-index.ts'
import { diffRows } from '../../src/diff/diff-rows.ts'
import { diffValues } from '../../src/diff/diff-values.ts'
import { mergeValues } from '../../src/diff/merge-values.ts'
import { markTable, tableMarkOf } from '../../src/tables/table-mark.ts'

const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))
const longText = (at: number): string => `${'H'.repeat(60)}${1000 + at}${'T'.repeat(60)}`

test('E9 X6 the same rows in another order are equal: long texts that differ in the middle, lists as rows, paths left out inside', async () => {
  const tables: readonly (readonly [readonly unknown[], readonly string[]])[] = [
    [times(300, at => ({ img: longText(at) })), []],
    [times(300, at => [at, 'x']), ['other']],
    [times(300, at => ({ n: at, list: [{ at, ts: 0 }] })), ['**.ts']],
    [times(80, at => ({ deep: times(600, one => ({ in: { n: one === 599 ? at : 0 } })) })), []],
  ]
  for (const [rows, ignore] of tables) {
    const found = await diffRows(rows, structuredClone(rows.toReversed()), { ignore })
    assert.deepEqual([found.equal, found.added, found.removed], [rows.length, 0, 0], JSON.stringify(rows[1]).slice(0, 60))
  }
})

test('E9 X6 rows that no hash can tell apart are compared with one another, however many', async () => {
  const rows = times(100, at => ({ n: at, list: [at] }))
  const found = await diffRows(rows, rows.toReversed(), { ignore: ['list[7]', 'n'] })
  assert.deepEqual([found.equal, found.added], [100, 0])
  const index = new ContentIndex(rows, (a, b) => a === b, { quick: () => 0, full: () => 0 })
  for (const row of rows.toReversed()) assert.equal(rows[index.take(row) ?? -1], row)
  assert.equal(index.take(rows[5]), undefined)
})

test('E9 X6 what differs only where it is left out is the same row in any order: lists that are longer, Maps, objects', async () => {
  const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(1, 'a', null),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'ts'), tie('any'), { noNullPrototype: true }),
      fc.array(fc.tuple(fc.constantFrom('a', 'ts'), tie('any')), { maxLength: 2 }).map(entries => new Map(entries)),
    ),
  })).any
  const ignore = fc.constantFrom<string[]>('**.ts', 'ts', '*[1]', 'a[*]', 'a.**', '*', 'a.b', '**[0]')
  await fc.assert(
    fc.asyncProperty(value, value, ignore, async (one, other, path) => {
      const isSame = (await diffRows([{ id: 1, a: one }], [{ id: 1, a: other }], { ignore: [path] })).changed === 0
      const found = await diffRows([{ a: one }], [{ a: other }], { ignore: [path] })
      assert.equal(found.equal === 1, isSame)
    }),
    {
      numRuns: 300,
      examples: [
        [[1, 2], [1, 2, 3], 'a[2]'],
        [[9, 1, 2], [1, 2], 'a[0]'],
        [[{ ts: 1 }], [{ ts: 2 }], '**.ts'],
        [new Map([['ts', 1]]), new Map(), '**.ts'],
        [[1, [2]], [1, [2, 3]], 'a[1].**'],
      ],
    },
  )
})

test('E9 equal values have the same hash, whatever the order of keys and members and however large; what differs in the middle of a text or bytes has another', () => {
  const entries = times(600, at => [`k${at}`, { v: at, in: [{ at }] }] as const)
  const reversed = entries.toReversed()
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [Object.fromEntries(entries), Object.fromEntries(reversed)],
    [{ a: new Map(entries) }, { a: new Map(reversed) }],
    [new Set(entries.map(([, one]) => one)), new Set(reversed.map(([, one]) => one))],
  ]
  for (const [a, b] of pairs) {
    assert.equal(contentHash(a), contentHash(b))
    assert.equal(fullContentHash(a), fullContentHash(b))
  }
  assert.notEqual(contentHash(longText(1)), contentHash(longText(2)))
  assert.notEqual(contentHash(Buffer.from(longText(1))), contentHash(Buffer.from(longText(2))))
  const within: Record<string, unknown> = { n: 1 }
  Object.assign(within, { one: within, two: [within, within] })
  assert.equal(fullContentHash(within), fullContentHash({ ...within }))
  const [nan = 0] = new Float64Array(Uint8Array.of(1, 0, 0, 0, 0, 0, 0xf8, 0xff).buffer)
  assert.equal(contentHash(nan), contentHash(Number.NaN))
})

test('E9 objects as keys of a Map and members of a Set are found by what they hold, however many are alike at both ends', () => {
  const keys = times(300, at => ({ t: longText(at) }))
  const others = structuredClone(keys.toReversed())
  assert.deepEqual(diffValues(new Map(keys.map((key, at) => [key, at])), new Map(others.map((key, at) => [key, 299 - at]))), [])
  assert.deepEqual(diffValues(new Set(keys), new Set(others)), [])
})

test('E9 the union of two lists of objects stays a table where ours was one, and compares only what is alike by its hash', () => {
  const list = (from: number): object[] => times(3_000, at => ({ q: longText(from + at), w: [at + from] }))
  const [ours, theirs] = [list(0), list(1_000)]
  markTable(ours, { schema: undefined })
  let read = 0
  for (const one of theirs) {
    const text = Reflect.get(one, 'q')
    Object.defineProperty(one, 'q', {
      enumerable: true,
      get: () => {
        read++
        return text
      },
    })
  }
  const { value } = mergeValues([], ours, theirs, { strategy: 'union' })
  assert.ok(Array.isArray(value))
  assert.equal(value.length, 4_000)
  assert.ok(tableMarkOf(value) !== undefined)
  // Each with each would be nine million.
  assert.ok(read < 100_000, `read ${read} times`)
})

test('E9 a key that was asked for and names several: a comparison says that it was not used, a merge is refused', async () => {
  const a = [
    { a: 1, v: 1 },
    { a: 1, v: 2 },
  ]
  const found = await diffRows(a, a, { key: 'a' })
  assert.deepEqual([found.key, found.unusedKey, found.equal], [undefined, 'a', 2])
  assert.equal((await diffRows(a, a, { key: 'v' })).unusedKey, undefined)
  assert.throws(() => mergeValues({ a }, { a: [...a, ...a] }, { a: [] }, { arrayKey: 'a' }), { code: 'invalid' })
  assert.deepEqual(mergeValues({ a }, { a }, { a: [] }, { arrayKey: 'v' }).value, { a: [] })
})
