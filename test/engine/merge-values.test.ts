import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mergeValues } from '../../src/diff/merge-values.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

/** Values with every kind of container. */
const anyValue = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom('a', 'b', null, undefined, true, Number.NaN, -0, 10n, new Date(5)),
    fc.dictionary(fc.constantFrom('id', 'x', 'y', '__proto__'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 4 }), x: tie('value') }, { noNullPrototype: true }), {
      maxLength: 3,
      selector: one => one.id,
    }),
    fc.array(fc.tuple(fc.constantFrom('k', 1, 2n), tie('value')), { maxLength: 3 }).map(entries => new Map(entries)),
    fc.array(fc.constantFrom('m', 1, 2n, null), { maxLength: 3 }).map(members => new Set(members)),
  ),
})).value

test('E9 what only one side changed is taken from it, whatever it is', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (base, x) => {
      for (const [a, b] of [
        [base, x],
        [x, base],
        [x, x],
        [structuredClone(x), x],
      ]) {
        const { value, conflicts } = mergeValues(base, a, b)
        assert.deepEqual(value, x)
        assert.deepEqual(conflicts, [])
      }
    }),
    { numRuns: 400 },
  )
})

const ids = [0, 1, 2, 3, 4, 5]
const table = fc.tuple(...ids.map(() => fc.integer())).map(cells => cells.map((n, id) => ({ id, n, m: n })))

test('E9 changes at different places are all taken, in whichever order', () => {
  const change = fc.record({ id: fc.integer({ min: 0, max: 5 }), to: fc.oneof(fc.integer(), fc.constant('gone')) })
  fc.assert(
    fc.property(table, fc.array(change, { maxLength: 4 }), fc.array(change, { maxLength: 4 }), (rows, ours, theirs) => {
      const taken = new Set(ours.map(({ id }) => id))
      const changed = (changes: typeof ours) => {
        const to = new Map(changes.map(one => [one.id, one.to]))
        return rows.flatMap(row => {
          const n = to.get(row.id)
          if (n === 'gone') return []
          return [typeof n === 'number' ? { ...row, n } : row]
        })
      }
      const others = theirs.filter(({ id }) => !taken.has(id))
      const both = changed([...ours, ...others])
      for (const wrap of [
        (list: unknown[]) => list,
        (list: readonly { id: number }[]) => new Map(list.map(row => [row.id, row])),
        (list: readonly { id: number }[]) => Object.fromEntries(list.map(row => [`r${row.id}`, row])),
      ]) {
        const [base, a, b] = [wrap(rows), wrap(changed(ours)), wrap(changed(others))]
        const one = mergeValues(base, a, b)
        assert.deepEqual(one.conflicts, [])
        assert.deepEqual(one.value, wrap(both))
        assert.deepEqual(mergeValues(base, b, a).value, one.value)
      }
    }),
    { numRuns: 200 },
  )
})

test('E9 what both changed differently is reported with its path and the three values, and decided as asked', () => {
  const base = {
    settings: { limit: 1, name: 'x' },
    rows: [
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
    ],
    tags: ['p'],
    gone: { k: 1 },
  }
  const a = { settings: { limit: 2, name: 'x' }, rows: [{ id: 'b', n: 2 }], tags: ['p', 'q'] }
  const b = {
    settings: { limit: 3, name: 'y' },
    rows: [
      { id: 'a', n: 9 },
      { id: 'b', n: 3 },
    ],
    tags: ['p', 'r', 's'],
    gone: { k: 2 },
  }
  const failed = mergeValues(base, a, b)
  assert.deepEqual(
    failed.conflicts.map(({ path, ...rest }) => [path, rest]),
    [
      ['settings.limit', { base: 1, ours: 2, theirs: 3 }],
      ['rows[0]', { base: { id: 'a', n: 1 }, theirs: { id: 'a', n: 9 } }],
      ['rows[0].n', { base: 1, ours: 2, theirs: 3 }],
      ['tags', { base: ['p'], ours: ['p', 'q'], theirs: ['p', 'r', 's'] }],
      ['gone', { base: { k: 1 }, theirs: { k: 2 } }],
    ].map(one => one),
  )
  assert.equal(failed.unresolved, 5)
  assert.deepEqual(mergeValues(base, a, b, { strategy: 'ours' }).value, { ...a, settings: { limit: 2, name: 'y' } })
  assert.deepEqual(mergeValues(base, a, b, { strategy: 'theirs' }).value, b)
  const union = mergeValues(base, a, b, { strategy: 'union', take: { 'settings.*': 'theirs', 'rows[*].n': 'ours' } })
  assert.equal(union.unresolved, 0)
  assert.deepEqual(union.value, {
    settings: { limit: 3, name: 'y' },
    rows: [
      { id: 'a', n: 9 },
      { id: 'b', n: 2 },
    ],
    tags: ['p', 'q', 'r', 's'],
    gone: { k: 2 },
  })
  assert.throws(
    () => mergeValues(base, a, b, { take: { 'a..b': 'ours' } }),
    error => isWaymarkError(error, 'invalid'),
  )
})

test('E9 an element that one side added comes where it stands there', () => {
  const row = (id: string) => ({ id })
  const base = ['a', 'b', 'c'].map(row)
  const a = ['a', 'x', 'b', 'c'].map(row)
  const b = ['z', 'a', 'b', 'y'].map(row)
  assert.deepEqual(mergeValues(base, a, b).value, ['z', 'a', 'x', 'b', 'y'].map(row))
})
