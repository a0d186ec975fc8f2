import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open, type Store } from 'waymark'
import { withStore } from './with-store.ts'

/** A state whose chunks lie in pack files: it does not compress. */
const newState = () => ({
  column: new Uint8Array(randomBytes(300_000)),
  parts: Array.from({ length: 20 }, () => ({ bytes: randomBytes(20_000) })),
})

function damagePacks(store: Store): void {
  for (const name of readdirSync(join(store.path, 'packs'))) {
    const path = join(store.path, 'packs', name)
    const bytes = readFileSync(path)
    for (let at = 1_000; at < bytes.length - 1_000; at += 50_000) bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }
}

for (const mode of ['snapshot', 'immutable'] as const) {
  test(`[A15] after a repair a save in the same process stands on nothing that was lost (${mode})`, async () => {
    await withStore(async store => {
      const state = newState()
      await store.save({ value: state, mode })
      await store.save({ value: state, mode })
      damagePacks(store)
      const report = await store.repair()
      assert.ok(report.actions.length > 0)
      const again = await store.save({ value: state, mode })
      assert.deepEqual((await store.load(again.id)).value, state)
      assert.ok(again.storedBytes > 600_000)
    })
  })

  test(`[A15] after a repair by another process a save is refused once or kept whole, never on what was lost (${mode})`, async () => {
    await withStore(async store => {
      const state = newState()
      await store.save({ value: state, mode })
      await store.save({ value: state, mode })
      damagePacks(store)
      await using other = await open(store.path)
      await other.repair()
      const saving = store.save({ value: state, mode })
      await assert.rejects(saving, error => isWaymarkError(error, 'conflict') && error.retryable)
      const again = await store.save({ value: state, mode })
      assert.deepEqual((await store.load(again.id)).value, state)
    })
  })
}

test('[A15] of saves under way when another process repairs, each is refused or can be loaded, and so can all after them', async () => {
  await withStore(async store => {
    const lineages = ['a', 'b', 'c'].map(stage => ({ stage, state: newState() }))
    const save = ({ stage, state }: (typeof lineages)[number]) => store.save({ value: state, run: 'run', stage })
    for (let round = 0; round < 2; round++) await Promise.all(lineages.map(save))
    damagePacks(store)
    await using other = await open(store.path)
    const results: PromiseSettledResult<{ readonly id: string }>[] = []
    // One save begins before the repair and ends after it.
    let goOn = (): void => {}
    const paused = new Promise<void>(resolve => {
      goOn = resolve
    })
    async function* slow() {
      yield randomBytes(100_000)
      await paused
      yield randomBytes(100_000)
    }
    const slowSave = store.save({ bytes: slow(), run: 'run', stage: 'slow' })
    await other.repair()
    results.push(...(await Promise.allSettled(lineages.map(save))))
    goOn()
    results.push(...(await Promise.allSettled([slowSave])))
    for (let round = 0; round < 2; round++) results.push(...(await Promise.allSettled(lineages.map(save))))
    for (const result of results) {
      if (result.status === 'fulfilled') await store.load(result.value.id)
      else assert.ok(isWaymarkError(result.reason, 'conflict'), String(result.reason))
    }
    assert.ok(results.slice(-3).every(result => result.status === 'fulfilled'))
  })
})

test('labels of another type than they must be are refused with the label named, and nothing is saved (A15)', async () => {
  await withStore(async store => {
    const wrong: readonly object[] = [
      { run: 5 },
      { stage: '' },
      { type: 3 },
      { description: 7 },
      { tags: 'nightly' },
      { tags: [1] },
      { metadata: [1] },
      { ttlMs: -5 },
      { ttlMs: Number.NaN },
      { tag: ['a'] },
    ]
    for (const labels of wrong) {
      const options = { value: 1, ...labels }
      await assert.rejects(store.save(options), error => isWaymarkError(error, 'invalid'), JSON.stringify(labels))
    }
    assert.deepEqual(await store.list(), [])
  })
})

test('[E9] labels are those of the moment of the call, like the value', async () => {
  await withStore(async store => {
    const metadata = { note: 'before' }
    const tags = ['a']
    const saving = store.save({ value: 1, metadata, tags })
    metadata.note = 'after'
    tags.push('b')
    const { id } = await saving
    const info = await store.info(id)
    assert.deepEqual([info.metadata, info.tags], [{ note: 'before' }, ['a']])
  })
})
