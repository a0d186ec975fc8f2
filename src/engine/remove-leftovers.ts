import { isAbandoned } from './is-abandoned.ts'
import type { StoreCore } from './store-core.ts'

/** What stands beside the log and the packs for a moment, by a name that nobody else has: an image of the catalog or a descriptor that is not whole, and a scratch that has its name still. */
const passing = /^(scratch-[0-9a-z]{16}|(catalog\.sealed|waymark\.json)\.[0-9a-z]{16}\.tmp)$/

/** Removes what killed processes have left in the folder of the store. Never rejects: nothing depends on it. */
export async function removeLeftovers(core: Pick<StoreCore, 'disk' | 'clock' | 'path'>): Promise<void> {
  const { disk, path } = core
  const names = await disk.list(path).catch(() => [])
  for (const name of names.filter(name => passing.test(name))) {
    try {
      if (await isAbandoned(core, `${path}/${name}`)) await disk.remove(`${path}/${name}`)
    } catch {
      // Another process was faster, or it is not ours to remove.
    }
  }
}
