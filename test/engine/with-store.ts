import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenOptions, open, type Store } from 'waymark'

/** A store in a folder of its own, closed and removed afterwards. */
export async function withStore<T>(
  use: (store: Store, folder: string) => Promise<T>,
  options: Omit<OpenOptions, 'path'> = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-engine-'))
  const store = await open({ ...options, path: join(folder, '.waymark') })
  try {
    return await use(store, folder)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
