import assert from 'node:assert/strict'
import { isWaymarkError } from 'waymark'
import type { FileSystem } from '../../src/files/file-system.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { threadTest as test } from '../thread-test.ts'
import { trialKey as key, openOn } from './trial/open-on-disk.ts'

/** A plain store with one checkpoint, which a process then seals and goes on with. */
async function sealing(wrap: (files: FileSystem) => FileSystem) {
  const first = new SimulatedDisk()
  const plain = await openOn(first.process('maker'), 1)
  const before = await plain.save({ value: 'before' })
  await plain.close()
  const disk = crashState(first, first.lastOperation, 'only-synced', seededRandom(1))
  const open = await openOn(wrap(disk.process('sealing')), 2)
  await open.initKeys(key)
  const done = disk.lastOperation
  await open.close()
  const sealed = await openOn(wrap(disk.process('sealed')), 3, key)
  const after = await sealed.save({ value: 'after' })
  const saved = disk.lastOperation
  await sealed.close()
  return { disk, before, after, done, saved }
}

/** Resolves to what was said where the store did not open without its key. */
async function trial(states: number, wrap: (files: FileSystem) => FileSystem = files => files): Promise<ReadonlySet<string>> {
  const { disk, before, after, done, saved } = await sealing(wrap)
  const random = seededRandom(9)
  const refusals = new Set<string>()
  const points = crashPoints(disk)
  for (let looked = 0; looked < states; looked++) {
    const cut = random.pick(points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    const left = crashState(disk, cut, model, random, { tearNextWrite: random.bool(0.3) })
    try {
      // Once it was done, nobody opens the store without the key.
      const plain = await openOn(left.process('without'), 100 + looked).catch((error: unknown) => {
        if (!isWaymarkError(error, 'key_missing')) throw error
        refusals.add(error.message)
        return undefined
      })
      assert.ok(plain === undefined || cut < done, 'a sealed store opened without its key')
      if (plain !== undefined) {
        assert.equal((await plain.load(before.id)).value, 'before')
        // It can be done again.
        await plain.initKeys(key)
        await plain.close()
      }
      const store = await openOn(left.process('with'), 300 + looked, key)
      assert.deepEqual((await store.keys()).masters.length, 1)
      assert.equal((await store.load(before.id)).value, 'before')
      if (cut >= saved) assert.equal((await store.load(after.id)).value, 'after')
      assert.equal((await store.verify()).ok, true)
      const more = await store.save({ value: 'more' })
      await store.close()
      const again = await openOn(left.process('again'), 500 + looked, key)
      assert.equal((await again.load(more.id)).value, 'more')
      await again.close()
    } catch (error) {
      throw new Error(`${model} after operation ${cut} of ${disk.lastOperation}: ${error}`, { cause: error })
    }
  }
  return refusals
}

test('E6 X2 a power cut anywhere while a store is sealed leaves a plain store, or one that its key opens and can be sealed again', async () => {
  assert.deepEqual([...(await trial(100))].sort(), [
    'keys were being made for the store /disk/.waymark, and that did not come to its end',
    'the store /disk/.waymark is sealed, and no key was given',
  ])
})

test('E6 X2 a power cut anywhere while a sealed store is made leaves one that opens with its key, or can be made again', async () => {
  const disk = new SimulatedDisk()
  const made = await openOn(disk.process('maker'), 1, key)
  const saved = await made.save({ value: 'saved' })
  const done = disk.lastOperation
  await made.close()
  const random = seededRandom(10)
  const points = crashPoints(disk)
  for (let looked = 0; looked < 80; looked++) {
    const cut = random.pick(points)
    const model = crashModels[looked % crashModels.length] ?? 'everything'
    const left = crashState(disk, cut, model, random, { tearNextWrite: random.bool(0.3) })
    try {
      const store = await openOn(left.process('again'), 100 + looked, key)
      if (cut >= done) assert.equal((await store.load(saved.id)).value, 'saved')
      assert.equal((await store.keys()).acceptsPlain, false)
      const { id } = await store.save({ value: 'more' })
      await store.close()
      const again = await openOn(left.process('once more'), 300 + looked, key)
      assert.equal((await again.load(id)).value, 'more')
      await again.close()
    } catch (error) {
      throw new Error(`${model} after operation ${cut} of ${disk.lastOperation}: ${error}`, { cause: error })
    }
  }
})

for (const { what, kind, path } of [
  { what: 'the sync of the ring', kind: 'sync', path: /\/keys\/ring/ },
  { what: 'the sync of the folder of the ring', kind: 'syncDirectory', path: /\/keys$/ },
  { what: 'the sync of the folder the ring is in', kind: 'syncDirectory', path: /\.waymark$/ },
] as const) {
  test(`without ${what} the simulation goes red (R2)`, async () => {
    await assert.rejects(
      trial(300, files => ignoring(files, operation => operation.kind === kind && path.test(operation.path))),
      /after operation/,
    )
  })
}
