import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import { decodeOutline } from '../format/outline.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { contentOf, readCheckpointBytes } from './read-checkpoint-bytes.ts'
import { listFiles } from './restore-files.ts'
import type { StoreCore } from './store-core.ts'

/** What a checkpoint holds, one level deep. */
export interface CheckpointParts {
  /** Keys at the top of a value that is an object or a Map with texts as keys, in order; `bytes` as encoded, key included. */
  readonly keys?: readonly { readonly key: string; readonly bytes: number }[]
  /** Where it holds files: their names. */
  readonly files?: readonly { readonly name: string; readonly bytes: number }[]
  /** Why neither can be told: what is damaged. */
  readonly damage?: string
}

/** A value without an outline is decoded to see its keys up to this many bytes. */
const mostDecodedBytes = 4 * 1024 * 1024

/** Reads little: the outline of a value, the table of files. Damage is told, not thrown. */
export async function partsOf(core: StoreCore, view: CheckpointView): Promise<CheckpointParts> {
  try {
    if (view.encoding === 'files')
      return { files: (await listFiles(core, view)).map(({ name, length }) => ({ name, bytes: length })) }
    const keys = view.encoding === 'cbor' ? ((await outlinedKeys(core, view)) ?? (await decodedKeys(core, view))) : undefined
    return keys === undefined ? {} : { keys }
  } catch (error) {
    if (isWaymarkError(error, 'corrupt')) return { damage: error.message }
    if (isWaymarkError(error, 'unsupported')) return {}
    throw error
  }
}

async function outlinedKeys(core: StoreCore, view: CheckpointView): Promise<CheckpointParts['keys']> {
  if (view.content.kind !== 'chunks') return undefined
  const content = await contentOf(core, view)
  if (content.kind !== 'chunks') return undefined
  const { reader, manifest } = await core.chunks.open(content)
  if (manifest.outline === undefined) return undefined
  return decodeOutline(manifest.outline, reader.length).keys?.map(({ key, length }) => ({ key, bytes: length }))
}

async function decodedKeys(core: StoreCore, view: CheckpointView): Promise<CheckpointParts['keys']> {
  if (view.logicalBytes > mostDecodedBytes) return undefined
  const { codecs } = core
  const entries = entriesOf(decodeValue(await readCheckpointBytes(core, view), { codecs }))
  try {
    return entries?.map(([key, value]) => ({ key, bytes: encodeValue(key).length + encodeValue(value, { codecs }).length }))
  } catch (error) {
    // Parts of a value that was stored with its references may be in a circle.
    if (isWaymarkError(error)) return undefined
    throw error
  }
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return Object.entries(value)
  if (!(value instanceof Map)) return undefined
  const entries = [...value].filter((entry): entry is [string, unknown] => typeof entry[0] === 'string')
  return entries.length === value.size ? entries : undefined
}
