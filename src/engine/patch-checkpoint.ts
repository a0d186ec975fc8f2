import { sha256Hex } from '../format/sha256.ts'
import { encodeChanges, type SetByPath } from '../format/value-changes.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import { newCheckpointId } from '../model/ids.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { newestView } from './change-checkpoint.ts'
import type { ChangedContent } from './changed-content.ts'
import { changedTables } from './changed-tables.ts'
import { checkLabels, checkOptionNames } from './check-labels.ts'
import { claimCheckpointId } from './claim-checkpoint-id.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { SaveLabels } from './save-checkpoint.ts'
import type { StoreCore } from './store-core.ts'
import { nextOrder } from './write-checkpoint.ts'

/** What shall be different, by path, and what the new checkpoint is saved under: by default what the old one is; metadata is added to that of the old one. */
export interface PatchOptions extends Omit<SaveLabels, 'full'> {
  /**
   * What each path shall hold: what is there is replaced where it stands; a new key of an object or a Map is put behind the others, in the order given; `rows[length]` is put behind the elements of an
   * array. All paths name places of the old value. A Map or a list of pairs says the order where keys are numbers.
   */
  readonly set?: SetByPath
  /** Paths of keys and elements that shall be gone; the elements behind them move up. */
  readonly remove?: readonly string[]
}

const patchOptionNames = ['set', 'remove', 'id', 'run', 'stage', 'type', 'tags', 'metadata', 'description', 'ttlMs']

/**
 * Saves a changed checkpoint as a new one; durable when it resolves. The values are read before this returns its promise. As with a save the bytes come first, and the record in the log is the commit.
 *
 * @throws WaymarkError `not_found`, `invalid`, `unsupported`, `limit` with the path: nothing was saved; `corrupt` if what must be read of the old one is damaged; and what a save throws
 */
export async function patchCheckpoint(core: StoreCore, id: string, options: PatchOptions): Promise<CheckpointRecord> {
  checkOptionNames('patch', options, patchOptionNames)
  checkLabels(options)
  const changes = encodeChanges(options.set, options.remove, core.codecs)
  await core.memory.refresh()
  const { epoch } = core.memory
  const view = await newestView(core, id)
  if (view.encoding !== 'cbor') throw noPaths(view)
  const { changedContent } = await import('./changed-content.ts')
  const content = await changedContent(core, view, changes)
  const ownership = options.id === undefined ? undefined : await claimCheckpointId(core, options.id)
  const own = options.id ?? newCheckpointId(core.random)
  const time = core.clock.now()
  const labels = labelsOf(view, options, time)
  const tables = changedTables(view, changes, content.removedTables)
  if (tables.tables !== undefined) await core.upgrade()
  const stored = await keep(core, own, labels, content, epoch)
  const checkpoint: CheckpointRecord = {
    id: own,
    ...labels,
    createdAt: core.clock.now(),
    order: await nextOrder(core),
    parent: view.id,
    ...tables,
    ...stored,
  }
  const record = encodeRunRecord({ type: 'checkpoint.saved', time, checkpoint })
  const [position] = ownership === undefined ? await core.log.appendFree([record]) : await core.log.append(ownership, [record])
  if (position !== undefined) core.memory.parents.recorded(own, position)
  return checkpoint
}

type Labels = Pick<CheckpointRecord, 'run' | 'stage' | 'type' | 'tags' | 'metadata' | 'description' | 'expiresAt'>
type Stored = Pick<CheckpointRecord, 'encoding' | 'digest' | 'content' | 'logicalBytes' | 'storedBytes'>

function labelsOf(view: CheckpointView, options: PatchOptions, time: number): Labels {
  const { run = view.run, stage = view.stage, description = view.description, ttlMs } = options
  const expiresAt = ttlMs === undefined ? view.expiresAt : time + ttlMs
  return {
    ...(run === undefined ? {} : { run }),
    ...(stage === undefined ? {} : { stage }),
    type: options.type ?? view.type,
    tags: options.tags ?? view.tags,
    metadata: { ...view.metadata, ...options.metadata },
    ...(description === undefined ? {} : { description }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

/** Makes the bytes durable where they do not ride in the record. */
async function keep(core: StoreCore, id: string, labels: Labels, content: ChangedContent, epoch: number): Promise<Stored> {
  if (content.kind === 'inline') {
    const { bytes } = content
    const digest = `sha256:${sha256Hex(bytes)}`
    return { encoding: 'cbor', digest, content: { kind: 'inline', bytes }, logicalBytes: bytes.length, storedBytes: bytes.length }
  }
  await core.upgrade()
  const { memory } = core
  await memory.mustHold(memory.underRepair ? -1 : epoch)
  const saved = await core.chunks.save(content.pieces, content.options)
  await memory.mustHold(epoch)
  memory.parents.saved(id, labels, saved, () => memory.epoch === epoch, undefined)
  const { digest, logicalBytes, storedBytes } = saved
  return { encoding: 'cbor', digest, content: saved.content, logicalBytes, storedBytes }
}

function noPaths({ id, encoding }: CheckpointView): WaymarkError {
  const remedy = {
    rows: 'Read its rows with store.loadRows(), and save the changed ones with store.save({ rows }).',
    bytes: 'Read its bytes with store.loadBytes(), and save the changed ones with store.save({ bytes }).',
    files:
      'Write its files into a folder with store.restoreFiles(), change them, and save them with store.save({ files }): what is the same is stored once.',
    cbor: '',
  }[encoding]
  return new WaymarkError('invalid', {
    message: `checkpoint ${id} holds ${encoding}, which cannot be changed by path`,
    means: 'Nothing was saved; the checkpoint is untouched.',
    remedy,
    details: { checkpoint: id, encoding },
  })
}
