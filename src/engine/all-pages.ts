import type { CheckpointQuery, RunQuery } from '../catalog/catalog.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import type { StoreCore } from './store-core.ts'

const page = 500

/** Every run that matches, newest first. */
export async function* allRuns(core: StoreCore, query: RunQuery = {}): AsyncIterableIterator<RunView> {
  for (let after: RunQuery['after']; ; ) {
    const found = await core.feed.query(catalog =>
      catalog.runs({ ...query, limit: page, ...(after === undefined ? {} : { after }) }),
    )
    yield* found
    after = found.at(-1)
    if (after === undefined || found.length < page) return
  }
}

/** Every checkpoint that matches, newest first. */
export async function* allCheckpoints(core: StoreCore, query: CheckpointQuery = {}): AsyncIterableIterator<CheckpointView> {
  for (let after: CheckpointQuery['after']; ; ) {
    const found = await core.feed.query(catalog =>
      catalog.checkpoints({ ...query, limit: page, ...(after === undefined ? {} : { after }) }),
    )
    yield* found
    after = found.at(-1)
    if (after === undefined || found.length < page) return
  }
}
