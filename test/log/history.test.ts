import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeAccept, encodeAccept } from '../../src/log/accept.ts'
import { countedHistory } from '../../src/log/history.ts'
import type { SegmentRecord } from '../../src/log/log.ts'
import { decodeRecord, encodeRecord } from '../../src/log/segment-format.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { bytes, text, texts } from './log-on-disk.ts'

const stream = 'run'
let nextOffset = 0

/** A record of owner `token`, somewhere in that owner's segment. */
function data(token: number, sequence: number, payload = `${token}/${sequence}`): SegmentRecord {
  return placed({ kind: 'data', stream, token, sequence, payload: bytes(payload) })
}

/** The ACCEPT of owner `token`, which takes over after record `sequence` of owner `base`. */
function accept(token: number, base: number, sequence: number, copies: readonly SegmentRecord[] = []): SegmentRecord {
  const payload = encodeAccept({ token: base, sequence, segment: `s${base}` }, copies)
  return placed({ kind: 'accept', stream, token, sequence: 0, payload })
}

function placed(record: Omit<SegmentRecord, 'position'>): SegmentRecord {
  const { length } = encodeRecord(record)
  const position = { segment: `s${record.token}`, offset: nextOffset, length }
  nextOffset += length
  return { ...record, position }
}

/** What counts, which must not depend on the order in which records are found. */
function counted(records: readonly SegmentRecord[]): string[] {
  const random = seededRandom(records.length)
  const found = texts(countedHistory(stream, records).records)
  for (let i = 0; i < 10; i++) {
    const shuffled = records.map(record => ({ record, at: random.next() })).sort((a, b) => a.at - b.at)
    const again = countedHistory(
      stream,
      shuffled.map(({ record }) => record),
    )
    assert.deepEqual(texts(again.records), found)
  }
  return found
}

const isCorrupt = (records: readonly SegmentRecord[]) =>
  assert.throws(
    () => countedHistory(stream, records),
    error => isWaymarkError(error, 'corrupt'),
  )

describe('an ACCEPT', () => {
  test('is read back with its copies whole and at their new places', () => {
    const copies = [data(1, 4), data(1, 5, 'x'.repeat(300))]
    const record = accept(2, 1, 5, copies)
    const { base, copies: found } = decodeAccept(record)
    assert.deepEqual(base, { token: 1, sequence: 5, segment: 's1' })
    assert.deepEqual(
      found.map(copy => text(copy.payload)),
      copies.map(copy => text(copy.payload)),
    )
    const frame = encodeRecord(record)
    for (const { position, payload } of found) {
      assert.equal(position.segment, 's2')
      const at = position.offset - record.position.offset
      assert.deepEqual(decodeRecord(frame.subarray(at, at + position.length))?.payload, payload)
    }
  })

  test('that makes no sense is corrupt, though its checksum may match', () => {
    const whole = accept(2, 1, 1, [data(1, 1)])
    for (let length = 0; length < whole.payload.length; length++) {
      if (length === 9 + 's1'.length) continue
      const payload = whole.payload.subarray(0, length)
      assert.throws(
        () => decodeAccept({ ...whole, payload }),
        error => isWaymarkError(error, 'corrupt'),
      )
    }
  })
})

describe('what counts', () => {
  test('of a stream nobody knows is nothing', () => {
    assert.deepEqual(countedHistory(stream, []), { records: [], token: 0 })
  })

  test('of a first owner is all of it: it needs no ACCEPT', () => {
    assert.deepEqual(counted([data(1, 1), data(1, 2)]), ['1/1', '1/2'])
  })

  test('of a predecessor is what its successor accepted; what it wrote afterwards is void', () => {
    const records = [data(1, 1), data(1, 2), data(1, 3), accept(2, 1, 2), data(2, 1)]
    assert.deepEqual(counted(records), ['1/1', '1/2', '2/1'])
  })

  test('of an owner that accepted nothing of its predecessor is its own alone', () => {
    assert.deepEqual(counted([data(1, 1), accept(2, 1, 0), data(2, 1)]), ['2/1'])
  })

  test('does not include a claim without an ACCEPT, whatever is written under it', () => {
    assert.deepEqual(counted([data(1, 1), data(2, 1)]), ['1/1'])
    assert.deepEqual(counted([data(1, 1), data(2, 1), accept(3, 1, 1), data(3, 1)]), ['1/1', '3/1'])
  })

  test('does not include an owner that a later one passed over, nor what that accepted', () => {
    const records = [data(1, 1), data(1, 2), accept(2, 1, 2), data(2, 1), accept(3, 1, 1), data(3, 1)]
    assert.deepEqual(counted(records), ['1/1', '3/1'])
  })

  test('follows a chain of owners, each cut where the next one says', () => {
    const records = [1, 2, 3].flatMap(token => [1, 2, 3].map(sequence => data(token, sequence)))
    const chain = [...records, accept(2, 1, 2), accept(3, 2, 1)]
    assert.deepEqual(counted(chain), ['1/1', '1/2', '2/1', '3/1', '3/2', '3/3'])
    assert.equal(countedHistory(stream, chain).token, 3)
  })

  test('follows a chain of thousands of owners', () => {
    const records = [data(1, 1), ...Array.from({ length: 5000 }, (_, i) => accept(i + 2, i + 1, i === 0 ? 1 : 0))]
    assert.deepEqual(countedHistory(stream, records).token, 5001)
    assert.equal(countedHistory(stream, records).records.length, 1)
  })

  test('stays where the first home of a copied record is lost, and the copy is where it is found', () => {
    const lost = data(1, 2)
    const taking = accept(2, 1, 2, [lost])
    const records = [data(1, 1), taking, data(2, 1)]
    assert.deepEqual(counted(records), ['1/1', '1/2', '2/1'])
    const copy = countedHistory(stream, records).records[1]
    assert.deepEqual(copy?.position, decodeAccept(taking).copies[0]?.position)
  })

  test('is found in the copy even where the first home can still be read: that may be in the page cache only', () => {
    const first = data(1, 1)
    const taking = accept(2, 1, 1, [first])
    for (const records of [
      [first, taking],
      [taking, first],
    ]) {
      assert.equal(countedHistory(stream, records).records[0]?.position.segment, 's2')
    }
  })

  test('is found in the newest copy of a copy, where an ACCEPT was copied itself', () => {
    const second = accept(2, 1, 1, [data(1, 1)])
    const third = accept(3, 2, 0, [second])
    assert.deepEqual(counted([third, data(3, 1)]), ['1/1', '3/1'])
    assert.equal(countedHistory(stream, [second, third]).records[0]?.position.segment, 's3')
  })

  test('is not found in copies of an owner that does not count', () => {
    const first = data(1, 1)
    const passedOver = accept(2, 1, 1, [first])
    const records = [first, passedOver, accept(3, 1, 1)]
    assert.equal(countedHistory(stream, records).records[0]?.position.segment, 's1')
  })
})

describe('a record that counts and is missing makes the history corrupt', () => {
  test('before the accepted cut', () => {
    isCorrupt([data(1, 1), accept(2, 1, 2)])
    isCorrupt([data(1, 2), accept(2, 1, 2)])
  })

  test('in a gap of the newest owner', () => {
    isCorrupt([data(1, 1), data(1, 3)])
    isCorrupt([data(1, 1), accept(2, 1, 1), data(2, 2)])
  })

  test('where it is the ACCEPT of an owner in the chain', () => {
    isCorrupt([data(1, 1), accept(3, 2, 0), data(3, 1)])
    isCorrupt([data(1, 1), data(2, 1), accept(3, 2, 1)])
  })

  test('where a chain leads upward', () => {
    isCorrupt([accept(2, 2, 0), data(2, 1)])
    isCorrupt([accept(2, 3, 0), accept(3, 2, 0)])
  })
})
