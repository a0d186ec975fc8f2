import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  checkBatch,
  checkHeader,
  decodeBatchHead,
  decodeRecord,
  digestBefore,
  encodeBatch,
  encodeHeader,
  encodeRecord,
  type FramedRecord,
  headerLength,
  maxBodyLength,
  splitRecords,
} from '../../src/log/segment-format.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { bytes, storeId } from './log-on-disk.ts'

const segment = 'segment000segment000segmen'
const identity = { segment, store: storeId }
const before = Buffer.alloc(16, 7)
const records: readonly FramedRecord[] = [
  { kind: 'data', stream: 'run1', token: 1, sequence: 1, payload: bytes('first') },
  { kind: 'accept', stream: '@given.id', token: 4_000_000_000, sequence: 0, payload: bytes('') },
  { kind: 'data', stream: '', token: 0, sequence: 0, payload: Buffer.alloc(1000, 'x') },
]

/** A bit of every byte, another one for each. */
const flips = (length: number) => Array.from({ length }, (_, at) => ({ at, bit: 1 << (at % 8) }))

function flipped(original: Buffer, { at, bit }: { at: number; bit: number }): Buffer {
  const copy = Buffer.from(original)
  copy[at] = (copy[at] ?? 0) ^ bit
  return copy
}

describe('header', () => {
  test('is read back by the store and segment it was written for', () => {
    const header = encodeHeader(identity)
    assert.equal(header.length, headerLength)
    assert.deepEqual(checkHeader(header, identity), header.subarray(80))
    assert.equal(checkHeader(header, { ...identity, segment: `${segment.slice(1)}x` }), undefined)
  })

  test('any bit of it flipped is noticed (E3)', () => {
    const header = encodeHeader(identity)
    for (const flip of flips(header.length))
      assert.equal(checkHeader(flipped(header, flip), identity), undefined, `byte ${flip.at}`)
  })

  test('that is cut at any length is none', () => {
    const header = encodeHeader(identity)
    for (let length = 0; length < headerLength; length++)
      assert.equal(checkHeader(header.subarray(0, length), identity), undefined)
  })

  test('of another store is refused, not read', () => {
    const foreign = encodeHeader({ segment, store: storeId.toUpperCase() })
    assert.throws(
      () => checkHeader(foreign, identity),
      error => isWaymarkError(error, 'conflict'),
    )
  })
})

describe('record', () => {
  test('is read back, whatever stream and payload', () => {
    for (const record of records) assert.deepEqual({ ...decodeRecord(encodeRecord(record)) }, record)
  })

  test('any bit of it flipped is noticed (E3)', () => {
    for (const record of records) {
      const frame = encodeRecord(record)
      for (const flip of flips(frame.length)) assert.equal(decodeRecord(flipped(frame, flip)), undefined, `byte ${flip.at}`)
    }
  })

  test('that is cut or has bytes behind it is none', () => {
    const frame = encodeRecord(records[0] ?? assert.fail())
    for (let length = 0; length < frame.length; length++) assert.equal(decodeRecord(frame.subarray(0, length)), undefined)
    assert.equal(decodeRecord(Buffer.concat([frame, bytes('x')])), undefined)
  })
})

describe('batch', () => {
  const place = { number: 3, offset: 4096, before, unsynced: 0 }
  const batch = encodeBatch(segment, place, records)

  test('is read back with every record at the place it reports', () => {
    const head = decodeBatchHead(batch.bytes, place.offset)
    assert.deepEqual(head, { number: 3, length: batch.bytes.length, records: 3, close: false, durableEnd: 4096 })
    assert.deepEqual(checkBatch(segment, batch.bytes), batch.digest)
    assert.deepEqual(digestBefore(batch.bytes), before)
    const frames = splitRecords(batch.bytes, place.offset, 3) ?? []
    assert.deepEqual(
      frames.map(({ frame, offset }) => ({ offset, length: frame.length })),
      batch.positions,
    )
    assert.deepEqual(
      frames.map(({ frame }) => ({ ...decodeRecord(frame) })),
      records,
    )
  })

  test('any bit of it flipped is noticed (E3)', () => {
    for (const flip of flips(batch.bytes.length)) {
      const damaged = flipped(batch.bytes, flip)
      const head = decodeBatchHead(damaged, place.offset)
      const whole = head?.length === damaged.length && checkBatch(segment, damaged) !== undefined
      assert.ok(!whole, `byte ${flip.at}`)
    }
  })

  test('of another segment, or at another place, is none here', () => {
    assert.equal(checkBatch(`x${segment.slice(1)}`, batch.bytes), undefined)
    assert.equal(decodeBatchHead(batch.bytes, place.offset + 1), undefined)
  })

  test('says that it closes the segment', () => {
    const closing = encodeBatch(segment, place, [], true)
    assert.equal(decodeBatchHead(closing.bytes, place.offset)?.close, true)
    assert.equal(decodeBatchHead(encodeBatch(segment, place, []).bytes, place.offset)?.close, false)
  })

  test('that claims more than any batch holds is none: a reader allocates nothing for it', () => {
    const huge = Buffer.from(batch.bytes)
    huge.writeUInt32LE(maxBodyLength + 1, 32)
    assert.equal(decodeBatchHead(huge, place.offset), undefined)
  })

  test('whose body does not add up has no records', () => {
    assert.equal(splitRecords(batch.bytes, place.offset, 2), undefined)
    const short = Buffer.from(batch.bytes)
    short.writeUInt32LE(19, 64)
    assert.equal(splitRecords(short, place.offset, 3), undefined)
    short.writeUInt32LE(batch.bytes.length, 64)
    assert.equal(splitRecords(short, place.offset, 3), undefined)
  })
})
