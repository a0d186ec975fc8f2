import { packIdOf } from '../format/pack-header.ts'
import type { FileTally } from './physical-size.ts'
import { chunksContentAt } from './record-content.ts'
import type { StoreCore } from './store-core.ts'
import { CheckpointCheck } from './verify-checkpoints.ts'
import { PackSurvey } from './verify-packs.ts'
import { VerifyMeter } from './verify-progress.ts'
import { allCheckpoints } from './verify-views.ts'

/** Of more checkpoints the manifests are not read for a glance at the store. */
const mostCheckpoints = 5_000

/**
 * Packs that no checkpoint needs: left by saves that were killed before their record, by deleted checkpoints, or of a save that is at work now. Reads the manifest of every checkpoint; undefined
 * where there are too many: a verification tells then.
 */
export async function orphanPacks(core: StoreCore): Promise<FileTally | undefined> {
  const { blobs, feed, log } = core
  // Before the records: a pack is there first.
  const names = await blobs.list()
  await feed.refresh()
  if ((await feed.query(catalog => catalog.summary())).checkpoints > mostCheckpoints) return undefined
  const meter = new VerifyMeter({})
  const packs = new PackSurvey({
    blobs,
    storeId: core.storeId,
    full: false,
    meter,
    workbenches: core.workbenches,
    recordPack: async position => {
      const { pack } = await chunksContentAt(log, position)
      return { pack: (pack && packIdOf(pack)) ?? '', bytes: pack ?? Buffer.alloc(0) }
    },
  })
  try {
    const check = new CheckpointCheck({ core, blobs, packs, full: false, meter, logProblems: [] })
    for await (const view of allCheckpoints(ask => feed.query(ask))) await check.faultsOf(view)
    const orphans = names.filter(name => !check.needed.has(name))
    let bytes = 0
    for (const name of orphans) bytes += (await blobs.size(name)) ?? 0
    return { files: orphans.length, bytes }
  } finally {
    await packs.shelf.clear()
  }
}
