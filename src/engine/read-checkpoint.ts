import type { Codec } from '../format/codec.ts'
import { decodeValue } from '../format/decode-value.ts'
import { RowDecoder } from '../format/row-codec.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { loadTableStream, streamedTable } from './load-table-stream.ts'
import { otherTables, readCheckpointBytes } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'

/** What a checkpoint holds: its value, its rows as an array, or its bytes. Of a table whose rows come one by one nothing is read yet. */
export async function readCheckpoint(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): Promise<unknown> {
  const table = streamedTable(checkpoint)
  if (table !== undefined) return loadTableStream(core, checkpoint, table)
  const bytes = await readCheckpointBytes(core, checkpoint)
  const { codecs } = core
  switch (checkpoint.encoding) {
    case 'cbor':
      return decodedChecked(bytes, checkpoint, codecs)
    case 'rows': {
      const rows = new RowDecoder({ codecs })
      const all = [...rows.add(bytes)]
      rows.finish()
      return all
    }
    default:
      return bytes
  }
}

/** Each table is what it was when it was saved: by its own digest, and by that in the record. */
function decodedChecked(bytes: Uint8Array, checkpoint: CheckpointRecord | CheckpointView, codecs: readonly Codec[]): unknown {
  const found: string[] = []
  const value = decodeValue(bytes, { codecs, onTable: digest => found.push(digest) })
  const { tables, tableCount = tables?.length } = checkpoint
  if (tables === undefined) return value
  const left = new Set(found)
  const missing = tables.find(({ digest }) => !left.has(digest))
  if (missing !== undefined || found.length !== tableCount) throw otherTables(checkpoint, missing)
  return value
}
