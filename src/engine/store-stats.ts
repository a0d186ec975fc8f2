import type { CheckpointStats } from '../catalog/catalog.ts'
import { checkOptionNames } from './check-labels.ts'
import { orphanPacks } from './orphan-packs.ts'
import { type FileTally, type PhysicalSize, physicalSize } from './physical-size.ts'
import type { StoreCore } from './store-core.ts'

/** All checkpoints in numbers, and the files they lie in. */
export interface StoreStats extends CheckpointStats {
  readonly physical: PhysicalSize
  /** Packs that no checkpoint needs, where they were asked for and could be counted quickly. */
  readonly orphans?: FileTally
}

export async function storeStats(core: StoreCore, options: { readonly orphans?: boolean }): Promise<StoreStats> {
  checkOptionNames('stats', options, ['orphans'])
  const { feed, files, path, clock } = core
  await feed.refresh()
  const stats = await feed.query(catalog => catalog.stats(clock.now()))
  const orphans = options.orphans === true ? await orphanPacks(core) : undefined
  return { ...stats, physical: await physicalSize(files, path), ...(orphans === undefined ? {} : { orphans }) }
}
