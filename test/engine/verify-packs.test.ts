import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { FsBlobStore } from '../../src/blobs/fs-blob-store.ts'
import { encodeDeltaPayload } from '../../src/chunks/delta-payload.ts'
import { inlineWorkbenches } from '../../src/chunks/workbench.ts'
import { PackSurvey } from '../../src/engine/verify-packs.ts'
import { VerifyMeter } from '../../src/engine/verify-progress.ts'
import { encodeDelta } from '../../src/format/delta.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { buildPack, deltaChunk, fullChunk, storeId } from '../format/pack-building.ts'

const [basePack, deltaPack] = ['b'.repeat(26), 'd'.repeat(26)]
const base = Buffer.from(seededRandom(1).bytes(8_000))
const target = Buffer.concat([base.subarray(0, 4_000), Buffer.from('between'), base.subarray(4_000)])
const other = Buffer.concat([base.subarray(0, 4_000), Buffer.from('another'), base.subarray(4_000)])

const delta = (of: Buffer): Uint8Array => {
  const bytes = encodeDelta(of, base, 4_000)
  assert.ok(bytes !== undefined)
  return encodeDeltaPayload([{ pack: basePack, first: 1, count: 1 }], bytes)
}

const bases = buildPack([[fullChunk(Buffer.from('first'))], [fullChunk(base)]], { codec: 'none' }, basePack)
const deltas = (payload: Uint8Array): Buffer => buildPack([[deltaChunk(target, payload)]], { codec: 'none' }, deltaPack)

/** What keeps the delta from being read, by the names of the packs at fault. */
async function faults(packs: Readonly<Record<string, Uint8Array>>, full: boolean): Promise<readonly string[]> {
  const files = new SimulatedDisk().process('p')
  await files.makeDirectory('/packs')
  for (const [name, bytes] of Object.entries(packs)) {
    const file = await files.open(`/packs/${name}.pack`, 'create')
    await file.write(bytes, 0)
    await file.close()
  }
  const survey = new PackSurvey({
    blobs: new FsBlobStore(files, '/packs'),
    storeId,
    full,
    meter: new VerifyMeter({}),
    workbenches: inlineWorkbenches,
    recordPack: async () => ({ pack: '', bytes: Buffer.alloc(0) }),
  })
  await survey.survey(deltaPack)
  const found = (await survey.faultsOf(deltaPack, 0, 1)).map(({ name }) => name)
  assert.deepEqual([...survey.basePacks(deltaPack)], [basePack])
  await survey.shelf.clear()
  return found
}

test('a delta is read with its base: what is wrong with that is its fault too, told of the pack that is at fault', async () => {
  const flipped = Buffer.from(bases)
  const at = bases.indexOf(base)
  flipped.writeUInt8(flipped.readUInt8(at + 100) ^ 1, at + 100)
  const withoutBase = buildPack([[fullChunk(Buffer.from('first'))]], { codec: 'none' }, basePack)
  const notWhole = buildPack(
    [[fullChunk(Buffer.from('first'))], [deltaChunk(base, Buffer.from('delta'))]],
    { codec: 'none' },
    basePack,
  )
  const good = deltas(delta(target))
  for (const full of [false, true]) {
    assert.deepEqual(await faults({ [basePack]: bases, [deltaPack]: good }, full), [])
    assert.deepEqual(await faults({ [deltaPack]: good }, full), [basePack], 'a lost base is not noticed')
    assert.deepEqual(
      await faults({ [basePack]: withoutBase, [deltaPack]: good }, full),
      [basePack],
      'a base that is not there is not noticed',
    )
    assert.ok(
      (await faults({ [basePack]: notWhole, [deltaPack]: good }, full)).length > 0,
      'a base that is a delta is not noticed',
    )
  }
  assert.deepEqual(await faults({ [basePack]: flipped, [deltaPack]: good }, true), [basePack], 'a damaged base is not noticed')
})

test('a delta that gives other bytes than were saved is found by a full verification, though its checksums are right', async () => {
  assert.equal(createHash('sha256').update(target).digest('hex') === createHash('sha256').update(other).digest('hex'), false)
  assert.deepEqual(await faults({ [basePack]: bases, [deltaPack]: deltas(delta(other)) }, true), [deltaPack])
})
