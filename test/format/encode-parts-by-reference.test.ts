import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodePartsByReference, type ReferencedParts } from '../../src/format/encode-parts-by-reference.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { findPath } from '../../src/format/find-path.ts'
import { KnownSubtrees } from '../../src/format/known-subtrees.ts'
import { anyValue } from './any-value.ts'

test('any value, its large parts known or not, is the same bytes', () => {
  fc.assert(
    fc.property(anyValue, value => {
      const store = new StoreOfSubtrees()
      const state = {
        value,
        rows: rowsOf(300),
        map: new Map([['x', rowsOf(200)]]),
        set: new Set(rowsOf(100)),
        bytes: new Uint8Array(70_000),
      }
      assert.deepEqual(store.save(state).bytes, encoded(state))
      const next = { ...state, more: value }
      assert.deepEqual(store.save(next).bytes, encoded(next))
    }),
    { numRuns: 60 },
  )
})

test('what is unchanged is not encoded again: the whole, its parts, and the elements around a change', () => {
  const store = new StoreOfSubtrees()
  const rows = rowsOf(20_000)
  const state = { version: 1, rows, byId: new Map(rows.map(row => [row.id, row])), small: { loss: 1 } }
  const first = store.save(state)
  assert.equal(first.knownBytes, 0)
  assert.equal(store.save(state).newBytes, 0)
  assert.ok(store.save({ ...state, version: 2 }).newBytes < 100)
  assert.ok(store.save({ ...state, rows: rows.with(7_000, { ...rowAt(1), name: 'changed' }) }).newBytes < 70_000)
  assert.ok(store.save({ ...state, rows: rows.toSpliced(9_000, 0, rowAt(30_000)) }).newBytes < 200_000)
  assert.ok(store.save({ ...state, rows: rows.toSpliced(5_000, 100) }).newBytes < 200_000)
})

test('any sequence of replacements, insertions and removals comes to the same bytes', () => {
  const edit = fc.record({
    kind: fc.constantFrom('with', 'insert', 'remove', 'large', 'hole'),
    at: fc.nat(),
    count: fc.integer({ min: 1, max: 40 }),
  })
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), edits => {
      const store = new StoreOfSubtrees()
      let state: { readonly a: { readonly rows: readonly unknown[] }; readonly n: number } = { a: { rows: rowsOf(600) }, n: 0 }
      store.save(state)
      for (const { kind, at, count } of edits) {
        const { rows } = state.a
        const index = at % rows.length
        const changed = rows.slice()
        if (kind === 'with') changed[index] = rowAt(at)
        else if (kind === 'insert') changed.splice(index, 0, ...rowsOf(count))
        else if (kind === 'remove') changed.splice(index, Math.min(count, changed.length - 1))
        else if (kind === 'large') changed[index] = rowsOf(count * 10)
        else Reflect.deleteProperty(changed, index)
        state = { a: { rows: changed }, n: state.n + 1 }
        assert.deepEqual(store.save(state).bytes, encoded(state))
      }
    }),
    { numRuns: 40 },
  )
})

test('which parts there are depends on the value alone, not on what was known before', () => {
  const store = new StoreOfSubtrees()
  const rows = rowsOf(5_000)
  store.save({ rows })
  const changed = { rows: rows.toSpliced(1_234, 2, rowAt(9), rowAt(10), rowAt(11)).concat(rowsOf(300)) }
  assert.deepEqual(store.save(changed).cuts, new StoreOfSubtrees().save(changed).cuts)
})

test('a subtree is known only once it was remembered', () => {
  const known = new KnownSubtrees()
  const state = { rows: rowsOf(1_000) }
  encodePartsByReference(state, {}, known).release()
  const again = encodePartsByReference(state, {}, known)
  assert.ok(again.parts.every(part => part.kind !== 'known'))
  again.release()
})

test('a known subtree that would nest deeper than before is encoded again', () => {
  const store = new StoreOfSubtrees()
  let chain: object = { rows: rowsOf(300) }
  for (let level = 0; level < 990; level++) chain = { chain }
  store.save(chain)
  let deeper = chain
  for (let level = 0; level < 20; level++) deeper = { deeper }
  assert.throws(() => store.save(deeper), { code: 'limit' })
})

test('parts are found by the outline, in known subtrees too', async () => {
  const store = new StoreOfSubtrees()
  const state = { before: rowsOf(3_000), model: { layers: rowsOf(500), metrics: { loss: 0.5 } } }
  store.save(state)
  const next = { added: 1, state, rows: [rowsOf(400)] }
  const { bytes, parts } = store.save(next)
  for (const [path, part] of [
    ['state.model.metrics.loss', 0.5],
    ['state.before[2999]', rowAt(2_999)],
    ['rows[0][399].id', 399],
  ] as const) {
    const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
    const found = await findPath(read, bytes.length, parts.outline, path)
    assert.ok(found !== undefined)
    assert.deepEqual(decodeValue(bytes.subarray(found.offset, found.offset + found.length)), part)
  }
})

test('references are invalid here', () => {
  assert.throws(() => encodePartsByReference([], { references: true }, new KnownSubtrees()), { code: 'invalid' })
})

/** Does what the store of chunks does, with copies of bytes for chunks. */
class StoreOfSubtrees {
  readonly #known = new KnownSubtrees()

  save(value: unknown) {
    const parts = encodePartsByReference(value, { outline: true }, this.#known)
    const open: Buffer[][] = [[]]
    const cuts: number[] = []
    let knownBytes = 0
    let offset = 0
    for (const part of parts.parts) {
      assert.equal(part.offset, offset)
      offset += part.length
      if (part.kind === 'value' || part.kind === 'blob') open.at(-1)?.push(...part.pieces.map(piece => Buffer.from(piece)))
      else cuts.push(part.offset)
      if (part.kind === 'begin') open.push([])
      if (part.kind === 'known') {
        assert.ok(Buffer.isBuffer(part.subtree.chunks) && part.subtree.chunks.length === part.length)
        cuts.push(part.offset + part.length)
        knownBytes += part.length
        open.at(-1)?.push(part.subtree.chunks)
      }
      if (part.kind === 'end') {
        const bytes = Buffer.concat(open.pop() ?? [])
        assert.equal(part.subtree.length, bytes.length)
        assert.ok(bytes.length >= 16_384)
        part.subtree.chunks = bytes
        open.at(-1)?.push(bytes)
      }
    }
    assert.equal(parts.length, offset)
    const bytes = Buffer.concat(open.pop() ?? [])
    assert.equal(open.length, 0)
    parts.remember()
    parts.release()
    // Inner cuts of what is known are not seen: compare the outermost.
    return {
      bytes,
      parts: parts satisfies ReferencedParts,
      knownBytes,
      newBytes: bytes.length - knownBytes,
      cuts: outermost(parts),
    }
  }
}

/** Where the runs directly in `rows` begin and end. */
function outermost({ parts }: ReferencedParts): readonly string[] {
  let depth = 0
  const cuts: string[] = []
  for (const { kind, offset, length } of parts) {
    if (kind === 'end') depth--
    if (kind !== 'value' && kind !== 'blob' && depth === 2) {
      if (kind !== 'end') cuts.push(`from ${offset}`)
      if (kind !== 'begin') cuts.push(`to ${offset + length}`)
    }
    if (kind === 'begin') depth++
  }
  return cuts
}

function encoded(value: unknown): Buffer {
  return Buffer.from(encodeValue(value))
}

function rowAt(id: number) {
  return { id, name: `the name of row ${id}`, tags: ['a', id % 7, null], score: id / 3, more: 'x'.repeat((id * 37) % 200) }
}

function rowsOf(count: number) {
  return Array.from({ length: count }, (_, id) => rowAt(id))
}
