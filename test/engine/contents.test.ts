import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError } from '../../src/model/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { withStore } from './with-store.ts'

/** Bytes that compress a little, different for every seed. */
function noise(bytes: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const made = Buffer.from(random.bytes(bytes))
  for (let at = 0; at + 64 <= bytes; at += 256) made.fill('waymark ', at, at + 64)
  return made
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

test('[E9] a stream of bytes comes back as it was, whatever its pieces, also when their memory is used again', async () => {
  await withStore(async store => {
    const random = seededRandom(1)
    for (const length of [0, 1, 5_000, 70_000, 3_000_000, 9_000_000]) {
      const bytes = noise(length, length + 1)
      async function* pieces() {
        const reused = Buffer.alloc(100_000)
        for (let at = 0; at < length; ) {
          const size = Math.min(1 + random.integer(random.bool(0.5) ? 100_000 : 50), length - at)
          bytes.copy(reused, 0, at, at + size)
          yield reused.subarray(0, size)
          at += size
        }
      }
      const saved = await store.save({ bytes: pieces() })
      assert.equal(saved.encoding, 'bytes')
      assert.equal(saved.logicalBytes, length)
      assert.equal(sha256(await gathered(store.loadBytes(saved.id))), sha256(bytes))
      const { value } = await store.load(saved.id)
      assert.ok(value instanceof Uint8Array && sha256(value) === sha256(bytes))
    }
  })
})

test('[E9] two streams saved at once, on threads, do not disturb one another', async () => {
  await withStore(async store => {
    const all = [20, 21, 22, 23].map(seed => noise(6_000_000 + seed, seed))
    // Starts the threads.
    await store.save({ bytes: noise(3_000_000, 9) })
    const saved = await Promise.all(all.map((bytes, i) => store.save({ bytes, type: `stream-${i % 2}` })))
    for (const [i, { id }] of saved.entries())
      assert.equal(sha256(await gathered(store.loadBytes(id))), sha256(all[i] ?? Buffer.alloc(0)))
  })
})

test('[E9] rows come back one by one, and as an array', async () => {
  await withStore(async store => {
    const row = (i: number) => ({
      id: i,
      name: `row ${i % 97}`,
      when: new Date(i * 1_000),
      long: i % 1_000 === 0 ? 'x'.repeat(300_000) : '',
    })
    async function* rows() {
      for (let i = 0; i < 5_000; i++) yield row(i)
    }
    const saved = await store.save({ rows: rows() })
    assert.equal(saved.rows, 5_000)
    let next = 0
    for await (const value of store.loadRows(saved.id)) assert.deepEqual(value, row(next++))
    assert.equal(next, 5_000)
    const all = await store.load(saved.id)
    assert.ok(Array.isArray(all.value) && all.value.length === 5_000)
    const empty = await store.save({ rows: [] })
    assert.deepEqual((await store.load(empty.id)).value, [])
    await assert.rejects(
      async () => {
        for await (const _ of store.loadRows((await store.save({ value: 1 })).id));
      },
      error => isWaymarkError(error, 'invalid'),
    )
  })
})

test('[E1] a set of files comes back by name and content, and what is the same is stored once', async () => {
  await withStore(async (store, folder) => {
    const from = join(folder, 'from')
    const contents = new Map<string, Buffer>()
    for (const [i, size] of [0, 1, 700, 4_096, 65_536, 300_000, 2_500_000, 12, 90_000, 1_048_576].entries()) {
      contents.set(i % 2 === 0 ? `file-${i}` : `in/folder-${i}/file`, noise(size, i))
    }
    for (let i = 0; i < 300; i++) contents.set(`many/${i}`, noise(i * 13, 1_000 + i))
    for (const [name, bytes] of contents) {
      mkdirSync(join(from, name, '..'), { recursive: true })
      writeFileSync(join(from, name), bytes)
    }
    const saved = await store.save({ files: from })
    const again = await store.save({ files: from })
    assert.ok(again.storedBytes < 5_000, `${again.storedBytes}`)
    const to = join(folder, 'to')
    const restored = await store.restoreFiles(saved.id, to)
    assert.deepEqual(restored.map(file => file.name).toSorted(), [...contents.keys()].toSorted())
    for (const [name, bytes] of contents) assert.equal(sha256(readFileSync(join(to, name))), sha256(bytes), name)
    await assert.rejects(store.restoreFiles(saved.id, to), error => isWaymarkError(error, 'conflict'))
    await assert.rejects(store.save({ files: join(from, 'nothing') }), error => isWaymarkError(error, 'not_found'))
  })
})

test('[E9] a save reads a value at once: what is changed afterwards is not in it', async () => {
  await withStore(async store => {
    const column = new Float64Array(200_000).map((_, i) => Math.sqrt(i))
    const buffer = Buffer.alloc(100_000, 'x')
    const state = { name: 'before', column, buffer, rows: Array.from({ length: 3_000 }, (_, i) => ({ i })) }
    const first = store.save({ value: state })
    state.name = 'after'
    column[5] = -1
    buffer[70_000] = 1
    const second = store.save({ value: state })
    column[5] = -2
    buffer[70_000] = 2
    column[199_999] = 7
    const [a, b] = [await first, await second]
    const saving = store.save({ value: state })
    buffer.fill('y')
    const third = await saving
    const loaded = async (id: string) => {
      const { value } = await store.load(id)
      assert.ok(typeof value === 'object' && value !== null && 'column' in value && value.column instanceof Float64Array)
      assert.ok('buffer' in value && Buffer.isBuffer(value.buffer))
      return [value.column[5], value.column[199_999], value.buffer[70_000]]
    }
    assert.deepEqual(await loaded(a.id), [Math.sqrt(5), Math.sqrt(199_999), 120])
    assert.deepEqual(await loaded(b.id), [-1, Math.sqrt(199_999), 1])
    assert.deepEqual(await loaded(third.id), [-2, 7, 2])
  })
})

test('[E5] a leaf that is compared with the one saved last has the chunks and the digest of one that is cut anew', async () => {
  await withStore(async store => {
    const random = seededRandom(11)
    const column = new Uint8Array(noise(1_500_000, 3))
    const other = new Float64Array(30_000).map((_, i) => i / 7)
    for (let round = 0; round < 12; round++) {
      const saved = await store.save({ value: { column, other, round } })
      const full = await store.save({ value: { column, other, round }, full: true, type: 'full' })
      assert.equal(saved.digest, full.digest)
      const { value } = await store.load(saved.id)
      assert.deepEqual(value, { column, other, round })
      for (let edit = random.integer(4); edit > 0; edit--) {
        const at = random.integer(column.length)
        column.set(random.bytes(Math.min(1 + random.integer(random.bool(0.7) ? 40 : 200_000), column.length - at)), at)
      }
      if (round % 3 === 0) column.copyWithin(0, 100, 400_000)
    }
  })
})

test('[E5] a leaf that is changed and changed back is stored as it is each time', async () => {
  await withStore(async store => {
    const column = new Uint8Array(noise(600_000, 5))
    const original = new Uint8Array(column)
    for (let round = 0; round < 6; round++) {
      if (round % 2 === 1) column.fill(round, 200_000, 290_000)
      else column.set(original)
      const { id } = await store.save({ value: { column } })
      assert.deepEqual((await store.load(id)).value, { column })
    }
  })
})

test('[E9] a stream of which only the beginning is new keeps it, though its memory is used again', async () => {
  await withStore(async store => {
    const bytes = noise(40_000_000, 77)
    async function* pieces(of: Buffer) {
      for (let at = 0; at < of.length; at += 1_000_000) yield of.subarray(at, at + 1_000_000)
    }
    await store.save({ bytes: pieces(bytes) })
    const changed = Buffer.concat([noise(30_000, 78), bytes.subarray(10_000)])
    const { id, storedBytes } = await store.save({ bytes: pieces(changed) })
    assert.ok(storedBytes < 400_000, `${storedBytes}`)
    assert.equal(sha256(await gathered(store.loadBytes(id))), sha256(changed))
  })
})

test('[E4] a part of a value is loaded without the rest, typed by a schema; what is not there is not_found', async () => {
  await withStore(async store => {
    const value = {
      rows: Array.from({ length: 20_000 }, (_, i) => ({ id: i, text: `row ${i}` })),
      metrics: { loss: 0.25, deep: { list: [1, 2, 3] } },
    }
    const { id } = await store.save({ value })
    assert.equal((await store.load(id, { path: 'metrics.loss' })).value, 0.25)
    assert.deepEqual((await store.load(id, { path: 'rows[19999]' })).value, { id: 19_999, text: 'row 19999' })
    assert.deepEqual((await store.load(id, { path: 'metrics.deep' })).value, { list: [1, 2, 3] })
    await assert.rejects(store.load(id, { path: 'metrics.nothing' }), error => isWaymarkError(error, 'not_found'))
    await assert.rejects(store.load(id, { path: 'rows[20000]' }), error => isWaymarkError(error, 'not_found'))
    await assert.rejects(store.load(id, { path: 'metrics..loss' }), error => isWaymarkError(error, 'invalid'))
    const small = await store.save({ value: { a: { b: 1 } } })
    assert.equal((await store.load(small.id, { path: 'a.b' })).value, 1)
  })
})

test('[E9] saved in slices or by reference, a value is the same and loads the same', async () => {
  await withStore(async store => {
    const task = (i: number) => ({
      id: i,
      name: `task ${i}`,
      tags: new Set(['a', `t${i % 5}`]),
      at: new Date(i * 1_000),
      notes: new Map([[`k${i}`, [i, i + 1]]]),
    })
    const column = new Float64Array(30_000).map((_, i) => i / 3)
    let state = { tasks: Array.from({ length: 8_000 }, (_, i) => task(i)), column, meta: { version: 1 } }
    const snapshot = await store.save({ value: state })
    const cooperative = await store.save({ value: state, mode: 'cooperative' })
    assert.equal(cooperative.digest, snapshot.digest)
    assert.deepEqual((await store.load(cooperative.id)).value, state)
    const first = await store.save({ value: state, mode: 'immutable', type: 'by-reference' })
    assert.deepEqual((await store.load(first.id)).value, state)
    for (let round = 0; round < 20; round++) {
      const tasks = state.tasks.with(round * 331, task(100_000 + round))
      state = { ...state, tasks: round % 4 === 0 ? [task(-round), ...tasks] : tasks, meta: { version: round } }
      const next = await store.save({ value: state, mode: 'immutable', type: 'by-reference' })
      assert.ok(next.storedBytes < 20_000, `${next.storedBytes}`)
      assert.deepEqual((await store.load(next.id)).value, state)
    }
    const full = await store.save({ value: state, mode: 'immutable', full: true })
    assert.deepEqual((await store.load(full.id)).value, state)
    // @ts-expect-error there is no such mode
    await assert.rejects(store.save({ value: 1, mode: 'no such mode' }), error => isWaymarkError(error, 'invalid'))
    await assert.rejects(store.save({ value: { f() {} }, mode: 'cooperative' }), error => isWaymarkError(error, 'invalid'))
  })
})
