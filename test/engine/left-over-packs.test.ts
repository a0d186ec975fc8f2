import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { DamagedWorld } from './verify-world.ts'

test('stats counts packs that no checkpoint needs and files that were never finished, and neither as packs in use', async t => {
  const world = await DamagedWorld.make(t)
  const [before, lost] = await world.use(async store => {
    const stats = await store.stats({ orphans: true })
    const saved = await store.save({ value: randomBytes(300_000) })
    await store.delete(saved.id)
    return [stats, saved.storedBytes]
  })
  assert.deepEqual(before.orphans, { files: 0, bytes: 0 })
  world.write(`packs/${'0'.repeat(26)}.pack.tmp`, randomBytes(1_000))
  const after = await world.use(store => store.stats({ orphans: true }))
  assert.equal(after.orphans?.files, 1)
  assert.ok((after.orphans?.bytes ?? 0) >= 300_000 && lost >= 300_000)
  assert.deepEqual(after.physical.unfinished, { files: 1, bytes: 1_000 })
  assert.equal(after.physical.packs.files, before.physical.packs.files + 1)
  assert.equal((await world.use(store => store.stats())).orphans, undefined)
})
