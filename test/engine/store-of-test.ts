import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { open, type Store } from 'waymark'

/** A store in a folder of its own; both end with the test. */
export async function storeOfTest(t: TestContext): Promise<{ readonly store: Store; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  const store = await open({ path: join(folder, '.waymark') })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { store, folder }
}
