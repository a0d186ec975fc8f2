import type { CheckpointQuery } from '../catalog/catalog.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { TableStream } from '../tables/table-stream.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import type { StoreCore } from './store-core.ts'
import { streamBytes } from './stream-checkpoint.ts'
import { tellCorrupt } from './tell-loaded.ts'

/** So many older checkpoints are tried. */
const mostTried = 20

/** Throws the error again: of damage with the newest intact checkpoint before the damaged one. */
export async function explainDamage(core: StoreCore, error: unknown, damaged: CheckpointView): Promise<never> {
  if (!isWaymarkError(error, 'corrupt')) throw error
  tellCorrupt(core, damaged, error)
  const good = await intactBefore(core, damaged)
  const { message, means, details } = error
  if (good === undefined)
    throw new WaymarkError('corrupt', {
      message,
      means,
      remedy: 'See what can be mended with: waymark repair',
      details,
      cause: error,
    })
  throw new WaymarkError('corrupt', {
    message,
    means: `${means} The newest intact one before it is ${good.id}.`,
    remedy: `Load ${good.id} instead, or see what can be mended with: waymark repair`,
    details: { ...details, lastGood: good.id },
    cause: error,
  })
}

/** Pieces of a checkpoint, as {@link explainDamage} where one is damaged. */
export async function* explainDamageIn<Piece>(
  core: StoreCore,
  pieces: AsyncIterable<Piece>,
  view: CheckpointView,
): AsyncIterableIterator<Piece> {
  try {
    yield* pieces
  } catch (error) {
    await explainDamage(core, error, view)
  }
}

/** The newest before a damaged one that can be read to its last byte. */
export async function intactBefore(core: StoreCore, damaged: CheckpointView): Promise<CheckpointView | undefined> {
  const query: CheckpointQuery = {
    ...(damaged.run === undefined ? {} : { run: damaged.run }),
    ...(damaged.stage === undefined ? {} : { stage: damaged.stage }),
    after: damaged,
    limit: mostTried,
  }
  // The damaged one may have been found before the catalog had it, and so may those before it.
  await core.feed.flush()
  const labelled = damaged.run !== undefined || damaged.stage !== undefined
  const older = labelled ? await core.feed.query(catalog => catalog.checkpoints(query)) : await parentsOf(core, damaged)
  for (const candidate of older) {
    if (candidate.status === 'damaged') continue
    try {
      const value = await readCheckpoint(core, candidate)
      if (value instanceof TableStream) for await (const _ of streamBytes(core, candidate));
      return candidate
    } catch {}
  }
  return undefined
}

/** The checkpoints a damaged one was saved against, nearest first: what is without run and stage has no other order. */
async function parentsOf(core: StoreCore, damaged: CheckpointView): Promise<readonly CheckpointView[]> {
  const parents: CheckpointView[] = []
  for (let at = damaged.parent; at !== undefined && parents.length < mostTried; at = parents.at(-1)?.parent) {
    const id: string = at
    const parent = await core.feed.query(catalog => catalog.checkpoint(id))
    if (parent === undefined) break
    parents.push(parent)
  }
  return parents
}
