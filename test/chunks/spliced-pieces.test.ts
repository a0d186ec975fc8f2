import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SavedBytes } from '../../src/chunks/chunk-store.ts'
import { splicedPieces } from '../../src/chunks/spliced-pieces.ts'
import type { StreamPiece } from '../../src/chunks/stream-saver.ts'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeParts } from '../../src/format/encode-parts.ts'
import type { Outline } from '../../src/format/outline.ts'
import { spliceValue } from '../../src/format/splice-value.ts'
import { encodeChanges } from '../../src/format/value-changes.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { anyChanges, type Changes } from '../format/any-changes.ts'
import { changeInMemory } from '../format/change-in-memory.ts'
import { ChunkWorld } from './chunk-world.ts'

test('[E9] a spliced value is the chunks that the changed value is when it is saved whole', async () => {
  const random = seededRandom(7)
  const world = await ChunkWorld.make()
  for (let round = 0; round < 40; round++) {
    const value = anyState(random)
    const changes = anyChanges(
      value,
      below => random.integer(below),
      () => anyPart(random),
    )
    if (changes.set.length + changes.remove.length > 0) await assertSameChunks(world, value, changes)
  }
})

test('[E9] beside large binary leaves, too: before them, behind them, in their place, and where the value ends with one', async () => {
  const random = seededRandom(3)
  const world = await ChunkWorld.make()
  const leaf = () => random.bytes(65_536 + random.integer(400_000))
  const value = { head: 'x', a: leaf(), b: leaf(), rows: rows(3_000), list: [leaf(), 1, leaf()], map: new Map([['k', leaf()]]) }
  const all: Changes[] = [
    { set: [['added', 1]], remove: [] },
    { set: [['map.more', rows(500)]], remove: [] },
    {
      set: [
        ['added', leaf()],
        ['more', leaf()],
      ],
      remove: [],
    },
    { set: [['head', rows(2_000)]], remove: ['a'] },
    {
      set: [
        ['a', 1],
        ['list[3]', 'behind a leaf'],
      ],
      remove: ['list[0]'],
    },
    {
      set: [
        ['a', leaf()],
        ['b', leaf()],
      ],
      remove: [],
    },
    {
      set: [
        ['rows[17].name', leaf()],
        ['rows[2999].name', 'y'],
      ],
      remove: [],
    },
    { set: [], remove: ['map'] },
    { set: [['rows', 0]], remove: ['b', 'list[2]', 'map.k'] },
    { set: [['["7"]', leaf()]], remove: ['head'] },
    { set: [['', { other: leaf() }]], remove: [] },
  ]
  for (const changes of all) await assertSameChunks(world, value, changes)
  await assertSameChunks(world, { a: new Uint8Array(65_536) }, { set: [['b', 1]], remove: [] })
  await assertSameChunks(
    world,
    { rows: rows(2_000) },
    {
      set: [
        ['b', 1],
        ['rows[2000]', 2],
      ],
      remove: [],
    },
  )
})

test('[E9] only chunks at the places of the changes are read: of 450, for three changes, at most 12', async () => {
  const world = await ChunkWorld.make()
  const value = { before: rows(60_000), metrics: { loss: 1 }, after: rows(60_000) }
  const changes: Changes = {
    set: [
      ['metrics.loss', 0.5],
      ['after[30000].name', 'changed'],
      ['added', { x: 1 }],
    ],
    remove: [],
  }
  const { known, read, list } = await assertSameChunks(world, value, changes)
  assert.ok(list > 400, `${list} chunks`)
  assert.ok(read <= 12, `${read} chunks read`)
  assert.ok(known >= list - 12, `${known} of ${list} chunks known`)
})

/** Saves the value, splices it, and compares with the changed value saved in another world. */
async function assertSameChunks(world: ChunkWorld, value: unknown, changes: Changes) {
  const { saved, outline } = await saveWhole(world, value)
  const { reader } = await world.store.open(saved.content)
  const { chunks } = saved
  const read = (offset: number, length: number) => reader.read(offset, length)
  const encoded = encodeChanges(changes.set, changes.remove, [])
  const spliced = await spliceValue(read, reader.length, outline, encoded)
  const asked: number[] = []
  const pieces = splicedPieces(
    chunks,
    index => {
      asked.push(index)
      return reader.read(chunks.offset(index), chunks.rawBytes(index))
    },
    spliced.splices,
    spliced.endsWithBlob,
  )
  let known = 0
  const counted = async function* (): AsyncIterable<StreamPiece> {
    for await (const piece of pieces) {
      if (piece.kind === 'known') known += piece.to - piece.from
      yield piece
    }
  }
  const patched = await world.store.save(counted(), { parent: { chunks } })
  assert.deepEqual(
    asked,
    [...new Set(asked)].toSorted((one, other) => one - other),
    'each chunk is read once, in order',
  )
  const expected = await saveWhole(
    await ChunkWorld.make(),
    changeInMemory(decodeValue(await reader.read(0, reader.length)), changes.set, changes.remove),
  )
  assert.equal(patched.logicalBytes, spliced.length)
  assert.equal(patched.digest, expected.saved.digest)
  return { known, read: asked.length, list: chunks.count }
}

async function saveWhole(world: ChunkWorld, value: unknown): Promise<{ saved: SavedBytes; outline: Outline | undefined }> {
  const encoded = encodeParts(value, { outline: true })
  const pieces = encoded.parts.flatMap(part =>
    part.pieces.map((bytes, i): StreamPiece => ({ kind: part.kind, bytes, endsPart: i === part.pieces.length - 1 })),
  )
  const saved = await world.store.save(pieces)
  encoded.release()
  return { saved, outline: encoded.outline }
}

function rows(count: number) {
  return Array.from({ length: count }, (_, id) => ({ id, name: `row ${Math.imul(id, 0x9e37_79b1)}`, at: new Date(id * 1000) }))
}

type Random = ReturnType<typeof seededRandom>

function anyPart(random: Random): unknown {
  const kind = random.integer(6)
  if (kind === 0) return random.bytes(random.integer(300_000))
  if (kind === 1) return rows(random.integer(4_000))
  if (kind === 2) return 'text '.repeat(random.integer(20_000))
  return kind === 3 ? { a: { b: rows(random.integer(50)) } } : random.integer(1_000_000)
}

function anyState(random: Random): unknown {
  const state: Record<string, unknown> = { rows: rows(1_000 + random.integer(3_000)) }
  for (let key = random.integer(8); key >= 0; key--) state[`key${key}`] = anyPart(random)
  return random.bool(0.3) ? new Map(Object.entries(state)) : state
}
