import assert from 'node:assert/strict'
import { relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, type Store } from 'waymark'
import { findRecord } from './find-record.ts'
import { DamagedWorld, job } from './verify-world.ts'

/** The segment in which the record of a checkpoint lies, and a place in that record. */
async function recordOf(world: DamagedWorld, id: string): Promise<{ segment: string; at: number }> {
  const { file, at } = await findRecord(world.path, id)
  return { segment: relative(world.path, file), at }
}

const lostOf = (world: DamagedWorld, name: string): string => world.get(name).checkpoint.id

async function isCorrupt(store: Store, id: string, lastGood?: string): Promise<void> {
  await assert.rejects(store.load(id), error => {
    assert.ok(isWaymarkError(error, 'corrupt'), String(error))
    assert.equal(error.details['lastGood'], lastGood)
    return true
  })
}

/** Every id with its status. */
const statuses = async (store: Store): Promise<Map<string, string>> =>
  new Map((await store.list({ limit: 500 })).map(({ id, status }) => [id, status]))

/** Each save in a segment of its own process-life: three lines of work of one stage. */
async function threeSegments(t: TestContext): Promise<{ world: DamagedWorld; ids: string[] }> {
  const world = await DamagedWorld.make(t)
  const ids: string[] = []
  for (const step of [1, 2, 3]) {
    const saved = await world.use(store => store.save({ value: { step }, run: 'train', stage: 'epoch', tags: ['kept'] }))
    ids.push(saved.id)
  }
  return { world, ids }
}

test('[X7 A15] a damaged record: verify counts and names what is lost, repair marks it for good, latest falls back and says so, undo restores', async t => {
  const world = await DamagedWorld.make(t)
  const lost = lostOf(world, 'third')
  const good = lostOf(world, 'second')
  const { segment, at } = await recordOf(world, lost)
  world.flip(segment, at)

  const seen = await world.use(store => store.verify(), { readOnly: true })
  assert.equal(seen.ok, false)
  assert.deepEqual(
    seen.damaged.map(({ id, run, stage, lastGood, marked }) => ({ id, run, stage, lastGood, marked })),
    [{ id: lost, run: 'library', stage: 'table', lastGood: good, marked: false }],
  )
  assert.deepEqual(seen.problems[0]?.checkpoints, [lost])

  const before = await world.use(statuses)
  const report = await world.use(store => store.repair())
  assert.deepEqual(
    report.actions.filter(({ kind }) => kind === 'checkpoint').map(({ name, does }) => [name, does]),
    [[lost, 'mark']],
  )
  const check = async (store: Store) => {
    assert.equal((await store.latest({ run: 'library', stage: 'table' }))?.id, good)
    assert.ok(
      store.notices().some(notice => notice.includes(lost) && notice.includes(good)),
      'the fall back is silent',
    )
    assert.equal((await store.info(lost)).status, 'damaged')
    await isCorrupt(store, lost, good)
  }
  await world.use(check)
  const again = await world.use(store => store.verify({ full: true }))
  assert.deepEqual([again.ok, again.problems, again.damaged.map(({ marked }) => marked)], [true, [], [true]])
  assert.deepEqual((await world.use(store => store.repair())).actions, [])

  // The catalog is only a view: what was marked outlives it.
  world.removeCatalog()
  await world.use(check)

  const undone = await world.use(store => store.undoRepair(report.id ?? ''))
  assert.deepEqual(undone.checkpoints, [lost])
  assert.deepEqual(await world.use(statuses), before)
})

test('[X7] a checkpoint whose record is damaged is corrupt, not missing, as the catalog is built anew from the log, also where the store may be written', async t => {
  const { world, ids } = await threeSegments(t)
  const [, good = '', lost = ''] = ids
  await world.use(async store => {
    await assert.rejects(store.load('never-saved'), { code: 'not_found' })
  })
  const { segment, at } = await recordOf(world, lost)
  world.flip(segment, at)
  for (const readOnly of [true, false]) {
    world.removeCatalog()
    await world.use(
      async store => {
        for (const ask of [store.load(lost), store.info(lost)]) await assert.rejects(ask, { code: 'corrupt', message: /damaged/ })
        assert.deepEqual((await store.load(good)).value, { step: 2 })
      },
      { readOnly },
    )
  }
})

test('[X7] a lost segment: its checkpoints stay listed as damaged after the catalog is built anew, and load again once it is put back', async t => {
  const { world, ids } = await threeSegments(t)
  const [, good = '', lost = ''] = ids
  const { segment } = await recordOf(world, lost)
  const bytes = world.bytes(segment)
  world.remove(segment)

  const seen = await world.use(store => store.verify(), { readOnly: true })
  assert.deepEqual(
    seen.damaged.map(({ id, lastGood }) => [id, lastGood]),
    [[lost, good]],
  )
  const report = await world.use(store => store.repair())
  assert.ok(report.actions.some(({ kind, does }) => kind === 'catalog' && does === 'rebuild'))
  await world.use(async store => {
    const info = await store.info(lost)
    assert.deepEqual([info.status, info.run, info.stage, info.tags], ['damaged', 'train', 'epoch', ['kept']])
    assert.equal((await store.latest({ run: 'train' }))?.id, good)
    await isCorrupt(store, lost, good)
    assert.deepEqual((await store.repair()).actions, [])
  })

  world.write(segment, bytes)
  await world.use(async store => {
    assert.deepEqual((await store.load(lost)).value, { step: 3 })
    const found = await store.verify({ full: true })
    assert.deepEqual([found.ok, found.recovered], [true, [lost]])
    const healed = await store.repair()
    assert.deepEqual(
      healed.actions.map(({ does, name }) => [does, name]),
      [['unmark', lost]],
    )
    assert.equal((await store.latest({ run: 'train' }))?.id, lost)
    assert.deepEqual((await store.undoRepair(healed.id ?? '')).checkpoints, [lost])
    assert.equal((await store.info(lost)).status, 'damaged')
  })
})

test('[X7 B8] the run whose records are lost is named with the stages that it costs, what is intact of it still loads, and it goes on', async t => {
  const world = await DamagedWorld.make(t)
  const run = await world.use(async store => (await store.runs())[0]?.id ?? '')
  const saved = await world.use(store => store.list({ run, limit: 50 }))
  assert.ok(saved.length > 1)
  // The first checkpoint of the run: whatever it recorded before is intact, what comes after is not whole.
  const first = saved.at(-1)?.id ?? ''
  const { segment, at } = await recordOf(world, first)
  world.flip(segment, at)
  const report = await world.use(store => store.repair())
  assert.ok(report.costs.some(cost => cost.run === run && cost.stage === 'numbers' && cost.lostRun === undefined))
  assert.ok(report.actions.some(({ kind, name, does }) => kind === 'run' && name === run && does === 'fall back'))
  assert.ok(report.costs.some(cost => cost.run === run && cost.stage === 'doubled' && (cost.items ?? 0) > 0))
  world.removeCatalog()
  await world.use(async store => {
    const now = await statuses(store)
    for (const { id } of saved) assert.ok(now.has(id), `${id} vanished`)
    assert.equal(now.get(first), 'damaged')
    for (const { id } of saved) if (now.get(id) === 'active') await store.load(id)
    assert.equal((await job(false).run({}, { store, runId: run })).state, 'completed')
  })
})

test('a pack that was put back by hand: a full verification sees that it loads again, and a repair takes the mark off', async t => {
  const world = await DamagedWorld.make(t)
  const pack = `packs/${world.files('packs', '.pack')[0]}`
  const bytes = world.bytes(pack)
  world.remove(pack)
  const report = await world.use(store => store.repair())
  const marked = report.actions.filter(({ does }) => does === 'mark').map(({ name }) => name)
  assert.ok(marked.length > 0)
  world.write(pack, bytes)
  await world.use(async store => {
    assert.deepEqual([...(await store.verify({ full: true })).recovered].sort(), [...marked].sort())
    await store.repair()
    for (const id of marked) assert.equal((await store.info(id)).status, 'active')
    assert.deepEqual((await store.verify({ full: true })).recovered, [])
  })
})
