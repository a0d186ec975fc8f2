import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { applyDelta, encodeDelta } from '../../src/format/delta.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type SeededRandom, seededRandom } from '../../src/testing/seeded-random.ts'

const noLimit = Number.MAX_SAFE_INTEGER

/** The delta, after it has proved to make the target again. */
function roundTrip(target: Uint8Array, base: Uint8Array): Uint8Array {
  const delta = encodeDelta(target, base, noLimit)
  assert.ok(delta !== undefined)
  assert.ok(Buffer.from(target).equals(applyDelta(delta, base, target.length)), 'the delta makes other bytes')
  return delta
}

function assertDamaged(run: () => Uint8Array, what?: string): void {
  assert.throws(run, error => isWaymarkError(error, 'corrupt') && error.means !== '' && error.remedy !== '', what)
}

/** Edits as programs make them: fields replaced, grown or shrunk, rows put in, removed and moved. */
function edited(base: Buffer, random: SeededRandom, edits: number): Buffer {
  let bytes = base
  for (let edit = 0; edit < edits; edit++) {
    const at = random.integer(bytes.length + 1)
    const until = Math.min(bytes.length, at + random.integer(random.pick([2, 20, 3000])))
    const from = random.integer(bytes.length + 1)
    const added = random.pick([
      Buffer.alloc(0),
      Buffer.from(random.bytes(random.integer(random.pick([2, 20, 3000])))),
      Buffer.from(random.bytes(until - at)),
      bytes.subarray(from, from + random.integer(5000)),
    ])
    bytes = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(until)])
  }
  return bytes
}

function textOf(random: SeededRandom, rows: number): Buffer {
  const row = (id: number) => ({
    id,
    amount: random.integer(1e5),
    currency: random.pick(['EUR', 'USD']),
    at: random.integer(1e9),
  })
  return Buffer.from(Array.from({ length: rows }, (_, id) => JSON.stringify(row(id))).join('\n'))
}

test('a delta makes its target again, whatever was edited and however bytes repeat', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom('random', 'text', 'few values'), fc.nat(30), (seed, kind, edits) => {
      const random = seededRandom(seed)
      const length = random.integer(20_000)
      const base =
        kind === 'text'
          ? textOf(random, random.integer(300))
          : Buffer.from(random.bytes(length).map(byte => (kind === 'random' ? byte : byte & 1)))
      roundTrip(edited(base, random, edits), base)
    }),
    { numRuns: 400 },
  )
})

test('nothing, a single byte, and bytes that have nothing in common make deltas too', () => {
  const random = seededRandom(1)
  const lengths = [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 5000]
  for (const target of lengths) for (const base of lengths) roundTrip(random.bytes(target), random.bytes(base))
  for (const length of lengths) roundTrip(new Uint8Array(length), new Uint8Array(length))
  assert.equal(roundTrip(new Uint8Array(0), random.bytes(10)).length, 0)
})

test('views on shared memory and inside other bytes are read alike', () => {
  const random = seededRandom(2)
  const base = Buffer.from(random.bytes(50_000))
  const target = edited(base, random, 10)
  const shared = (bytes: Uint8Array, shift: number) => {
    const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 16), shift, bytes.length)
    view.set(bytes)
    return view
  }
  const delta = roundTrip(target, base)
  const fromShared = roundTrip(shared(target, 3), shared(base, 5))
  assert.ok(Buffer.from(delta).equals(fromShared))
  assert.ok(target.equals(applyDelta(shared(delta, 1), shared(base, 7), target.length)))
})

/** Bytes that an edit of 256 KiB may take, most of them its own. */
const cases: readonly (readonly [claim: string, most: number, edit: (base: Buffer, random: SeededRandom) => Buffer])[] = [
  ['equal bytes take next to nothing', 8, base => Buffer.from(base)],
  ['a replaced field takes its bytes', 40, (base, random) => replaced(base, random, 100_000, 24)],
  ['a page rewritten in place takes its bytes', 4096 + 16, (base, random) => replaced(base, random, 123_457, 4096)],
  ['three bytes put in take their bytes', 24, (base, random) => put(base, 70_001, random.bytes(3))],
  ['a kilobyte put in takes its bytes', 1024 + 24, (base, random) => put(base, 70_001, random.bytes(1024))],
  ['a kilobyte at the very front takes its bytes', 1024 + 24, (base, random) => put(base, 0, random.bytes(1024))],
  ['a kilobyte removed takes nothing', 24, base => Buffer.concat([base.subarray(0, 5000), base.subarray(6024)])],
  ['halves that change places take nothing', 40, base => Buffer.concat([base.subarray(100_003), base.subarray(0, 100_003)])],
  ['bytes from the far end of the base take nothing', 24, base => Buffer.from(base.subarray(200_001, 230_000))],
  [
    'old bytes between many new ones are found',
    61_000 + 40,
    (base, random) => Buffer.concat([random.bytes(60_000), base.subarray(100_001, 102_001), random.bytes(1000)]),
  ],
  [
    'three hundred edits of 8 bytes take 12 bytes each',
    300 * 13,
    (base, random) => {
      const copy = Buffer.from(base)
      for (let at = 0; at < 300; at++) copy.set(random.bytes(8), at * 800)
      return copy
    },
  ],
  [
    'a hundred fields that grew or shrank take 16 bytes each',
    100 * 17,
    (base, random) => {
      const rows: Buffer[] = []
      for (let at = 0; at < 100; at++)
        rows.push(base.subarray(at * 2000 + random.integer(4), at * 2000 + 2000), Buffer.from(random.bytes(random.integer(8))))
      return Buffer.concat(rows)
    },
  ],
]

for (const [claim, most, edit] of cases) {
  test(`${claim}`, () => {
    const random = seededRandom(3)
    const base = Buffer.from(random.bytes(262_144))
    const { length } = roundTrip(edit(base, random), base)
    assert.ok(length <= most, `${length} bytes instead of ${most}`)
  })
}

function replaced(base: Buffer, random: SeededRandom, at: number, length: number): Buffer {
  const copy = Buffer.from(base)
  copy.set(random.bytes(length), at)
  return copy
}

function put(base: Buffer, at: number, added: Uint8Array): Buffer {
  return Buffer.concat([base.subarray(0, at), added, base.subarray(at)])
}

test('a delta is as long as its limit or there is none', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = seededRandom(seed)
      const base = Buffer.from(random.bytes(random.integer(8000)))
      const target = edited(base, random, random.integer(12))
      const { length } = roundTrip(target, base)
      assert.equal(encodeDelta(target, base, length)?.length, length)
      if (length > 0) assert.equal(encodeDelta(target, base, length - 1), undefined)
      assert.equal(encodeDelta(target, base, Math.floor(length / 2) - 1), undefined)
      assert.equal(encodeDelta(target, base, 0)?.length, length === 0 ? 0 : undefined)
    }),
    { numRuns: 200 },
  )
})

test('bytes that repeat do not make the work explode', { timeout: 60_000 }, async () => {
  const worker = new Worker(new URL('hostile-deltas.ts', import.meta.url))
  try {
    const [code] = await once(worker, 'exit')
    assert.equal(code, 0)
  } finally {
    await worker.terminate()
  }
})

test('a delta that is cut off or goes on is damage', () => {
  const random = seededRandom(5)
  const base = textOf(random, 100)
  const target = edited(base, random, 12)
  const delta = roundTrip(target, base)
  for (let length = 0; length < delta.length; length++)
    assertDamaged(() => applyDelta(delta.subarray(0, length), base, target.length))
  assertDamaged(() => applyDelta(Buffer.concat([delta, Buffer.of(0)]), base, target.length))
  for (const wrong of [target.length - 1, target.length + 1, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assertDamaged(() => applyDelta(delta, base, wrong))
  }
})

test('every record that the writer does not make is damage', () => {
  const base = Buffer.from('0123456789')
  assert.equal(Buffer.from(applyDelta(Buffer.from('0014', 'hex'), base, 10)).toString(), '0123456789')
  assert.equal(Buffer.from(applyDelta(Buffer.from('0161090a', 'hex'), base, 5)).toString(), 'a6789')
  for (const [hex, what] of [
    ['', 'nothing'],
    ['00', 'bytes of its own that are none, then nothing'],
    ['00000014', 'a copy of nothing'],
    ['001500', 'a move to the same place'],
    ['0015', 'a move that is cut off'],
    ['0016', 'a copy beyond the target'],
    ['0013040161', 'a copy beyond the base'],
    ['0013010161', 'a copy from before the base'],
    ['800014', 'a length longer than needed'],
    ['009400', 'a length longer than needed'],
    ['ffffffffff7f', 'a length that no target has'],
    ['ffffffff7f', 'a length beyond the delta'],
    ['0b3031323334353637383930', 'more bytes of its own than the target has'],
    ['0a30313233343536373839ff', 'more than the target takes'],
  ] as const) {
    assertDamaged(() => applyDelta(Buffer.from(hex, 'hex'), base, 10), what)
  }
})

test('flipped bits and made-up bytes give as many bytes as asked for or are damage', () => {
  fc.assert(
    fc.property(fc.integer(), fc.boolean(), fc.nat(300), (seed, isMadeUp, length) => {
      const random = seededRandom(seed)
      const base = Buffer.from(random.bytes(2000))
      const target = edited(base, random, 5)
      const delta = isMadeUp ? Buffer.from(random.bytes(length)) : Buffer.from(roundTrip(target, base))
      for (let flips = random.integer(4); flips >= 0 && delta.length > 0; flips--) {
        const at = random.integer(delta.length)
        delta[at] = (delta[at] ?? 0) ^ (1 << random.integer(8))
      }
      try {
        assert.equal(applyDelta(delta, base, target.length).length, target.length)
      } catch (error) {
        assert.ok(isWaymarkError(error, 'corrupt'), String(error))
      }
    }),
    { numRuns: 3000 },
  )
})
