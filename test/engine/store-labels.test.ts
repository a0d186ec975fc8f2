import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CheckpointInfo, isWaymarkError, open, type Store } from 'waymark'
import { withStore } from './with-store.ts'

const ids = (list: readonly CheckpointInfo[]): readonly string[] => list.map(one => one.id)

test('description, tags, own metadata, status and time to live are said anew, and the value stays (D3)', async () => {
  await withStore(async store => {
    const { id } = await store.save({ value: 7, tags: ['a'], metadata: { lr: 1, gone: 2 } })
    const first = await store.info(id)
    assert.equal(first.status, 'active')
    assert.deepEqual(first.pins, [])
    const changed = await store.update(id, {
      description: 'the best one',
      tags: ['b'],
      metadata: { lr: 2, gone: null },
      status: 'completed',
      ttlMs: 60_000,
    })
    assert.equal(changed.description, 'the best one')
    assert.deepEqual(changed.tags, ['b'])
    assert.deepEqual(changed.metadata, { lr: 2 })
    assert.equal(changed.status, 'completed')
    assert.ok((changed.expiresAt ?? 0) > first.createdAt)
    assert.deepEqual(await store.info(id), changed)
    const cleared = await store.update(id, { description: null, ttlMs: null })
    assert.equal(cleared.description, undefined)
    assert.equal(cleared.expiresAt, undefined)
    assert.equal((await store.load(id)).value, 7)
    assert.equal((await store.update(id, { ttlMs: 0 })).status, 'expired')
    assert.deepEqual(ids(await store.list({ status: 'expired' })), [id])
    assert.deepEqual(ids(await store.list({ expired: false })), [])
  })
})

test('of updates one right after the other the later one counts (D3)', async () => {
  await withStore(async store => {
    const { id } = await store.save({ value: 1 })
    for (let round = 0; round < 20; round++) {
      assert.deepEqual((await store.update(id, { tags: [`t${round}`] })).tags, [`t${round}`])
    }
  })
})

test('a pinned checkpoint is not deleted until its last pin is gone, and the pins are named (D3)', async () => {
  await withStore(async store => {
    const { id } = await store.save({ value: 1 })
    await store.pin(id, { name: 'release', reason: 'shipped' })
    await store.pin(id)
    assert.deepEqual(
      (await store.info(id)).pins.map(pin => [pin.name, pin.reason]),
      [
        ['default', undefined],
        ['release', 'shipped'],
      ],
    )
    const refused = (names: RegExp) => (error: unknown) => isWaymarkError(error, 'conflict') && names.test(error.message)
    await assert.rejects(store.delete(id), refused(/default, release \(shipped\)/))
    await store.unpin(id)
    await assert.rejects(store.unpin(id), { code: 'not_found' })
    await assert.rejects(store.delete(id), refused(/release/))
    await store.unpin(id, { name: 'release' })
    await store.delete(id)
    for (const call of [store.info(id), store.update(id, {}), store.pin(id), store.unpin(id), store.delete(id)]) {
      await assert.rejects(call, { code: 'not_found' })
    }
  })
})

test('what is changed is seen by another process at once, and by a catalog that is built anew from the log (D3, X8)', async () => {
  await withStore(async (store, folder) => {
    const { id } = await store.save({ value: 1, id: 'mine' })
    await store.pin(id, { name: 'hold' })
    await using other = await open(join(folder, '.waymark'))
    await other.update(id, { metadata: { loss: 0.5 }, status: 'archived' })
    const seen = await store.info(id)
    assert.deepEqual([seen.status, seen.metadata, seen.pins.length], ['archived', { loss: 0.5 }, 1])
    const before = await everything(store)
    await store.close()
    await other.close()
    for (const part of ['', '-wal', '-shm']) rmSync(join(folder, '.waymark', `catalog.sqlite${part}`), { force: true })
    await using again = await open(join(folder, '.waymark'))
    assert.deepEqual(await everything(again), before)
  })
})

async function everything(store: Store): Promise<unknown> {
  // What the files take differs: a catalog built at once is packed closer.
  const { physical: _, ...stats } = await store.stats()
  return { list: await store.list(), stats }
}

test('a list is filtered and sorted by own metadata, a page after the other by checkpoint or by cursor (E4)', async () => {
  await withStore(async store => {
    for (let index = 0; index < 25; index++) {
      await store.save({ value: index, id: `c${index}`, metadata: { loss: index % 5, split: index % 2 === 0 ? 'a' : 'b' } })
    }
    const sort = { by: 'metadata.loss', direction: 'asc' } as const
    const where = { 'metadata.split': 'a', 'metadata.loss': { gte: 1 } }
    const whole = ids(await store.list({ where, sort }))
    assert.equal(whole.length, 10)
    assert.equal(whole[0], 'c6')
    const byCheckpoint: string[] = []
    const byCursor: string[] = []
    for (let page = await store.list({ where, sort, limit: 3 }); page.length > 0; ) {
      byCheckpoint.push(...ids(page))
      const last = page.at(-1)
      page = last === undefined ? [] : await store.list({ where, sort, limit: 3, after: last })
    }
    for (let page = await store.list({ where, sort, limit: 3 }); page.length > 0; ) {
      byCursor.push(...ids(page))
      const last = page.at(-1)
      page = last === undefined ? [] : await store.list({ where, sort, limit: 3, after: store.cursor(last, sort) })
    }
    assert.deepEqual(byCheckpoint, whole)
    assert.deepEqual(byCursor, whole)
    await assert.rejects(store.list({ where, after: store.cursor({ order: 1, id: 'c', metadata: { loss: 1 } }, sort) }), {
      code: 'invalid',
    })
  })
})

test('the newest checkpoint of a stage is found over all runs (D5)', async () => {
  await withStore(async store => {
    await store.save({ value: 1, id: 'old', run: 'r1', stage: 'load' })
    await store.save({ value: 2, id: 'new', run: 'r2', stage: 'load' })
    await store.save({ value: 3, id: 'other', run: 'r1', stage: 'save' })
    assert.equal((await store.latest({ stage: 'load' }))?.id, 'new')
  })
})

test('the statistics say how many there are of each type, status and stage, and what they take (D5)', async () => {
  await withStore(async store => {
    const saved = await store.save({ value: 'x'.repeat(1000), type: 'model', stage: 'load[1]' })
    await store.save({ value: 1, stage: 'load[2]', ttlMs: 0 })
    await store.pin(saved.id)
    const stats = await store.stats()
    assert.deepEqual(
      stats.types.map(one => [one.value, one.checkpoints]),
      [
        ['model', 1],
        ['state', 1],
      ],
    )
    assert.deepEqual(
      stats.stages.map(one => [one.value, one.checkpoints]),
      [['load[*]', 2]],
    )
    assert.deepEqual(stats.statuses, { active: 1, completed: 0, expired: 1, archived: 0, damaged: 0 })
    assert.deepEqual([stats.checkpoints, stats.pinned, stats.expired], [2, 1, 1])
    assert.ok(stats.logicalBytes > 1000 && stats.storedBytes > 0)
    assert.ok((stats.oldestAt ?? 0) <= (stats.newestAt ?? -1))
  })
})
