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
