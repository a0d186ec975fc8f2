import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PlacedRecord, RecordSeal } from '../../src/log/record-seal.ts'
import { decodeRecord, encodeRecord, type FramedRecord, payloadOffset } from '../../src/log/segment-format.ts'
import { newDataKey } from '../../src/seal/data-key.ts'
import { sealOverhead } from '../../src/seal/file-keys.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const segment = 'segment000segment000segmen'
const otherSegment = 'segment111segment111segmen'
const key = newDataKey(seededRandom(1), 0)
const nameOf = (stream: string): string => `~${Buffer.from(stream).toString('hex').padEnd(25, '0').slice(0, 25)}`
const seal = new RecordSeal(key, segment, nameOf)

const streamNames = fc.string({ unit: fc.constantFrom(...'abc-._09'), minLength: 1, maxLength: 40 })
const whole = { token: fc.integer({ min: 0, max: 0xffff_ffff }), sequence: fc.integer({ min: 0, max: 0xffff_ffff }) }

const dataRecord = fc.record({
  kind: fc.constant('data' as const),
  stream: fc.oneof(streamNames, fc.constant('')),
  ...whole,
  payload: fc.uint8Array({ maxLength: 200 }),
})

/** What a take-over record says of its base: token, count, and the name of a segment. */
const base = fc
  .tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.constantFrom('', segment, otherSegment))
  .map(([head, name]) => Buffer.concat([head, Buffer.of(name.length), Buffer.from(name)]))

const acceptOf = (copies: fc.Arbitrary<FramedRecord>): fc.Arbitrary<FramedRecord> =>
  fc
    .tuple(streamNames, whole.token, whole.sequence, base, fc.array(copies, { maxLength: 3 }))
    .map(([stream, token, sequence, head, inside]) => ({
      kind: 'accept' as const,
      stream,
      token,
      sequence,
      payload: Buffer.concat([head, ...inside.map(encodeRecord)]),
    }))

const depthOne = acceptOf(dataRecord)
const depthTwo = acceptOf(fc.oneof(dataRecord, depthOne))
const records: fc.Arbitrary<FramedRecord> = fc.oneof(dataRecord, depthOne, depthTwo, acceptOf(fc.oneof(dataRecord, depthTwo)))
const offsets = fc.integer({ min: 160, max: 2 ** 40 })

const bare = ({ kind, stream, token, sequence, payload }: FramedRecord) => ({
  kind,
  stream,
  token,
  sequence,
  payload: Buffer.from(payload).toString('hex'),
})

/** As it is read from a file. */
function shownOf(record: FramedRecord): FramedRecord {
  return decodeRecord(encodeRecord(record)) ?? assert.fail('a record is not whole')
}

/** Every record inside, with what it was, at its place in the file. */
function* copiesOf(
  meant: FramedRecord,
  file: Buffer,
  start: number,
  { copies = [] }: PlacedRecord | { copies?: PlacedRecord['copies'] },
) {
  const inside = meant.payload.subarray(9 + (meant.payload[8] ?? 0))
  let at = 0
  for (const { offset, length } of copies) {
    const frame = Buffer.from(inside).subarray(at, at + Buffer.from(inside).readUInt32LE(at))
    at += frame.length
    yield {
      meant: decodeRecord(frame) ?? assert.fail('a copy is not whole'),
      shown: decodeRecord(file.subarray(offset - start, offset - start + length)) ?? assert.fail('no record stands there'),
      offset,
    }
  }
}

test('E6 a record is opened as it was sealed at its place, with all that it copies down to a third depth, and each copy by itself', () => {
  fc.assert(
    fc.property(records, offsets, (meant, offset) => {
      const sealed = seal.seal(meant, offset)
      const file = encodeRecord(sealed.record)
      const opened = seal.open(shownOf(sealed.record), offset)
      assert.ok(opened)
      assert.deepEqual(bare(opened.record), bare(meant))
      assert.deepEqual(opened.copies, sealed.copies)
      for (const copy of copiesOf(meant, file, offset, sealed)) {
        const alone = seal.open(copy.shown, copy.offset)
        assert.ok(alone)
        assert.deepEqual(bare(alone.record), bare(copy.meant))
      }
    }),
    { numRuns: 200 },
  )
})

test('E6 a record shows neither its stream nor its payload, and adds no more bytes than it may', () => {
  fc.assert(
    fc.property(streamNames, fc.uint8Array({ minLength: 8, maxLength: 300 }), offsets, (stream, payload, offset) => {
      const { record } = seal.seal({ kind: 'data', stream: `run-${stream}`, token: 1, sequence: 1, payload }, offset)
      const bytes = encodeRecord(record)
      assert.equal(bytes.includes(`run-${stream}`), false)
      assert.equal(bytes.includes(Buffer.from(payload)), false)
      assert.ok(record.payload.length - payload.length <= 2 * sealOverhead + 256)
    }),
  )
})

test('E6 a record of which any bit was changed, whatever its checksum says, does not open', () => {
  fc.assert(
    fc.property(records, offsets, fc.nat(), fc.nat(7), (meant, offset, where, bit) => {
      const { record } = seal.seal(meant, offset)
      const payload = Buffer.from(record.payload)
      const at = where % payload.length
      payload[at] = (payload[at] ?? 0) ^ (1 << bit)
      assert.equal(opened(seal, { ...record, payload }, offset), undefined)
    }),
    { numRuns: 400 },
  )
})

test('E6 a record does not open at another place, in another segment, with another key, or as another than it was', () => {
  const others = [new RecordSeal(key, otherSegment, nameOf), new RecordSeal(newDataKey(seededRandom(2), 0), segment, nameOf)]
  fc.assert(
    fc.property(records, offsets, fc.integer({ min: 1, max: 1_000 }), (meant, offset, by) => {
      const { record } = seal.seal(meant, offset)
      assert.ok(opened(seal, record, offset))
      assert.equal(opened(seal, record, offset + by), undefined)
      for (const other of others) assert.equal(opened(other, record, offset), undefined)
      for (const change of [
        { token: (record.token + by) % 2 ** 32 },
        { sequence: (record.sequence + by) % 2 ** 32 },
        { stream: `${record.stream.slice(0, -1)}!` },
        { kind: record.kind === 'data' ? ('accept' as const) : ('data' as const) },
      ])
        assert.equal(opened(seal, { ...record, ...change }, offset), undefined, JSON.stringify(change))
    }),
    { numRuns: 200 },
  )
})

test('E6 a take-over record whose copies were left out, exchanged or repeated does not open', () => {
  const copy = (n: number): FramedRecord => ({ kind: 'data', stream: 's', token: 1, sequence: n, payload: Buffer.alloc(10, n) })
  const meant: FramedRecord = {
    kind: 'accept',
    stream: 's',
    token: 2,
    sequence: 0,
    payload: Buffer.concat([Buffer.alloc(9), ...[1, 2, 3].map(n => encodeRecord(copy(n)))]),
  }
  const { record } = seal.seal(meant, 160)
  const payload = Buffer.from(record.payload)
  const headEnd = 2 + payload.readUInt16LE(0)
  const length = (payload.length - headEnd) / 3
  const [head, one, two, three] = [
    payload.subarray(0, headEnd),
    ...[0, 1, 2].map(n => payload.subarray(headEnd + n * length, headEnd + (n + 1) * length)),
  ]
  assert.ok(head && one && two && three)
  const joined = (...parts: Buffer[]) => opened(seal, { ...record, payload: Buffer.concat([head, ...parts]) }, 160)
  assert.ok(joined(one, two, three))
  for (const parts of [[], [one], [one, two], [two, one, three], [one, two, two], [one, two, three, three], [three, two, one]])
    assert.equal(joined(...parts), undefined, `${parts.length} copies`)
  assert.equal(joined(one, two, three, Buffer.alloc(3)), undefined)
})

test('E6 any bytes in place of a sealed record are refused, never thrown over', () => {
  fc.assert(
    fc.property(fc.constantFrom('data', 'accept'), fc.uint8Array({ maxLength: 200 }), (kind, payload) => {
      assert.equal(opened(seal, { kind, stream: nameOf('s'), token: 1, sequence: 1, payload }, 160), undefined)
    }),
    { numRuns: 500 },
  )
})

test('E6 what a record is sealed to never changes', () => {
  const { record } = seal.seal({ kind: 'data', stream: 'run', token: 3, sequence: 9, payload: Buffer.from('known') }, 160)
  assert.equal(payloadOffset(record.stream), 20 + nameOf('run').length)
  assert.equal(
    Buffer.from(record.payload).toString('hex'),
    'd177d823348fee95417aeaadd2b0ae6b22b556492476589aa4606292b7b27e0d864eef2103',
  )
})

const opened = (by: RecordSeal, record: FramedRecord, offset: number): PlacedRecord | undefined =>
  by.open(shownOf(record), offset)
