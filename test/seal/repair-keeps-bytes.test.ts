import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DamagedWorld } from '../engine/verify-world.ts'
import { givenKey } from './given-key.ts'

const key = givenKey(7)

test('E6 A15 what a repair of a sealed store sets aside is the damaged file byte by byte, and undone it is back so: who can put the damage right has it', async t => {
  const world = await DamagedWorld.make(t, { key })
  const pack = `packs/${world.files('packs', '.pack')[0]}`
  const whole = world.bytes(pack)
  for (const [where, at] of [
    ['in its magic', 3],
    ['in the id of its data key', 20],
    ['in its salt', 40],
    ['in a block', Math.floor(whole.length / 2)],
    ['in its last block', -3],
  ] as const) {
    const copy = world.copy()
    copy.flip(pack, at)
    const damaged = copy.bytes(pack)
    const { id = '' } = await copy.use(store => store.repair(), { key })
    assert.ok(copy.bytes(`aside/${id}/${pack}`).equals(damaged), `${where}: what was set aside is something else`)
    await copy.use(store => store.undoRepair(id), { key })
    assert.ok(copy.bytes(pack).equals(damaged), `${where}: what was put back is something else`)
    copy.flip(pack, at)
    await copy.use(
      async store => {
        for (const { checkpoint, value } of copy.saved.values()) assert.deepEqual((await store.load(checkpoint.id)).value, value)
      },
      { key },
    )
  }
})

test('E6 A15 a rekey seals what a repair set aside as far as it opens, keeps the rest, and completes; undone, what opens of the file is as it was', async t => {
  const world = await DamagedWorld.make(t, { key })
  const pack = `packs/${world.files('packs', '.pack')[0]}`
  for (const at of [3, 20, 300_000]) {
    const copy = world.copy()
    copy.flip(pack, at)
    await copy.use(
      async store => {
        const { id = '' } = await store.repair()
        const { complete, left } = await store.rekey()
        assert.deepEqual([complete, left], [true, []], `flipped at ${at}`)
        await store.undoRepair(id)
        const problems = (await store.verify({ full: true })).problems.filter(({ kind }) => kind === 'pack')
        assert.deepEqual(
          problems.map(({ name }) => `packs/${name}.pack`),
          [pack],
        )
        assert.deepEqual((await store.load(copy.get('small').checkpoint.id)).value, copy.get('small').value)
      },
      { key },
    )
  }
})

test('E6 A15 a damaged claim of a sealed store is made anew such that it counts, and undone it is back as it was', async t => {
  const world = await DamagedWorld.make(t, { key })
  const claim = `claims/${world.files('claims', '.2')[0]}`
  world.flip(claim, 5)
  const damaged = world.bytes(claim)
  await world.use(
    async store => {
      const { id = '', actions } = await store.repair()
      assert.deepEqual(
        actions.map(({ kind, does }) => [kind, does]),
        [['claim', 'rewrite']],
      )
      assert.deepEqual((await store.verify({ full: true })).problems, [])
      await store.undoRepair(id)
      assert.ok(world.bytes(claim).equals(damaged))
    },
    { key },
  )
})
