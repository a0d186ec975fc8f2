import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { openOn, trialKey } from './trial/open-on-disk.ts'

for (const [what, key] of [
  ['a store', undefined],
  ['a sealed store', trialKey],
] as const)
  test(`A7 a power cut anywhere in ${what} leaves every event that was acknowledged, in order, and none that has no one before it`, async () => {
    const disk = new SimulatedDisk()
    const store = await openOn(disk.process('writer'), 1, key)
    const begun = disk.lastOperation
    /** Operation after which so many events were acknowledged. */
    const acknowledged: number[] = []
    await pipeline('work', async run => {
      for (let n = 0; n < 12; n++) {
        await Promise.all([run.event('e', { n: 2 * n }), run.event('e', { n: 2 * n + 1 })])
        acknowledged.push(disk.lastOperation)
        if (n % 4 === 0) await run.stage(`stage-${n}`, () => n)
      }
    }).run({}, { store, runId: 'r' })
    await store.close()
    const random = seededRandom(11)
    const points = crashPoints(disk).filter(point => point >= begun)
    let cutShort = 0
    for (let look = 0; look < 30; look++) {
      const after = random.pick(points)
      const model = crashModels[look % crashModels.length] ?? 'everything'
      const recovery = await openOn(crashState(disk, after, model, random).process('recovery'), 100 + look, key)
      try {
        const there: unknown[] = []
        const saves: unknown[] = []
        for await (const { type, metadata } of recovery.eachEvent()) {
          if (type === 'e') there.push(metadata['n'])
          if (type === 'checkpoint_saved') saves.push(metadata['checkpoint'])
        }
        const least = 2 * acknowledged.filter(operation => operation <= after).length
        const how = `${model} after operation ${after}`
        assert.ok(there.length >= least, `${how}: ${there.length} of ${least}`)
        assert.deepEqual(there, [...there.keys()], how)
        assert.deepEqual(saves.toSorted(), (await recovery.list({})).map(({ id }) => id).sort(), how)
        if (there.length < 24) cutShort++
      } finally {
        await recovery.close()
      }
    }
    assert.ok(cutShort > 0, 'no cut fell into the run')
  })
