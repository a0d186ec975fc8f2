import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, type Store } from 'waymark'
import { sealedHeaderLength } from '../../src/seal/sealed-blocks.ts'
import { DamagedWorld, job } from './verify-world.ts'

/** Everything loads with the value it was saved with, or is `corrupt` and marked so. */
async function checkValues(store: Store, world: DamagedWorld): Promise<string[]> {
  const lost: string[] = []
  for (const [name, { checkpoint, value }] of world.saved) {
    try {
      assert.deepEqual((await store.load(checkpoint.id)).value, value, name)
    } catch (error) {
      assert.ok(isWaymarkError(error, 'corrupt'), `${name}: ${error}`)
      assert.equal((await store.info(checkpoint.id)).status, 'damaged', `${name} is lost, and not marked`)
      lost.push(name)
    }
  }
  return lost.sort()
}

const packOf = (world: DamagedWorld, index: number): string => `packs/${world.files('packs', '.pack')[index]}`

test('a store with nothing wrong is not touched by a repair', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const before = world.contents()
  const report = await world.use(store => store.repair())
  assert.deepEqual([report.id, report.actions], [undefined, []])
  assert.deepEqual(world.contents(), before)
  assert.equal(world.files('.', 'repair.json').length, 0)
})

test('parity heals a pack byte by byte, wherever it is damaged, and a plan changes nothing', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const pack = packOf(world, 0)
  const [whole, content] = [world.bytes(pack), await world.content(pack)]
  // The header of a sealed file is outside of what parity is for.
  const headerLength = world.isSealed ? sealedHeaderLength : 0
  for (const damage of [
    (copy: DamagedWorld) => copy.flip(pack, headerLength + 5),
    (copy: DamagedWorld) => copy.flip(pack, 100),
    (copy: DamagedWorld) => copy.flip(pack, Math.floor(whole.length / 2)),
    (copy: DamagedWorld) => copy.flip(pack, -5),
    (copy: DamagedWorld) => copy.write(pack, whole.subarray(0, whole.length - 60)),
    (copy: DamagedWorld) => copy.write(pack, Buffer.concat([whole, Buffer.alloc(100, 1)])),
  ]) {
    const copy = world.copy()
    damage(copy)
    const damaged = copy.bytes(pack)
    const plan = await copy.use(store => store.repair({ plan: true }), { readOnly: true })
    assert.deepEqual(
      plan.actions.filter(({ kind }) => kind === 'pack').map(({ does }) => does),
      ['heal'],
    )
    assert.ok(copy.bytes(pack).equals(damaged))
    const report = await copy.use(store => store.repair())
    assert.deepEqual(report.actions, plan.actions)
    assert.ok((await copy.content(pack)).equals(content))
    await copy.use(async store => {
      assert.deepEqual(await checkValues(store, copy), [])
      assert.equal((await store.verify({ full: true })).ok, true)
      await store.undoRepair(report.id ?? '')
    })
    assert.ok(copy.bytes(pack).equals(damaged))
  }
})

test('X7 of a damaged pack what is intact is kept; what is lost is marked, skipped by latest, and no longer reported as new', async t => {
  const world = await DamagedWorld.make(t)
  const pack = packOf(world, 0)
  const { length } = world.bytes(pack)
  const lostBy = new Map<string, number>()
  for (const [where, at] of [
    ['header', 5],
    ['frame', 200],
    ['middle', Math.floor(length / 2)],
    ['footer', length - 100],
    ['trailer', length - 3],
  ] as const) {
    const copy = world.copy()
    copy.flip(pack, at)
    const before = copy.contents()
    const report = await copy.use(store => store.repair())
    assert.deepEqual(
      report.actions.filter(({ kind }) => kind === 'pack').map(({ does }) => does),
      ['mend'],
      where,
    )
    await copy.use(async store => {
      const lost = await checkValues(store, copy)
      lostBy.set(where, lost.length)
      assert.equal(report.damaged.length >= lost.length, true)
      const verified = await store.verify({ full: true })
      assert.deepEqual(verified.problems, [], where)
      assert.equal(verified.noted.length > 0, lost.length > 0, where)
      assert.deepEqual((await store.repair()).actions, [], `${where}: a second repair finds more to do`)
      for (const stage of ['table', 'noise']) {
        const latest = await store.latest({ run: 'library', stage })
        if (latest !== undefined) await store.load(latest.id)
      }
      const undone = await store.undoRepair(report.id ?? '')
      assert.equal(undone.checkpoints.length, report.actions.filter(({ kind }) => kind === 'checkpoint').length)
      for (const id of undone.checkpoints) assert.equal((await store.info(id)).status, 'active')
    })
    assert.deepEqual(copy.contents(), before, `${where}: undoing left something else`)
  }
  for (const where of ['header', 'footer', 'trailer']) assert.equal(lostBy.get(where), 0, `${where} costs a checkpoint`)
  for (const where of ['frame', 'middle']) assert.ok((lostBy.get(where) ?? 0) > 0, `${where} costs nothing`)
})

test('two packs under each other’s names are put right; a lost one is said, and what it takes is marked', async t => {
  const world = await DamagedWorld.make(t)
  const [one, two] = [packOf(world, 0), packOf(world, 1)]
  const swapped = world.copy()
  swapped.write(one, world.bytes(two))
  swapped.write(two, world.bytes(one))
  const report = await swapped.use(store => store.repair())
  assert.deepEqual(
    report.actions.filter(({ kind }) => kind === 'pack').map(({ does }) => does),
    ['rename', 'rename'],
  )
  for (const pack of [one, two]) assert.ok((await swapped.content(pack)).equals(await world.content(pack)))
  await swapped.use(async store => {
    assert.deepEqual(await checkValues(store, swapped), [])
    await store.undoRepair(report.id ?? '')
  })
  assert.ok(swapped.bytes(one).equals(world.bytes(two)) && swapped.bytes(two).equals(world.bytes(one)))

  const lost = world.copy()
  lost.remove(one)
  await lost.use(async store => {
    const said = await store.repair()
    assert.ok(said.left.some(({ kind, message }) => kind === 'pack' && /missing/.test(message)))
    assert.ok((await checkValues(store, lost)).length > 0)
    assert.equal((await store.verify()).ok, true)
  })
  // Put back from a backup, it is whole again once the repair is undone.
  lost.write(one, world.bytes(one))
  await lost.use(async store => {
    const [repair] = await store.repairs()
    await store.undoRepair(repair?.id ?? '')
    assert.deepEqual(await checkValues(store, lost), [])
  })
})

test('a pack of which nothing is intact is set aside, and a copy of another pack too', async t => {
  const world = await DamagedWorld.make(t)
  const [one, two] = [packOf(world, 0), packOf(world, 1)]
  for (const bytes of [Buffer.alloc(10_000), Buffer.alloc(0), world.bytes(two)]) {
    const copy = world.copy()
    copy.write(one, bytes)
    const report = await copy.use(store => store.repair())
    assert.deepEqual(
      report.actions.filter(({ kind }) => kind === 'pack').map(({ does }) => does),
      ['set aside'],
    )
    assert.ok(copy.bytes(`aside/${report.id}/${one}`).equals(bytes))
    await copy.use(async store => {
      assert.ok((await checkValues(store, copy)).length > 0)
      assert.equal((await store.verify({ full: true })).ok, true)
      await store.undoRepair(report.id ?? '')
    })
    assert.ok(copy.bytes(one).equals(bytes))
  }
})

test('claims, parity files, the catalog and what remembers chunks are made anew', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const claim = `claims/${world.files('claims', '.2')[0]}`
  const parity = `packs/${world.files('packs', '.par')[0]}`
  const wholeParity = await world.content(parity)
  const cases: readonly (readonly [string, (copy: DamagedWorld) => void])[] = [
    ['claim', copy => copy.flip(claim, 5)],
    ['claim', copy => copy.remove(claim)],
    ['parity', copy => copy.flip(parity, -40)],
    ['chunk-index', copy => copy.flip('chunks.sqlite', 3)],
    ['chunk-index', copy => copy.remove('chunks.sqlite')],
  ]
  for (const [index, [kind, damage]] of cases.entries()) {
    const copy = world.copy()
    damage(copy)
    const before = copy.contents()
    const report = await copy.use(store => store.repair())
    assert.deepEqual(
      report.actions.map(action => action.kind),
      [kind],
      `case ${index}`,
    )
    if (kind === 'parity') assert.ok((await copy.content(parity)).equals(wholeParity))
    await copy.use(async store => {
      assert.equal((await store.verify({ full: true })).ok, true)
      assert.deepEqual((await store.repair()).actions, [])
      const { id } = await store.run('@last')
      assert.ok((await store.stages(id)).length > 0)
      await job(false).run({}, { store, runId: id })
      await store.undoRepair(report.id ?? '')
    })
    assert.deepEqual(copy.contents(), before, `case ${index}`)
  }
})

test('a mended pack gets the parity of its new bytes', async t => {
  const world = await DamagedWorld.make(t, { parity: true })
  const pack = packOf(world, 0)
  // Two blocks of one group: more than the parity heals.
  world.flip(pack, 3_000)
  world.flip(pack, 3_000 + 65_536)
  const report = await world.use(store => store.repair())
  assert.deepEqual(
    report.actions.filter(({ kind }) => kind === 'pack' || kind === 'parity').map(({ does }) => does),
    ['mend', 'rebuild'],
  )
  const mended = await world.content(pack)
  world.flip(pack, Math.floor(mended.length / 2))
  const again = await world.use(store => store.repair())
  assert.deepEqual(
    again.actions.filter(({ kind }) => kind === 'pack').map(({ does }) => does),
    ['heal'],
  )
  assert.ok((await world.content(pack)).equals(mended))
})

test('what the log lost is noted: it is reported until then, and no longer afterwards; the rest is usable', async t => {
  const world = await DamagedWorld.make(t)
  const segment = `segments/${world.files('segments', '.seg')[0]}`
  world.flip(segment, 400)
  const damaged = world.bytes(segment)
  await world.use(async store => {
    const before = await store.verify()
    assert.deepEqual([before.ok, before.noted], [false, []])
    const report = await store.repair()
    assert.ok(report.actions.some(({ kind, does }) => kind === 'segment' && does === 'note'))
    assert.ok(report.left.some(({ kind }) => kind === 'segment'))
    const after = await store.verify()
    assert.deepEqual(
      after.problems.filter(({ kind }) => kind === 'segment'),
      [],
    )
    assert.deepEqual(after.noted.filter(({ kind }) => kind === 'segment').length, 1)
    assert.deepEqual((await store.load(world.get('noise').checkpoint.id)).value, world.get('noise').value)
  })
  assert.ok(world.bytes(segment).subarray(0, damaged.length).equals(damaged))
})

test('X7 a stage whose result is lost is called again when the run goes on, and the plan and the report say so', async t => {
  const world = await DamagedWorld.make(t)
  const { id, stage } = await world.use(async store => {
    const called: string[] = []
    // Another run of the same pipeline, unfinished.
    await job(true, called)
      .run({}, { store, fresh: true, runId: 'unfinished' })
      .catch(() => {})
    const [found] = await store.list({ run: 'unfinished', stage: 'numbers' })
    await store.update(found?.id ?? '', { status: 'damaged' })
    return { id: found?.id ?? '', stage: found?.stage }
  })
  assert.equal(stage, 'numbers')
  await world.use(async store => {
    const report = await store.repair({ plan: true })
    assert.deepEqual(report.costs, [], 'its bytes are there: only somebody says that it is damaged')
    const called: string[] = []
    const reasons: string[] = []
    const onEvent = (event: {
      readonly type: string
      readonly plan?: { readonly stages: readonly { readonly path: string; readonly action: string; readonly reason: string }[] }
    }) => {
      for (const planned of event.plan?.stages ?? []) reasons.push(`${planned.path} ${planned.action}: ${planned.reason}`)
    }
    await job(false, called).attempt({}, { store, runId: 'unfinished', planOnly: true, onEvent })
    await job(false, called).run({}, { store, runId: 'unfinished', onEvent })
    assert.deepEqual(
      reasons.filter(text => text.startsWith('numbers')),
      Array(2).fill('numbers redo: its recorded result is damaged'),
    )
    assert.deepEqual(called, ['numbers'], 'more was called again than was lost')
    const [latest] = await store.list({ run: 'unfinished', stage: 'numbers' })
    assert.notEqual(latest?.id, id)
  })
})

test('which work a lost pack costs is said by run, stage and items', async t => {
  const world = await DamagedWorld.make(t)
  const big = await import('./verify-world.ts')
  await world.use(store =>
    big
      .job(true)
      .run({}, { store, fresh: true, runId: 'costly' })
      .catch(() => {}),
  )
  for (const name of world.files('packs', '.pack')) world.remove(`packs/${name}`)
  const report = await world.use(store => store.repair())
  for (const cost of report.costs) assert.ok(cost.runState !== undefined && cost.stage !== '')
  const lostStages = report.damaged.filter(({ run }) => run !== 'library').length
  assert.equal(report.costs.length > 0, lostStages > 0)
})
