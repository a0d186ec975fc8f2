import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeParts } from '../../src/format/encode-parts.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { findPath } from '../../src/format/find-path.ts'
import { ItemReader, type ReadBytes } from '../../src/format/item-reader.ts'
import { decodeOutline, type Extent, encodeOutline, type Outline } from '../../src/format/outline.ts'
import { splicedBytes, spliceValue } from '../../src/format/splice-value.ts'
import { encodeChanges } from '../../src/format/value-changes.ts'
import { anyChanges, type Changes } from './any-changes.ts'
import { anyValue } from './any-value.ts'
import { changeInMemory } from './change-in-memory.ts'

test('[E9] the bytes of any value, changed at any paths, are those of the value changed in memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyValue,
      fc.array(fc.nat(), { minLength: 1 }),
      fc.array(anyValue, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 4 }),
      async (small, choices, values, size) => {
        const value = size === 0 ? enlarged(small) : small
        const integer = integersFrom(choices)
        const changes = anyChanges(value, integer, () => values[integer(values.length)])
        if (changes.set.length + changes.remove.length > 0) await assertSpliced(value, changes)
      },
    ),
    { numRuns: Number(process.env['SPLICE_RUNS'] ?? 150) },
  )
})

test('[E9] heads grow and shrink where a count passes 24, 256 and 65536', async () => {
  for (const count of [0, 1, 23, 24, 25, 255, 256, 257]) {
    const { value, grow } = counted(count)
    await assertSpliced(value, grow)
    if (count === 0) continue
    await assertSpliced(value, { set: [], remove: ['rows[0]', 'map.k0', `object.k${count - 1}`] })
    await assertSpliced(value, { set: grow.set, remove: [`rows[${count - 1}]`, `map.k${count - 1}`, 'object.k0'] })
  }
  const { value, grow } = counted(65_535)
  const before = encodeValue(value)
  const { bytes } = await spliced(value, undefined, grow)
  const larger = changeInMemory(value, grow.set)
  assertBytes(bytes, encodeValue(larger))
  const back = await spliced(larger, undefined, { set: [], remove: ['rows[65535]', 'map.added', 'object.added'] })
  assertBytes(back.bytes, before)
})

test('[E9] keys that are numbers come where JavaScript lists them, all others at the end, in the order given', async () => {
  const value = { 2: 'a', 10: 'b', x: 'c', y: { 5: 1 } }
  const set: [string, unknown][] = [
    ['z', 1],
    ['["11"]', 1],
    ['["0"]', 1],
    ['["3"]', 1],
    ['a', 1],
    ['y["4"]', 1],
    ['y.k', 1],
    ['y["6"]', 1],
    ['["4294967295"]', 1],
  ]
  await assertSpliced(value, { set, remove: [] })
  await assertSpliced(value, { set, remove: ['["2"]', 'x', 'y["5"]'] })
  await assertSpliced(Object.fromEntries(Array.from({ length: 1_200 }, (_, i) => [i * 2, 'row'])), {
    set: [
      ['["801"]', 1],
      ['["9999"]', 2],
    ],
    remove: ['["800"]'],
  })
})

test('[E9] where one container ends in another, what is appended to each stays in it', async () => {
  const value = { a: [[1, [2]], [3]], b: { c: { d: [] } } }
  const set: [string, unknown][] = [
    ['a[2]', 'outer'],
    ['a[0][1][1]', 'inner'],
    ['a[0][2]', 'middle'],
    ['a[1][1]', 4],
    ['e', 5],
    ['b.c.d[0]', 6],
    ['b.c.f', 7],
    ['b.g', 8],
  ]
  await assertSpliced(value, { set, remove: [] })
  await assertSpliced(enlarged(value), { set: set.map(([path, part]) => [`small.${path}`, part]), remove: ['small.a[1][0]'] })
})

test('[E9] large parts that come, go and stay are where the outline says', async () => {
  const value = {
    first: 1,
    big: padding(2_000),
    bytes: new Uint8Array(100_000),
    map: new Map<unknown, unknown>([
      ['m', padding(500)],
      [3, padding(400)],
    ]),
    last: [padding(300), padding(300)],
  }
  await assertSpliced(value, {
    set: [
      ['first', padding(800)],
      ['big[1000].name', 'x'.repeat(5_000)],
    ],
    remove: ['big[3]', 'big[500]', 'last[0]'],
  })
  await assertSpliced(value, {
    set: [
      ['big', 0],
      ['added', padding(600)],
      ['map[map key 3]', padding(10)],
    ],
    remove: ['bytes'],
  })
  await assertSpliced(value, {
    set: [
      ['["7"]', padding(600)],
      ['last[2]', padding(200)],
      ['last[0][300]', padding(200)],
    ],
    remove: ['first', 'map.m'],
  })
  await assertSpliced({ a: padding(255), b: padding(100) }, { set: [['a[255]', { id: 255 }]], remove: [] })
  const more = Array.from({ length: 500 }, (_, i) => [`big[${2_000 + i}]`, { id: i, text: 'y'.repeat(100) }] as const)
  await assertSpliced(value, { set: more, remove: ['big[1999]'] })
  await assertSpliced(value, { set: [['', { whole: padding(500) }]], remove: [] })
})

test('what cannot be changed is refused with its path', async () => {
  const value = {
    rows: [1, 2],
    text: 'x',
    set: new Set([1]),
    map: new Map([[1, 2]]),
    at: new Date(0),
    holes: sparse(),
    deep: { a: { b: 1 } },
  }
  const refused: [code: string, path: string, Partial<{ set: [string, unknown][]; remove: string[] }>][] = [
    ['not_found', 'none.x', { set: [['none.x', 1]] }],
    ['not_found', 'none', { remove: ['none'] }],
    ['not_found', 'rows[2]', { remove: ['rows[2]'] }],
    ['not_found', 'rows[2].x', { set: [['rows[2].x', 1]] }],
    ['not_found', 'holes[1]', { remove: ['holes[1]'] }],
    ['not_found', 'holes[1].x', { set: [['holes[1].x', 1]] }],
    ['not_found', 'map[2]', { remove: ['map[2]'] }],
    ['invalid', 'rows[3]', { set: [['rows[3]', 1]] }],
    ['invalid', 'rows[-1]', { set: [['rows[-1]', 1]] }],
    ['invalid', 'rows[0.5]', { set: [['rows[0.5]', 1]] }],
    ['invalid', 'rows.length', { set: [['rows.length', 0]] }],
    ['invalid', 'text.x', { set: [['text.x', 1]] }],
    ['invalid', 'text[0]', { remove: ['text[0]'] }],
    ['invalid', 'set[0]', { set: [['set[0]', 1]] }],
    ['invalid', 'at.x', { set: [['at.x', 1]] }],
    ['invalid', 'deep[map key 3]', { set: [['deep[map key 3]', 1]] }],
    [
      'invalid',
      'deep.a',
      {
        set: [
          ['deep.a', 1],
          ['deep.a.b', 2],
        ],
      },
    ],
    ['invalid', 'deep', { set: [['deep.a.b', 1]], remove: ['deep'] }],
    [
      'invalid',
      'deep.a',
      {
        set: [
          ['deep.a', 1],
          ['deep["a"]', 2],
        ],
      },
    ],
    ['invalid', 'text', { set: [['text', 1]], remove: ['text'] }],
    ['invalid', 'rows[0]', { remove: ['rows[0]', 'rows[0]'] }],
    ['invalid', '', { remove: [''] }],
    [
      'invalid',
      '',
      {
        set: [
          ['', 1],
          ['text', 1],
        ],
      },
    ],
    ['invalid', '', {}],
    ['invalid', 'a..b', { set: [['a..b', 1]] }],
    ['invalid', 'text', { set: [['text', () => 1]] }],
  ]
  for (const [code, path, changes] of refused) {
    await assert.rejects(
      spliced(value, undefined, { set: changes.set ?? [], remove: changes.remove ?? [] }),
      (error: { code: string; details: { path: string } }) => {
        assert.deepEqual([error.code, error.details.path], [code, path])
        return true
      },
    )
  }
})

test('a value that is stored with references is not changed by path', async () => {
  const shared = { x: [1] }
  const bytes = encodeValue([shared, shared], { references: true })
  const read: ReadBytes = async (offset, length) => bytes.subarray(offset, offset + length)
  await assert.rejects(spliceValue(read, bytes.length, undefined, encodeChanges([['[0].x', 1]], [], [])), { code: 'unsupported' })
})

test('a value that would nest too deeply in its place is refused, one that just fits is not', async () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  await assertSpliced({ a: { b: 1 } }, { set: [['a.b', nested(998)]], remove: [] })
  await assert.rejects(spliced({ a: { b: 1 } }, undefined, { set: [['a.b', nested(999)]], remove: [] }), { code: 'limit' })
})

test('of 20 MB, under 256 KiB are read to change, append and remove, wherever among the keys', async () => {
  const large = padding(180_000)
  const encoded = encodeParts({ before: large, metrics: { loss: 1 }, after: large }, { outline: true })
  const bytes = Buffer.concat(encoded.parts.flatMap(part => part.pieces))
  let asked = 0
  const read: ReadBytes = async (offset, length) => {
    asked += length
    return bytes.subarray(offset, offset + length)
  }
  const set: [string, unknown][] = [
    ['metrics.loss', 2],
    ['before[180000]', { id: 1 }],
    ['after[70000].name', 'x'],
    ['added', 1],
  ]
  const changes = encodeChanges(set, ['after[31234]'], [])
  const { splices } = await spliceValue(read, bytes.length, encoded.outline, changes)
  assert.ok(bytes.length > 15_000_000 && splices.length >= 5, `${bytes.length} bytes, ${splices.length} splices`)
  assert.ok(asked < 256 * 1024, `${asked} bytes read`)
  encoded.release()
})

async function assertSpliced(value: unknown, changes: Changes): Promise<void> {
  const encoded = encodeParts(value, { outline: true })
  const before = new Uint8Array(Buffer.concat(encoded.parts.flatMap(part => part.pieces)))
  encoded.release()
  const { bytes, outline, splices } = await spliced(value, encoded.outline, changes)
  const expected = changeInMemory(decodeValue(before), changes.set, changes.remove)
  assertBytes(bytes, encodeValue(expected))
  assertBytes((await spliced(value, undefined, changes)).bytes, bytes)
  let end = -1
  for (const { offset, removed } of splices) {
    assert.ok(offset > end, 'the splices are in order, with bytes in between')
    end = offset + removed
  }
  if (outline !== undefined) await assertOutline(outline, bytes, expected)
}

/** An outline can be stored, and every part is found by it. */
async function assertOutline(outline: Outline, bytes: Uint8Array, value: unknown): Promise<void> {
  const decoded = decodeOutline(encodeOutline(outline), bytes.length)
  assert.deepEqual(decoded, outline)
  const read: ReadBytes = async (offset, length) => bytes.subarray(offset, offset + length)
  await assertExtent(new ItemReader(read, bytes.length), outline.root, 0)
  const parts = partsOf(value)
  const step = Math.ceil(parts.length / 40)
  for (const [path, part] of parts.filter((_, place) => place % step === 0 || place > parts.length - 5)) {
    const found = await findPath(read, bytes.length, outline, path)
    assert.ok(found !== undefined, path)
    assertBytes(bytes.subarray(found.offset, found.offset + found.length), encodeValue(part), path)
  }
  if (outline.keys !== undefined) {
    const names = value instanceof Map ? [...value.keys()] : Object.keys(value ?? {})
    assert.deepEqual(
      outline.keys.map(({ key }) => key),
      names,
    )
  }
}

/** Each extent is exactly an item, and each mark the beginning of one. */
async function assertExtent(items: ItemReader, { length, marks, extents }: Extent, start: number): Promise<void> {
  assert.equal(await items.skip(start), start + length, 'an extent is an item')
  for (const inner of extents) await assertExtent(items, inner, start + inner.at)
  for (let mark = 0; mark < marks.length; mark += 2) {
    // From one mark to the next there are as many items as their indexes say.
    let at = start + (marks[mark + 1] ?? 0)
    const next = marks[mark + 2]
    for (let index = marks[mark] ?? 0; next !== undefined && index < next; index++) at = await items.skip(at)
    if (next !== undefined) assert.equal(at, start + (marks[mark + 3] ?? 0), 'a mark is where its element begins')
  }
}

/** Paths of some parts, the last ones of every array among them. */
function partsOf(value: unknown, path = '', depth = 0): (readonly [path: string, part: unknown])[] {
  const own = [path, value] as const
  if (depth > 4) return [own]
  if (Array.isArray(value)) {
    const step = Math.ceil(value.length / 12)
    const indexes = [...value.keys()].filter(
      index => Object.hasOwn(value, index) && (index % step === 0 || index >= value.length - 2),
    )
    return [own, ...indexes.flatMap(index => partsOf(value[index], `${path}[${index}]`, depth + 1))]
  }
  if (value instanceof Map) {
    const keys = [...value.keys()].filter(
      key => typeof key === 'string' || (typeof key === 'number' && Number.isSafeInteger(key)),
    )
    return [own, ...keys.slice(-30).flatMap(key => partsOf(value.get(key), `${path}[map key ${JSON.stringify(key)}]`, depth + 1))]
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return [own]
  return [
    own,
    ...Object.entries(value)
      .slice(-30)
      .flatMap(([key, inner]) => partsOf(inner, `${path}[${JSON.stringify(key)}]`, depth + 1)),
  ]
}

function assertBytes(actual: Uint8Array, expected: Uint8Array, what = 'the whole'): void {
  if (Buffer.compare(actual, expected) !== 0)
    assert.deepEqual(Buffer.from(actual).toString('hex'), Buffer.from(expected).toString('hex'), what)
}

async function spliced(value: unknown, outline: Outline | undefined, { set, remove }: Changes) {
  const before = encodeValue(value)
  const read: ReadBytes = async (offset, length) => {
    assert.ok(offset >= 0 && length > 0 && offset + length <= before.length)
    return before.subarray(offset, offset + length)
  }
  const result = await spliceValue(read, before.length, outline, encodeChanges(set, remove, []))
  const bytes = await splicedBytes(read, before.length, result.splices)
  assert.equal(bytes.length, result.length)
  return { ...result, bytes }
}

function counted(count: number): { readonly value: unknown; readonly grow: Changes } {
  const rows = Array.from({ length: count }, (_, i) => i % 7)
  const entries = rows.map((row, i) => [`k${i}`, row] as const)
  const value = { rows, map: new Map<unknown, unknown>(entries), object: Object.fromEntries(entries), last: 1 }
  return {
    value,
    grow: {
      set: [
        [`rows[${count}]`, 'new'],
        ['map.added', 1],
        ['object.added', 2],
      ],
      remove: [],
    },
  }
}

function enlarged(small: unknown): unknown {
  return {
    pad: padding(30),
    small,
    rows: padding(300),
    blob: new Uint8Array(70_000),
    also: new Map<unknown, unknown>([
      ['x', small],
      [3, padding(40)],
      ['lists', [padding(40), small, padding(50)]],
    ]),
  }
}

function padding(count: number) {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `row number ${id}`,
    tags: ['a', 'b', id % 3],
    at: new Date(id * 1000),
  }))
}

function sparse(): unknown[] {
  const array: unknown[] = [1]
  array[2] = 3
  return array
}

function integersFrom(choices: readonly number[]): (below: number) => number {
  let next = 0
  return below => {
    const choice = choices[next % choices.length] ?? 0
    next++
    return (choice + (Math.imul(next, 0x9e37_79b1) % 1_000_003) + 1_000_003) % below
  }
}
