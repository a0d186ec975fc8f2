import type { Catalog } from '../catalog/catalog.ts'
import type { CheckpointView } from '../model/run-view.ts'

const page = 500

/** Every checkpoint there is, newest first; holds a page. */
export async function* allCheckpoints(
  query: <T>(ask: (catalog: Catalog) => Promise<T>) => Promise<T>,
): AsyncIterableIterator<CheckpointView> {
  let last: CheckpointView | undefined
  for (;;) {
    const after = last === undefined ? {} : { after: { order: last.order, id: last.id } }
    const views = await query(catalog => catalog.checkpoints({ limit: page, ...after }))
    yield* views
    last = views.at(-1)
    if (last === undefined || views.length < page) return
  }
}
