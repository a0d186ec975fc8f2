import type { CheckpointRecord, CheckpointTable } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { checkSchema, type Schema } from '../model/schema.ts'
import { explainDamage, explainDamageIn } from './explain-damage.ts'
import { loadTableStream, streamedTable } from './load-table-stream.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { readPart } from './read-part.ts'
import type { StoreCore } from './store-core.ts'
import { tellLoaded } from './tell-loaded.ts'

/** A checkpoint without its value: what `store.save` and `store.list` give. */
export type Checkpoint = Omit<CheckpointRecord, 'content'>

/** A checkpoint with its value. */
export type LoadedCheckpoint<Value = unknown> = Checkpoint & { readonly value: Value }

/** Of a part alone only what holds it is read. */
export async function loadCheckpoint(
  core: StoreCore,
  view: CheckpointView,
  { path, schema }: { readonly path?: string; readonly schema?: Schema },
): Promise<LoadedCheckpoint> {
  const table = path === undefined ? streamedTable(view) : undefined
  const read = path === undefined ? readWhole(core, view, table) : readPart(core, view, path)
  const value = await read.catch(error => explainDamage(core, error, view))
  tellLoaded(core, view)
  const what = path === undefined ? `checkpoint ${view.id}` : `${path} of checkpoint ${view.id}`
  const { content: _content, record: _record, ...checkpoint } = view
  return { ...checkpoint, value: schema === undefined ? value : await checkSchema(schema, value, what) }
}

/** Of a table whose rows come one by one damage is found when it is reached. */
const readWhole = async (core: StoreCore, view: CheckpointView, table: CheckpointTable | undefined): Promise<unknown> =>
  table === undefined ? readCheckpoint(core, view) : loadTableStream(core, view, table, rows => explainDamageIn(core, rows, view))

export function withoutContent({ content: _content, ...checkpoint }: CheckpointRecord): Checkpoint {
  return checkpoint
}
