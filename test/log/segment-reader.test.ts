import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { FoundSegmentRecord, SegmentTail } from '../../src/log/log.ts'
import { encodeBatch, encodeHeader, type FramedRecord, headerLength } from '../../src/log/segment-format.ts'
import { findRecords, readSegment } from '../../src/log/segment-reader.ts'
import { SegmentWriter } from '../../src/log/segment-writer.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { bytes, readAll, storeId, text, texts, writeAll } from './log-on-disk.ts'

const segment = 'segment000segment000segmen'
const identity = { segment, store: storeId }
const folder = '/segments'
const path = `${folder}/${segment}.seg`

async function emptyDisk(): Promise<FileSystem> {
  const files = new SimulatedDisk().process('process')
  await files.makeDirectory(folder)
  return files
}

const data = (stream: string, sequence: number, payload: string | Uint8Array): FramedRecord => ({
  kind: 'data',
  stream,
  token: 1,
  sequence,
  payload: typeof payload === 'string' ? bytes(payload) : payload,
})

/** A segment of these batches, each with one record of stream `a` per payload; and where each batch ends. */
async function written(
  batches: readonly (string | Uint8Array)[][],
  options: { close?: boolean } = {},
): Promise<{ files: FileSystem; content: Buffer; ends: readonly number[] }> {
  const files = await emptyDisk()
  const writer = await SegmentWriter.make(files, folder, identity)
  const ends: number[] = []
  let sequence = 0
  for (const payloads of batches) {
    const records = payloads.map(payload => data('a', ++sequence, payload))
    await writer.append(records, { sync: true })
    ends.push(writer.end)
  }
  if (options.close) await writer.append([], { sync: true, close: true })
  await writer.close()
  return { files, content: await readAll(files, path), ends }
}

/** What a reader makes of these bytes. */
async function read(content: Uint8Array, from = 0): Promise<SegmentTail> {
  const files = await emptyDisk()
  await writeAll(files, path, content)
  return readSegment(files, path, identity, { from })
}

/** What is found there of one stream. */
async function find(
  content: Uint8Array,
  stream: string,
  isLeft = (_: Uint8Array) => false,
): Promise<SegmentTail<FoundSegmentRecord>> {
  const files = await emptyDisk()
  await writeAll(files, path, content)
  return findRecords(files, path, identity, { stream, isLeft })
}

const payloadsOf = (tail: SegmentTail): string[] => tail.batches.flatMap(batch => texts(batch.records))

const three = await written([['one'], ['two', 'three'], ['four']])
const closed = await written([['one'], ['two']], { close: true })

describe('a whole segment', () => {
  test('gives its batches in order; all but the last are proven durable', async () => {
    const tail = await read(three.content)
    assert.deepEqual(payloadsOf(tail), ['one', 'two', 'three', 'four'])
    assert.deepEqual(
      tail.batches.map(batch => batch.end),
      three.ends,
    )
    assert.equal(tail.end, three.content.length)
    assert.equal(tail.provenEnd, three.ends[1])
    assert.equal(tail.tornBytes, 0)
    assert.equal(tail.damage, undefined)
    assert.equal(tail.closed, false)
  })

  test('that is closed is proven to its end', async () => {
    const tail = await read(closed.content)
    assert.deepEqual(payloadsOf(tail), ['one', 'two'])
    assert.equal(tail.closed, true)
    assert.equal(tail.provenEnd, closed.content.length)
  })

  test('is read on from the end of any batch with the same result', async () => {
    const whole = await read(three.content)
    for (const [i, end] of three.ends.entries()) {
      const rest = await read(three.content, end)
      assert.deepEqual(rest.batches, whole.batches.slice(i + 1))
      assert.equal(rest.end, whole.end)
      assert.equal(rest.damage, undefined)
      if (i < 2) assert.equal(rest.digest, whole.digest)
    }
  })

  test('gives the records of one stream only, if asked so, at the same places', async () => {
    const files = await emptyDisk()
    const writer = await SegmentWriter.make(files, folder, identity)
    await writer.append([data('a', 1, 'a1'), data('ab', 1, 'ab1'), data('', 0, 'free')], { sync: true })
    await writer.append([data('ab', 2, 'ab2')], { sync: true })
    await writer.append([data('a', 2, 'a2')], { sync: true })
    const content = await readAll(files, path)
    const whole = await read(content)
    for (const stream of ['a', 'ab', '', 'b']) {
      const some = await find(content, stream)
      const expected = whole.batches.map(batch => ({
        ...batch,
        records: batch.records.filter(record => record.stream === stream),
      }))
      assert.deepEqual(some, { ...whole, batches: expected })
    }
  })

  test('is read in pieces of whole batches, which together are what is read at once', async () => {
    const files = await emptyDisk()
    for (const { content } of [three, closed]) {
      await writeAll(files, path, content)
      const whole = await read(content)
      for (const limit of [1, 100, 200, 10_000]) {
        const batches = []
        let from = 0
        for (;;) {
          const piece = await readSegment(files, path, identity, { from, limit })
          batches.push(...piece.batches)
          from = piece.end
          if (piece.more) continue
          assert.equal(piece.closed, whole.closed)
          break
        }
        assert.deepEqual(batches, whole.batches)
      }
    }
  })

  test('is not kept in memory for the few records of one stream', async () => {
    const files = await emptyDisk()
    const writer = await SegmentWriter.make(files, folder, identity)
    await writer.append([data('a', 1, 'a1'), data('b', 1, Buffer.alloc(500_000))], { sync: true })
    const tail = await find(await readAll(files, path), 'a')
    const [record] = tail.batches.flatMap(batch => batch.records)
    assert.ok((record?.payload?.buffer.byteLength ?? Number.NaN) < 100_000)
  })

  test('keeps the places of payloads that are left in it, and is checked as if they were read', async () => {
    const long = Buffer.alloc(300_000, 'long')
    const { content } = await written([['short', long], [long], ['last']])
    const tail = await find(content, 'a', ({ length }) => length > 5)
    assert.deepEqual(
      tail.batches.map(({ records }) => records.map(({ payload, sequence }) => [sequence, payload && text(payload)])),
      [
        [
          [1, 'short'],
          [2, undefined],
        ],
        [[3, undefined]],
        [[4, 'last']],
      ],
    )
    const places = (await read(content)).batches.flatMap(({ records }) => records.map(({ position }) => position))
    assert.deepEqual(
      tail.batches.flatMap(({ records }) => records.map(({ position }) => position)),
      places,
    )
    const flipped = Buffer.from(content)
    const [, , third] = places
    assert.ok(third)
    flipped.writeUInt8(flipped.readUInt8(third.offset + 1_000) ^ 1, third.offset + 1_000)
    assert.equal((await find(flipped, 'a', () => true)).damage?.offset, tail.batches[0]?.end)
  })

  test('is read through a window smaller than itself, records across its edge included', async () => {
    const big = [Buffer.alloc(700_000, 'x'), Buffer.alloc(700_000, 'y'), Buffer.alloc(2_500_000, 'z'), bytes('end')]
    const { content } = await written(big.map(payload => [payload]))
    const tail = await read(content)
    const records = tail.batches.flatMap(batch => batch.records)
    assert.deepEqual(
      records.map(record => Buffer.from(record.payload).equals(big[record.sequence - 1] ?? assert.fail())),
      [true, true, true, true],
    )
  })
})

describe('a torn end', () => {
  test('of any length is set aside, and what stands before it is whole [pitfall 6]', async () => {
    const lastBatch = three.ends[1] ?? assert.fail()
    for (let length = lastBatch; length < three.content.length; length++) {
      const tail = await read(three.content.subarray(0, length))
      assert.deepEqual(payloadsOf(tail), ['one', 'two', 'three'], `cut to ${length}`)
      assert.equal(tail.end, lastBatch)
      assert.equal(tail.tornBytes, length - lastBatch)
      assert.equal(tail.provenEnd, three.ends[0])
      assert.equal(tail.damage, undefined)
    }
  })

  test('is one also where sectors of the last batch did not arrive', async () => {
    const { content, ends } = await written([['one'], [Buffer.alloc(3000, 'x')]])
    for (let at = ends[0] ?? 0; at < content.length; at += 512) {
      const torn = Buffer.from(content)
      torn.fill(0, at, Math.min(at + 512, torn.length))
      const tail = await read(torn)
      assert.deepEqual(payloadsOf(tail), ['one'])
      assert.equal(tail.tornBytes, content.length - tail.end)
      assert.equal(tail.damage, undefined)
    }
  })

  test('before the first batch leaves an empty segment, a header too short none at all', async () => {
    for (let length = 0; length < (three.ends[0] ?? 0); length++) {
      const tail = await read(three.content.subarray(0, length))
      assert.deepEqual(tail.batches, [])
      assert.equal(tail.end, length < headerLength ? 0 : headerLength)
      assert.equal(tail.damage, undefined)
    }
  })

  test('before the place a reader had come to shows as a segment that is shorter', async () => {
    const [, second = 0, third = 0] = three.ends
    const tail = await read(three.content.subarray(0, second + 10), third)
    assert.equal(tail.end, second + 10)
    assert.equal(tail.tornBytes, 0)
    assert.deepEqual(tail.batches, [])
  })
})

describe('damage', () => {
  test('is any bit flipped before the last batch, and the batches behind it are still given (E3)', async () => {
    const [first = 0, second = 0] = three.ends
    for (let at = 0; at < second; at++) {
      const flipped = Buffer.from(three.content)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      const tail = await read(flipped)
      assert.ok(tail.damage, `byte ${at}`)
      const expected = at < headerLength ? [] : at < first ? ['two', 'three', 'four'] : ['one', 'four']
      assert.deepEqual(payloadsOf(tail), expected, `byte ${at}`)
      assert.equal(tail.damage.offset, at < headerLength ? 0 : at < first ? headerLength : first)
    }
  })

  test('in several places is named by the first and bounded by the last', async () => {
    const { content, ends } = await written([['one'], ['two'], ['three'], ['four'], ['five']])
    const flipped = Buffer.from(content)
    for (const end of [ends[0], ends[2]]) flipped.writeUInt8(0, end ?? 0)
    const tail = await read(flipped)
    assert.deepEqual(payloadsOf(tail), ['one', 'three', 'five'])
    assert.equal(tail.damage?.offset, ends[0])
    assert.equal(tail.damage?.lastOffset, ends[2])
  })

  test('is a batch left out or doubled, though every batch there is whole', async () => {
    const [first = 0, second = 0] = three.ends
    const { content } = three
    const without = Buffer.concat([content.subarray(0, first), content.subarray(second)])
    assert.deepEqual(payloadsOf(await read(without)), ['one'])
    const doubled = Buffer.concat([content.subarray(0, second), content.subarray(first)])
    assert.deepEqual(payloadsOf(await read(doubled)), ['one', 'two', 'three'])
  })

  test('is a batch of a branch: whole, in place, but after another than the one before it', async () => {
    const [first = 0] = three.ends
    const other = encodeBatch(segment, { number: 2, offset: first, before: Buffer.alloc(16), unsynced: 0 }, [
      data('a', 2, 'other'),
    ])
    const last = await read(three.content)
    const next = encodeBatch(segment, { number: 3, offset: first + other.bytes.length, before: other.digest, unsynced: 0 }, [
      data('a', 3, 'x'),
    ])
    const tail = await read(Buffer.concat([three.content.subarray(0, first), other.bytes, next.bytes]))
    assert.ok(tail.damage)
    assert.ok(last.damage === undefined)
  })

  test('is any byte behind the close mark', async () => {
    for (const extra of [bytes('x'), Buffer.alloc(600), three.content]) {
      const tail = await read(Buffer.concat([closed.content, extra]))
      assert.deepEqual(payloadsOf(tail), ['one', 'two'])
      assert.equal(tail.damage?.offset, closed.content.length)
      assert.equal(tail.tornBytes, extra.length)
    }
  })

  test('of the header is damage however much else is whole', async () => {
    const tail = await read(Buffer.concat([Buffer.alloc(headerLength), three.content.subarray(headerLength)]))
    assert.equal(tail.damage?.offset, 0)
    assert.deepEqual(tail.batches, [])
  })
})

describe('bytes of a segment stored inside it', () => {
  test('are never taken for its batches, not even where a batch before them is damaged', async () => {
    const inner = await written([['one'], ['inner'], ['more']])
    const { content, ends } = await written([['one'], [inner.content], ['three']])
    assert.deepEqual((await read(content)).batches.length, 3)
    const [first = 0, second = 0] = ends
    for (const at of [first, first + 64, second - 1]) {
      const flipped = Buffer.from(content)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      const tail = await read(flipped)
      assert.deepEqual(payloadsOf(tail), ['one', 'three'], `byte ${at}`)
      assert.equal(tail.damage?.offset, first)
    }
  })

  test('are not taken for them either when they end in a torn write, at whatever place they stand', async () => {
    for (let shift = 0; shift < 40; shift++) {
      const inner = await written([['one'], ['inner'], ['more']])
      const { content, ends } = await written([['one'], [Buffer.concat([Buffer.alloc(shift), inner.content])]])
      const tail = await read(content.subarray(0, content.length - 1))
      assert.deepEqual(payloadsOf(tail), ['one'])
      assert.equal(tail.end, ends[0])
      assert.equal(tail.damage, undefined)
    }
  })

  test('cost no more than the bytes they are: a search does not begin anew at each', async () => {
    let reads = 0
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => bytes('WMBT')))
    const { content } = await written([['one'], [many], ['three']])
    content[three.ends[0] ?? 0] = 0
    const files = await emptyDisk()
    await writeAll(files, path, content)
    const counting: FileSystem = {
      ...files,
      open: async (...args) => {
        const file = await files.open(...args)
        return {
          ...file,
          read: (...range) => {
            reads++
            return file.read(...range)
          },
        }
      },
    }
    const tail = await readSegment(counting, path, identity)
    assert.deepEqual(payloadsOf(tail), ['one', 'three'])
    assert.ok(reads < 20, `${reads} reads`)
  })
})

test('a header alone is an empty segment', async () => {
  const tail = await read(encodeHeader(identity))
  assert.deepEqual(tail.batches, [])
  assert.equal(tail.end, headerLength)
})
