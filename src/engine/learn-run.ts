import type { StoreCore } from './store-core.ts'

/** What the run of a checkpoint was begun with says what is not to be shown of it. */
export async function learnRunOf(core: StoreCore, run: string | undefined): Promise<void> {
  const view = run === undefined ? undefined : await core.feed.query(catalog => catalog.run(run))
  if (view !== undefined) core.redaction.learnRun(view)
}
