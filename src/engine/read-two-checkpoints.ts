import { decodeBeside } from '../format/decode-beside.ts'
import { decodeValue } from '../format/decode-value.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { streamedTable } from './load-table-stream.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { readCheckpointBytes } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'

/** Throws what to tell of a checkpoint that cannot be read. */
type Explain = (error: unknown, view: CheckpointView) => Promise<never>

/** What two checkpoints hold, to be compared: of large values that are alike in most parts, the parts alike are in memory once. Neither may be changed. */
export async function readTwoCheckpoints(
  core: StoreCore,
  a: CheckpointView,
  b: CheckpointView,
  explain: Explain,
): Promise<readonly [unknown, unknown]> {
  if (!isPlainValue(a) || !isPlainValue(b)) {
    const before = await readCheckpoint(core, a).catch(error => explain(error, a))
    return [before, await readCheckpoint(core, b).catch(error => explain(error, b))]
  }
  const { codecs } = core
  const read = async (view: CheckpointView, decode: (bytes: Uint8Array) => unknown) => {
    try {
      const bytes = await readCheckpointBytes(core, view)
      return { bytes, value: decode(bytes) }
    } catch (error) {
      return explain(error, view)
    }
  }
  const before = await read(a, bytes => decodeValue(bytes, { codecs }))
  const after = await read(b, bytes => decodeBeside(bytes, before, { codecs }))
  return [before.value, after.value]
}

/** One value without tables, whose digests are checked by those who read them. */
const isPlainValue = (view: CheckpointView): boolean =>
  view.encoding === 'cbor' && view.tables === undefined && streamedTable(view) === undefined
