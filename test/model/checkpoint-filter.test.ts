import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CheckpointWhere, parseWhere } from '../../src/model/checkpoint-filter.ts'
import { parseSort, placeOf, readCursor, writeCursor } from '../../src/model/checkpoint-sort.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type ComparedCheckpoint, matchesCheckpoint } from '../../src/model/match-checkpoint.ts'

const checkpoint: ComparedCheckpoint = {
  id: 'c1',
  run: 'nightly',
  type: 'model',
  createdAt: 1000,
  expiresAt: 2000,
  order: 7,
  tags: ['best'],
  pins: [{ name: 'release', at: 1 }],
  digest: 'sha256:00',
  encoding: 'cbor',
  logicalBytes: 10,
  storedBytes: 5,
  metadata: {
    loss: 0.5,
    name: 'b',
    when: new Date(50),
    rows: 12n,
    none: null,
    deep: { inner: { key: true } },
    list: ['x', 3],
    'a.b': 'outer',
    a: { b: 'inner' },
    nan: Number.NaN,
  },
}
const matches = (where: CheckpointWhere, now = 0): boolean => matchesCheckpoint(checkpoint, parseWhere(where), now)

const holds: readonly CheckpointWhere[] = [
  {},
  { id: 'c1', type: { in: ['model', 'stage'] }, run: { prefix: 'night' } },
  { stage: { exists: false }, run: { exists: true }, description: { ne: 'x' } },
  { createdAt: { gte: 1000, lt: 1001 }, logicalBytes: { gt: 9, lte: 10 } },
  { createdAt: new Date(1000), expiresAt: { gt: new Date(1999) } },
  { tags: 'best', pins: { has: ['release'] }, pinned: true, status: 'active' },
  { 'metadata.loss': { lt: 1 }, 'metadata.name': { gt: 'a', lt: 'c' } },
  { 'metadata.when': new Date(50), 'metadata.rows': 12, 'metadata.none': null },
  { 'metadata.deep.inner.key': true, 'metadata.deep': { exists: true }, 'metadata.list': { has: ['x', 3] } },
  { 'metadata.a.b': 'outer' },
  { 'metadata.missing': { ne: 1 }, 'metadata.other': { exists: false } },
  { 'metadata.loss': { in: ['0.5', 0.5] } },
  { order: undefined } as unknown as CheckpointWhere,
]
for (const where of holds) {
  test(`a checkpoint is found by ${JSON.stringify(where)} (E4)`, () => assert.equal(matches(where), true))
}

const fails: readonly CheckpointWhere[] = [
  { id: 'c2' },
  { run: { ne: 'nightly' } },
  { stage: { prefix: '' } },
  { tags: { has: ['best', 'worst'] } },
  { pinned: false },
  { 'metadata.loss': '0.5' },
  { 'metadata.loss': { gt: 'a' } },
  { 'metadata.name': { gt: 1 } },
  { 'metadata.none': { lt: 1 } },
  { 'metadata.none': { exists: false } },
  { 'metadata.list': 'x' },
  { 'metadata.nan': 0 },
  { 'metadata.missing': null },
  { 'metadata.loss': { gt: 0.1, lt: 0.2 } },
]
for (const where of fails) {
  test(`a checkpoint is not found by ${JSON.stringify(where)} (E4)`, () => assert.equal(matches(where), false))
}

test('a checkpoint is expired from the moment its time has come (D3)', () => {
  assert.equal(matches({ status: 'active' }, 1999), true)
  assert.equal(matches({ status: 'expired' }, 1999), false)
  assert.equal(matches({ status: 'expired' }, 2000), true)
})

const refused: Readonly<Record<string, readonly [where: unknown, meant: RegExp]>> = {
  'a misspelt field': [{ createdAd: 1 }, /Did you mean createdAt\?/],
  'a misspelt operator': [{ createdAt: { gtt: 1 } }, /Did you mean gt\?/],
  'an operator of another kind': [{ createdAt: { prefix: 'a' } }, /There are|Use one of/],
  'a misspelt status': [{ status: 'archive' }, /Did you mean archived\?/],
  'metadata without a key': [{ 'metadata.': 1 }, /metadata\.<key>/],
  'a field of every object': [{ constructor: 'x' }, /Use one of/],
  'a text for a number': [{ createdAt: 'today' }, /value of the field's kind/],
  'no number': [{ createdAt: Number.NaN }, /value of the field's kind/],
  'one value for in': [{ id: { in: 'c1' } }, /a list/],
  'too many values': [{ id: { in: Array(1001).fill('a') } }, /a list/],
  'a list to be equal to': [{ 'metadata.a': ['x'] }, /There are|Use one of/],
}
for (const [what, [where, remedy]] of Object.entries(refused)) {
  test(`${what} is refused, with what was meant where that can be told (E4)`, () => {
    assert.throws(
      () => parseWhere(where as CheckpointWhere),
      error => isWaymarkError(error, 'invalid') && remedy.test(error.remedy),
    )
  })
}

test('a cursor comes back as the place it was made from, whatever is sorted by', () => {
  for (const by of ['order', 'id', 'createdAt', 'type', 'metadata.loss', 'metadata.name', 'metadata.none'] as const) {
    const sort = parseSort({ by })
    const place = placeOf(checkpoint, sort)
    assert.deepEqual(readCursor(writeCursor(place, sort), sort), place)
  }
  const sort = parseSort({ by: 'metadata.loss' })
  const infinite = { value: Number.NEGATIVE_INFINITY, order: 1, id: 'c' }
  assert.deepEqual(readCursor(writeCursor(infinite, sort), sort), infinite)
})

test('a cursor of another sorting, or what is none, is refused', () => {
  const sort = parseSort({ by: 'createdAt' })
  const cursor = writeCursor(placeOf(checkpoint, sort), sort)
  for (const [text, other] of [
    [cursor, parseSort({ by: 'createdAt', direction: 'asc' })],
    [cursor, parseSort(undefined)],
    ['nonsense', sort],
    ['', sort],
    [Buffer.from('[1,2,3]').toString('base64url'), sort],
  ] as const) {
    assert.throws(() => readCursor(text, other), { code: 'invalid' })
  }
})

test('sorting by what cannot be sorted is refused, and so is going on after what has nothing to sort by', () => {
  for (const sort of [{ by: 'stage' }, { by: 'logicalByte' }, { by: 'order', direction: 'down' }, {}, 'order']) {
    assert.throws(() => parseSort(sort as never), { code: 'invalid' })
  }
  assert.throws(() => placeOf(checkpoint, parseSort({ by: 'metadata.list' })), { code: 'invalid' })
})

test('misspelt fields, operators and statuses do not compile (E4)', () => {
  const wheres: readonly CheckpointWhere[] = [
    // @ts-expect-error no such operator
    { createdAt: { gtt: 1 } },
    // @ts-expect-error no such operator
    { 'metadata.loss': { les: 1 } },
    // @ts-expect-error no such field
    { createdAd: 1 },
    // @ts-expect-error no such status
    { status: 'archive' },
    // @ts-expect-error a number has no prefix
    { logicalBytes: { prefix: '1' } },
  ]
  for (const where of wheres.slice(0, 1)) assert.throws(() => parseWhere(where), { code: 'invalid' })
})
