import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from 'waymark'
import { givenKey } from './given-key.ts'

test('E6 what another process says of a checkpoint counts in a sealed store, where each has a catalog of its own: changed labels are the new ones, a deleted one is gone', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-others-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const options = { path: join(folder, '.waymark'), key: givenKey(7) }
  const [mine, theirs] = [await open(options), await open(options)]
  const changed = await mine.save({ value: 1, tags: ['old'] })
  const deleted = await mine.save({ value: 2 })
  // Now both are in the catalog of the first, and no news to it.
  await mine.summary()
  await theirs.update(changed.id, { tags: ['new'] })
  await theirs.delete(deleted.id)
  assert.deepEqual((await mine.load(changed.id)).tags, ['new'])
  assert.deepEqual((await mine.info(changed.id)).tags, ['new'])
  await assert.rejects(mine.load(deleted.id), { code: 'not_found' })
  await mine.close()
  await theirs.close()
})
