import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeParts } from '../../src/format/encode-parts.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { findPath } from '../../src/format/find-path.ts'
import { decodeOutline, encodeOutline } from '../../src/format/outline.ts'
import { WaymarkError } from '../../src/model/errors.ts'
import { anyValue } from './any-value.ts'

test('a part of any value is found under its path and decoded alone [E9]', async () => {
  await fc.assert(
    fc.asyncProperty(anyValue, fc.array(fc.nat()), fc.boolean(), async (small, choices, isLarge) => {
      // Padding makes some of it large enough for the outline.
      const value = isLarge
        ? {
            pad: padding(30),
            small,
            rows: padding(300),
            also: new Map<unknown, unknown>([
              ['x', small],
              [3, padding(40)],
            ]),
          }
        : small
      const { path, part } = anyPart(value, choices)
      await assertFound(value, path, part)
    }),
    { numRuns: 300 },
  )
})

test('parts beside, between and inside large ones are found, in lists longer and shorter than the distance of marks', async () => {
  const rows = padding(5_000)
  const value = {
    first: 1,
    rows,
    'an odd "key"': { deep: [padding(100), { metrics: { loss: 0.25 } }, padding(100)] },
    mixed: [
      1,
      'x'.repeat(9_000),
      new Uint8Array(70_000),
      ...Array.from({ length: 500 }, (_, id) => (id % 50 === 0 ? padding(100) : id)),
    ],
    byId: new Map<unknown, unknown>(rows.map(row => [row.id % 2 === 0 ? `k${row.id}` : row.id, row])),
    last: { metrics: { loss: 0.5 } },
  }
  await assertFound(value, 'rows[4999].name', rows[4999]?.name)
  for (const index of [0, 1, 15, 16, 17, 100, 2_499, 4_998]) await assertFound(value, `rows[${index}]`, rows[index])
  for (const index of [0, 2, 3, 53, 54, 52, 502]) await assertFound(value, `mixed[${index}]`, value.mixed[index])
  await assertFound(value, '["an odd \\"key\\""].deep[1].metrics.loss', 0.25)
  await assertFound(value, 'byId[map key "k4000"].tags[1]', rows[4000]?.tags[1])
  await assertFound(value, 'byId.k4000', rows[4000])
  await assertFound(value, 'byId[4001]', rows[4001])
  await assertFound(value, 'byId[map key 4001]', rows[4001])
  await assertFound(value, 'last.metrics.loss', 0.5)
  await assertFound(value, '', value)
  for (const path of ['none', 'rows[5000]', 'rows.name', 'rows[0].none', 'rows[1.5]', 'first.x', 'byId.k4001', 'mixed[2][0]']) {
    assert.deepEqual(await found(value, path), [undefined, undefined], path)
  }
})

test('a hole, and what is under it, is no part', async () => {
  const value = [1]
  value[3] = 4
  assert.deepEqual(await found(value, '[2]'), [undefined, undefined])
  assert.deepEqual(await found(value, '[2].x'), [undefined, undefined])
  await assertFound(value, '[3]', 4)
})

test('of 20 MB, under 64 KiB are read for one number, wherever it is among the keys', async () => {
  const large = padding(140_000)
  const values = [
    { before: large, metrics: { loss: 1 }, after: large },
    { state: { before: large, metrics: { loss: 1 }, after: large } },
    { state: [large, { metrics: { loss: 1 } }, large] },
    new Map<string, unknown>([
      ['before', large],
      ['metrics', { loss: 1 }],
      ['after', [large]],
    ]),
    Object.fromEntries([
      ...Array.from({ length: 900 }, (_, index) => [`key${index}`, large.slice(0, 320)]),
      ['metrics', { loss: 1 }],
    ]),
  ]
  for (const [index, value] of values.entries()) {
    const path = ['metrics.loss', 'state.metrics.loss', 'state[1].metrics.loss', 'metrics.loss', 'metrics.loss'][index] ?? ''
    const encoded = encodeParts(value, { outline: true })
    const bytes = Buffer.concat(encoded.parts.flatMap(part => part.pieces))
    assert.ok(bytes.length > 15_000_000 && encoded.outline !== undefined)
    let asked = 0
    const read = async (offset: number, length: number) => {
      asked += length
      return bytes.subarray(offset, offset + length)
    }
    const part = await findPath(read, bytes.length, encoded.outline, path)
    assert.ok(part !== undefined)
    assert.equal(decodeValue(bytes.subarray(part.offset, part.offset + part.length)), 1)
    assert.ok(asked < 64 * 1024, `${asked} bytes read for ${path} of value ${index}`)
    const row = await findPath(read, bytes.length, encoded.outline, index === 0 ? 'after[31234].id' : path)
    assert.ok(row !== undefined && asked < 128 * 1024, `${asked} bytes read for a row`)
    encoded.release()
  }
})

test('parts of values with references are unsupported, where a reference is on the way', async () => {
  const shared = { x: [1] }
  const bytes = encodeValue([shared, shared], { references: true })
  const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
  await assert.rejects(findPath(read, bytes.length, undefined, '[1].x'), { code: 'unsupported' })
  await assert.rejects(findPath(read, bytes.length, undefined, '[0].x'), { code: 'unsupported' })
})

test('a path that is none is invalid', async () => {
  for (const path of ['.a', 'a..b', 'a[', 'a[b]', 'a]', '["a', 'a.', 'a"b', '[0]x']) {
    await assert.rejects(
      findPath(async () => new Uint8Array(), 1, undefined, path),
      { code: 'invalid' },
      path,
    )
  }
})

test('whatever an outline or the bytes are changed to, the walk ends: within the bytes, or as damage [X7]', async () => {
  const value = { a: padding(300), b: { c: padding(200), d: [1, padding(50), 3] }, e: new Map([['f', padding(100)]]) }
  const encoded = encodeParts(value, { outline: true })
  const bytes = Buffer.concat(encoded.parts.flatMap(part => part.pieces))
  assert.ok(encoded.outline !== undefined)
  const sound = Buffer.from(encodeOutline(encoded.outline))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('a[200].name', 'b.d[2]', 'b.c[100]', 'e.f[3]', 'b["d"][1][7]'),
      fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 2 }),
      async (path, inOutline, inBytes) => {
        const outlineBytes = Buffer.from(sound)
        for (const [place, byte] of inOutline) outlineBytes[place] = byte
        const damaged = Buffer.from(bytes)
        for (const [place, byte] of inBytes) damaged[place] = byte
        const read = async (offset: number, length: number) => {
          assert.ok(offset >= 0 && length > 0 && offset + length <= damaged.length)
          return damaged.subarray(offset, offset + length)
        }
        try {
          const part = await findPath(read, damaged.length, decodeOutline(outlineBytes, damaged.length), path)
          assert.ok(part === undefined || (part.offset >= 0 && part.length > 0 && part.offset + part.length <= damaged.length))
        } catch (error) {
          assert.ok(error instanceof WaymarkError && (error.code === 'corrupt' || error.code === 'unsupported'), String(error))
        }
      },
    ),
    { numRuns: 2_000 },
  )
  encoded.release()
})

async function assertFound(value: unknown, path: string, expected: unknown): Promise<void> {
  for (const part of await found(value, path)) {
    assert.ok(part !== undefined, `${path} not found`)
    assert.ok(isDeepStrictEqual(part.value, expected), path)
  }
}

/** With the outline, after it went through its bytes, and without. */
async function found(value: unknown, path: string): Promise<readonly ({ readonly value: unknown } | undefined)[]> {
  const encoded = encodeParts(value, { outline: true })
  const bytes = Buffer.concat(encoded.parts.flatMap(part => part.pieces))
  const outline = encoded.outline && decodeOutline(encodeOutline(encoded.outline), encoded.length)
  assert.deepEqual(outline, encoded.outline)
  encoded.release()
  const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
  const parts = await Promise.all([outline, undefined].map(known => findPath(read, bytes.length, known, path)))
  return parts.map(part => part && { value: decodeValue(bytes.subarray(part.offset, part.offset + part.length)) })
}

function padding(count: number) {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `the name of row ${id} is long enough`,
    tags: ['a', id % 7, null],
    score: id / 3,
  }))
}

/** Goes into a value by these choices, as far as there are named parts. */
function anyPart(value: unknown, choices: readonly number[]): { readonly path: string; readonly part: unknown } {
  let path = ''
  let part = value
  for (const choice of choices) {
    const next = named(part)
    const chosen = next[choice % Math.max(1, next.length)]
    if (chosen === undefined) break
    path += chosen[0]
    part = chosen[1]
  }
  return { path: path.startsWith('.') ? path.slice(1) : path, part }
}

function named(value: unknown): readonly (readonly [string, unknown])[] {
  if (Array.isArray(value)) return Object.keys(value).map(key => [`[${key}]`, value[Number(key)]])
  if (value instanceof Map) {
    return [...value].filter(([key]) => typeof key === 'string').map(([key, item]) => [`[map key ${JSON.stringify(key)}]`, item])
  }
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined
  if (typeof value !== 'object' || value === null || (prototype !== null && prototype !== Object.prototype)) return []
  return Object.entries(value).map(([key, item]) => [
    /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
    item,
  ])
}
