import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { nodeFiles } from '../../src/files/node-files.ts'
import { encodeAccept } from '../../src/log/accept.ts'
import { RecordSeal } from '../../src/log/record-seal.ts'
import { resealSegment } from '../../src/log/reseal-segment.ts'
import { type FramedRecord, headerLength, sealedWith } from '../../src/log/segment-format.ts'
import { readSegment } from '../../src/log/segment-reader.ts'
import { SegmentWriter } from '../../src/log/segment-writer.ts'
import { newDataKey } from '../../src/seal/data-key.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

const identity = { segment: '0123456789abcdefghjkmnpqrs', store: 'sssssssssssssssssssssssss1' }
const sealed = (seed: number): RecordSeal =>
  new RecordSeal(newDataKey(seededRandom(seed), 0), identity.segment, stream => `~${stream}`)
const [before, after] = [sealed(1), sealed(2)]

const data = (sequence: number, bytes: number): FramedRecord => ({
  kind: 'data',
  stream: sequence % 2 === 0 ? 'a run' : '',
  token: 1,
  sequence,
  payload: seededRandom(sequence).bytes(bytes),
})
const accept = (copies: readonly FramedRecord[]): FramedRecord => {
  const payload = encodeAccept({ token: 1, sequence: 3, segment: identity.segment }, copies)
  return { kind: 'accept', stream: 'a run', token: 2, sequence: 0, payload }
}

const batches = fc.array(
  fc.record({ sizes: fc.array(fc.nat(3_000), { minLength: 1, maxLength: 4 }), takesOver: fc.boolean(), syncs: fc.boolean() }),
  { minLength: 1, maxLength: 8 },
)
const harm = fc.option(
  fc.record({ how: fc.constantFrom('cut', 'flip', 'hole', 'junk'), at: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
)

/** What a reader is told, but for the digests. */
async function said(path: string, seal: RecordSeal) {
  const {
    batches: read,
    digest: _,
    ...tail
  } = await readSegment(nodeFiles, path, { ...identity, findSeal: async () => ({ seal }) })
  return {
    ...tail,
    batches: read.map(({ end, records }) => ({
      end,
      records: records.map(one => ({ ...one, payload: Buffer.from(one.payload).toString('hex') })),
    })),
  }
}

test('E6 a segment that is sealed anew tells its readers the same at the same places, torn, damaged or unclosed as it may be', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-reseal-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, `${identity.segment}.seg`)
  const states = new Set<string>()
  await fc.assert(
    fc.asyncProperty(batches, fc.boolean(), harm, async (written, closes, harmed) => {
      await rm(path, { force: true })
      const writer = await SegmentWriter.make(nodeFiles, folder, identity, before)
      let sequence = 0
      for (const { sizes, takesOver, syncs } of written) {
        const records = sizes.map(size => data(++sequence, size))
        await writer.append(takesOver ? [accept([...records, accept(records)])] : records, { sync: syncs })
      }
      if (closes) await writer.append([], { sync: true, close: true })
      await writer.close()
      const bytes = await readFile(path)
      if (harmed !== null) {
        const at = headerLength + Math.floor(harmed.at * (bytes.length - headerLength))
        if (harmed.how === 'flip') bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
        if (harmed.how === 'hole') bytes.fill(0, at, Math.min(at + 100, bytes.length))
        const junk = harmed.how === 'junk' ? [Buffer.from('WMBT and more')] : []
        await writeFile(path, Buffer.concat([harmed.how === 'cut' ? bytes.subarray(0, at) : bytes, ...junk]))
      }
      const [old, meant] = [await readFile(path), await said(path, before)]
      states.add(`${meant.damage !== undefined} ${meant.tornBytes > 0} ${meant.closed}`)
      assert.equal(
        await resealSegment({ files: nodeFiles, path, temporary: `${path}.tmp`, identity, from: before, to: after }),
        true,
      )
      assert.deepEqual(await said(path, after), meant)
      const now = await readFile(path)
      assert.equal(now.length, old.length)
      assert.equal(sealedWith(now.subarray(0, headerLength)), after.keyId)
      // What is no good batch is as it was; nothing opens with the key before.
      assert.deepEqual(now.subarray(now.length - meant.tornBytes), old.subarray(old.length - meant.tornBytes))
      assert.ok((await said(path, before)).batches.every(({ records }) => records.length === 0))
      assert.deepEqual(await readdir(folder), [`${identity.segment}.seg`])
    }),
    { numRuns: 120, seed: 7 },
  )
  assert.ok(states.size >= 4, [...states].join())
})

test('E6 a segment that is replaced while it is sealed anew is left alone', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-reseal-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, `${identity.segment}.seg`)
  const writer = await SegmentWriter.make(nodeFiles, folder, identity, before)
  await writer.append([data(1, 100)], { sync: true })
  await writer.close()
  const replaced = Buffer.from('another file')
  const count = (): void => {
    count.calls++
  }
  count.calls = 0
  const files = {
    ...nodeFiles,
    async stat(name: string) {
      // Between the first look and the last.
      if (name === path && count.calls === 1) {
        await writeFile(`${path}.other`, replaced)
        await nodeFiles.rename(`${path}.other`, path)
      }
      return nodeFiles.stat(name)
    },
  }
  const options = { files, path, temporary: `${path}.tmp`, identity, from: before, to: after, count }
  assert.equal(await resealSegment(options), false)
  assert.deepEqual(await readFile(path), replaced)
  assert.deepEqual(await readdir(folder), [`${identity.segment}.seg`])
})
