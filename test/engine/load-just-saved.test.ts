import assert from 'node:assert/strict'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open, table } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { coreOf } from '../../src/engine/store.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'
import { withStore } from './with-store.ts'

/** Nothing comes to pass by itself: what is committed waits for somebody to ask for it. */
const noTimers: Clock = { now: systemClock.now, monotonicMs: systemClock.monotonicMs, after: () => () => {} }

/** How often a catalog was written. */
function countedCatalogs() {
  const counted = { applied: 0 }
  const openCatalog: typeof openSqliteCatalog = async (...given) => {
    const catalog = await openSqliteCatalog(...given)
    const apply = catalog.apply.bind(catalog)
    catalog.apply = (...change) => {
      counted.applied++
      return apply(...change)
    }
    return catalog
  }
  return { counted, openCatalog }
}

function flipByte(path: string, offset: number): void {
  const file = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, offset)
  writeSync(file, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, offset)
  closeSync(file)
}

const rows = Array.from({ length: 50 }, (_, id) => ({ id, name: `customer ${id}` }))

test('A18 what was just saved is loaded without waiting for the catalog to be written, and is what the catalog shows later', async () => {
  const { counted, openCatalog } = countedCatalogs()
  await withStore(
    async store => {
      const labels = {
        run: 'r',
        stage: 's',
        tags: ['a', 'b'],
        metadata: { nested: { n: 1 }, at: new Date(5) },
        description: 'd',
        ttlMs: 9_000,
      }
      const contents = [
        { value: { step: 1 } },
        { value: table(rows) },
        { value: 'x'.repeat(20_000) },
        { rows },
        { bytes: Buffer.from('raw') },
      ]
      for (const content of contents) {
        await store.summary()
        const before = counted.applied
        const { id } = await store.save({ ...labels, ...content })
        const early = await store.load(id)
        assert.equal(counted.applied, before)
        await store.summary()
        assert.ok(counted.applied > before)
        assert.deepEqual(early, await store.load(id))
      }
    },
    { components: { clock: noTimers, openCatalog } },
  )
})

test('E1 a checkpoint that is saved under an id of its own, and loaded at once, is found before the catalog has it', async () => {
  const { counted, openCatalog } = countedCatalogs()
  await withStore(
    async store => {
      await store.save({ id: 'mine', value: 1 })
      const before = counted.applied
      assert.equal((await store.load('mine')).value, 1)
      assert.equal(counted.applied, before)
      await assert.rejects(store.save({ id: 'mine', value: 2 }), error => isWaymarkError(error, 'conflict'))
    },
    { components: { clock: noTimers, openCatalog } },
  )
})

test('E1 what was said of a checkpoint just saved counts at once: it is changed, and gone when it is deleted', () =>
  withStore(
    async store => {
      const { id } = await store.save({ value: 1, tags: ['old'] })
      await store.update(id, { tags: ['new'] })
      assert.deepEqual((await store.load(id)).tags, ['new'])
      const second = await store.save({ value: 2 })
      assert.equal((await store.load(second.id)).value, 2)
      await store.delete(second.id)
      await assert.rejects(store.load(second.id), error => isWaymarkError(error, 'not_found'))
    },
    { components: { clock: noTimers } },
  ))

test('E1 what another process says of a checkpoint just saved counts here once that process has written the catalog, whether this one ever has or not', () =>
  withStore(
    async store => {
      const { id } = await store.save({ value: 1, tags: ['old'] })
      const gone = await store.save({ value: 2 })
      const other = await open({ path: store.path, components: { clock: noTimers } })
      await other.update(id, { tags: ['new'] })
      await other.delete(gone.id)
      assert.equal((await store.load(gone.id)).value, 2, 'the catalog of the other process waits to be written')
      const late = await store.save({ value: 3 })
      await other.delete(late.id)
      await coreOf(other).feed.flush()
      assert.deepEqual((await store.load(id)).tags, ['new'])
      for (const one of [gone, late]) await assert.rejects(store.load(one.id), error => isWaymarkError(error, 'not_found'))
      const closed = await store.save({ value: 4 })
      await other.delete(closed.id)
      await other.close()
      await assert.rejects(store.load(closed.id), error => isWaymarkError(error, 'not_found'))
    },
    { components: { clock: noTimers } },
  ))

test('E1 another process that only reads what was just saved does not keep this one from loading it', () =>
  withStore(
    async store => {
      const { id } = await store.save({ value: 1 })
      const other = await open({ path: store.path })
      assert.equal((await other.load(id)).value, 1)
      assert.equal((await store.load(id)).value, 1)
      await other.close()
    },
    { components: { clock: noTimers } },
  ))

test('E1 labels of a loaded checkpoint may be changed: neither the next load nor what was saved has them', () =>
  withStore(
    async store => {
      const saved = await store.save({ value: 1, metadata: { list: [1] } })
      const first = await store.load(saved.id)
      assert.notEqual(first.metadata, saved.metadata)
      Object.assign(first.metadata, { list: 'changed' })
      assert.deepEqual((await store.load(saved.id)).metadata, { list: [1] })
      assert.deepEqual(saved.metadata, { list: [1] })
    },
    { components: { clock: noTimers } },
  ))

test('E3 what is damaged is told with the newest intact one before it, where the catalog has neither yet', () =>
  withStore(
    async store => {
      const labels = { run: 'r', stage: 's' }
      const good = await store.save({ value: 1, ...labels })
      const bad = await store.save({ value: 2, ...labels })
      const position = (await coreOf(store).feed.justSaved(bad.id))?.record
      if (position === undefined) throw new Error('it is not there')
      flipByte(join(store.path, 'segments', `${position.segment}.seg`), position.offset + position.length - 1)
      await assert.rejects(store.load(bad.id), error => isWaymarkError(error, 'corrupt') && error.details['lastGood'] === good.id)
    },
    { components: { clock: noTimers } },
  ))
