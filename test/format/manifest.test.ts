import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeValue } from '../../src/format/encode-value.ts'
import { decodeManifest, encodeManifest, type Manifest, manifestBytes } from '../../src/format/manifest.ts'
import { mutated, onlyTypedErrors } from './hostile-bytes.ts'

const count = fc.integer({ min: 0, max: 2 ** 40 })
const name = fc.string({ minLength: 1, maxLength: 26 })
const reference = fc.oneof(name, fc.record({ segment: name, offset: count, length: count }, { noNullPrototype: true }))

const manifest: fc.Arbitrary<Manifest> = fc
  .record({
    packs: fc.array(reference, { minLength: 1, maxLength: 6 }),
    runs: fc.array(fc.record({ pack: fc.nat(5), first: count, count: fc.integer({ min: 1, max: 2 ** 30 }), bytes: count }), {
      maxLength: 20,
    }),
    list: fc.boolean(),
    outline: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
  })
  .map(({ packs, runs, list, outline }) => ({
    packs,
    runs: runs.map(run => ({ ...run, pack: run.pack % packs.length })),
    list,
    ...(outline === undefined ? {} : { outline }),
  }))

test('a manifest is read as it was written', () => {
  fc.assert(
    fc.property(manifest, written => {
      const read = decodeManifest(encodeManifest(written))
      assert.deepEqual(
        { ...read, outline: read.outline && [...read.outline] },
        { ...written, outline: written.outline && [...written.outline] },
      )
    }),
  )
})

/** It is refused, or what it says can be followed. */
function checkRead(read: () => Manifest): void {
  const found = onlyTypedErrors(read)
  for (const { pack, first, count, bytes } of found?.runs ?? []) {
    assert.ok([pack, first, count, bytes].every(number => Number.isSafeInteger(number) && number >= 0))
    assert.ok(count > 0 && pack < (found?.packs.length ?? 0))
  }
}

test('[X7] bytes that are no manifest are refused as corrupt, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => checkRead(() => decodeManifest(bytes))),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(manifest, fc.integer(), (written, seed) =>
      checkRead(() => decodeManifest(mutated(encodeManifest(written), seed))),
    ),
    { numRuns: 3_000 },
  )
  fc.assert(
    fc.property(fc.object(), value => checkRead(() => decodeManifest(encodeValue(value)))),
    { numRuns: 500 },
  )
})

test('[X7] what a manifest claims costs nothing: 2^50 bytes and 10^9 chunks are only numbers', () => {
  const bytes = encodeManifest({ packs: ['p'], runs: [{ pack: 0, first: 0, count: 1e9, bytes: 2 ** 50 }], list: false })
  const before = process.memoryUsage().arrayBuffers
  assert.equal(manifestBytes(decodeManifest(bytes)), 2 ** 50)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20)
})

test('[X7] runs that add up to more than any number can say are refused', () => {
  const run = { pack: 0, first: 0, count: 1, bytes: Number.MAX_SAFE_INTEGER }
  assert.throws(() => decodeManifest(encodeManifest({ packs: ['p'], runs: [run, run, run], list: false })), { code: 'corrupt' })
})
