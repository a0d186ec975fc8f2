import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { inlineWorkbench, type Workbench } from '../../src/chunks/workbench.ts'
import { WorkerWorkbench } from '../../src/chunks/worker-workbench.ts'
import { encodeFrame } from '../../src/format/pack-frame.ts'
import { PackReader } from '../../src/format/pack-reader.ts'
import { PackWriter } from '../../src/format/pack-writer.ts'
import { isWaymarkError } from '../../src/model/errors.ts'

const pack = 'p'.repeat(26)
const store = 's'.repeat(26)
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** A pack of one frame with these payloads, as it is stored; `digests` need not be theirs. */
async function storedFrame(payloads: readonly Uint8Array[], digests: readonly Uint8Array[]) {
  const chunks = payloads.map((payload, i) => ({
    digest: digests[i] ?? new Uint8Array(32),
    rawBytes: payload.length,
    kind: 'full' as const,
    payload,
  }))
  const frame = encodeFrame(pack, { frame: 0, firstChunk: 0 }, chunks, { codec: 'zstd' })
  const writer = new PackWriter(pack, store)
  const bytes = Buffer.concat([writer.header(), ...writer.add(frame), ...writer.finish()])
  const read = async (offset: number, length: number) => new Uint8Array(bytes.subarray(offset, offset + length))
  return (await PackReader.open(read, pack, bytes.length, store)).readStored(0)
}

const benches: [string, Workbench][] = [
  ['here', inlineWorkbench],
  ['on a thread', new WorkerWorkbench()],
]
for (const [where, bench] of benches) {
  test(`[E3] a chunk whose bytes have another digest than the table says is corrupt, though every checksum is right (${where})`, async () => {
    const payloads = [Buffer.alloc(5_000, 'a'), randomBytes(90_000), Buffer.alloc(70_000, 'b')]
    const right = payloads.map(sha256)
    const decoded = await bench.decode(await storedFrame(payloads, right))
    assert.deepEqual(
      decoded.chunks.map(chunk => Buffer.from(chunk.payload)),
      payloads,
    )
    const forged = await storedFrame(payloads, [...right.slice(0, 2), sha256(Buffer.from('other'))])
    await assert.rejects(bench.decode(forged), error => isWaymarkError(error, 'corrupt') && error.details['chunk'] === 2)
  })

  test(`digests and frames are the same wherever they are made (${where})`, async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(200_000))
    shared.set(randomBytes(200_000))
    const chunks = [shared.subarray(10, 60_000), randomBytes(3_000).subarray(1, 2_000), shared.subarray(60_000), Buffer.alloc(0)]
    const digests = await bench.digests(chunks)
    assert.deepEqual(
      digests.map(digest => Buffer.from(digest)),
      chunks.map(sha256),
    )
    const place = { frame: 3, firstChunk: 7 }
    const made = chunks.map((payload, i) => ({
      digest: digests[i] ?? payload,
      rawBytes: payload.length,
      kind: 'full' as const,
      payload,
    }))
    const frame = await bench.frame({ pack, place, chunks: made, compression: { codec: 'none' } })
    assert.deepEqual(Buffer.from(frame.bytes), Buffer.from(encodeFrame(pack, place, made, { codec: 'none' }).bytes))
  })
}

test('where no thread can be started the work is done here: that costs time and no save', async () => {
  const missing = new WorkerWorkbench(new URL('./there-is-no-such-file.ts', import.meta.url))
  const noUrl = new WorkerWorkbench(new URL('https://example.invalid/worker.js'))
  for (const broken of [missing, noUrl]) {
    const payloads = [Buffer.alloc(5_000, 'a'), randomBytes(90_000)]
    for (let round = 0; round < 2; round++) {
      assert.deepEqual((await broken.digests(payloads)).map(Buffer.from), payloads.map(sha256).map(Buffer.from))
      const decoded = await broken.decode(await storedFrame(payloads, payloads.map(sha256)))
      assert.deepEqual(
        decoded.chunks.map(chunk => Buffer.from(chunk.payload)),
        payloads,
      )
    }
    assert.equal(broken.ready, false)
  }
})
