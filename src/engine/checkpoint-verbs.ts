import type { StoredFile } from '../format/file-table.ts'
import type { PlacedCheckpoint, SortOption } from '../model/checkpoint-sort.ts'
import type { Schema } from '../model/schema.ts'
import type { PinOptions, UpdateOptions } from './change-checkpoint.ts'
import type { CheckpointDetails, CheckpointInfo } from './checkpoint-info.ts'
import type { ListOptions } from './list-checkpoints.ts'
import type { Checkpoint, LoadedCheckpoint } from './load-checkpoint.ts'
import type { PatchOptions } from './patch-checkpoint.ts'
import type { SaveOptions } from './save-checkpoint.ts'

/** Saving checkpoints, finding them again, loading them, and what is said of them. */
export interface CheckpointVerbs {
  /**
   * Saves a value as a new checkpoint; durable (power cut included) when it resolves.
   *
   * @throws WaymarkError `invalid` with the path inside the value if something in it cannot be stored, `conflict` if the id was used before, `disk_full`, `unavailable`
   */
  save(options: SaveOptions): Promise<Checkpoint>

  /**
   * Saves a new checkpoint that is the old one but for what is set and removed by path. Of a large one little is read and stored; the result is that of loading it, changing it and saving it.
   * The new one has the labels of the old one where no others are given; the old one stays as it is.
   *
   * @throws WaymarkError `not_found` of the checkpoint or a path, `invalid` with the path that cannot be changed, `corrupt`; and what {@link save} throws
   *
   * @example
   * const { id } = await store.save({ value: { metrics: { loss: 1 }, rows: ['a'], draft: 'x' } })
   * const next = await store.patch(id, { set: { 'metrics.loss': 0.4, 'rows[1]': 'b' }, remove: ['draft'] })
   */
  patch(id: string, options: PatchOptions): Promise<Checkpoint>

  /**
   * Loads a checkpoint, or with `path` one part of its value, for which only what holds it is read; every byte read is checked against its digest. A checkpoint of rows loads as an array, one
   * of bytes as a Uint8Array: for large ones see {@link loadRows} and {@link loadBytes}.
   *
   * @throws WaymarkError `not_found` (also of the path), `corrupt` naming the newest intact checkpoint of the same stage, `invalid` if it does not match the schema
   */
  load(id: string, options?: { readonly path?: string }): Promise<LoadedCheckpoint>
  load<Value>(
    id: string,
    options: { readonly path?: string; readonly schema: Schema<unknown, Value> },
  ): Promise<LoadedCheckpoint<Value>>

  /**
   * The bytes of a checkpoint in pieces, in order, each checked: a stream that was saved as `bytes`, or the encoded value of any other.
   *
   * @throws WaymarkError `not_found`, `corrupt` when the damaged piece is reached: what came before it is right
   */
  loadBytes(id: string): AsyncIterableIterator<Uint8Array>

  /**
   * The rows of a checkpoint that was saved as `rows`, one by one.
   *
   * @throws WaymarkError `not_found`, `invalid` if it holds no rows, `corrupt` when the damaged row is reached: those before it are right
   */
  loadRows(id: string): AsyncIterableIterator<unknown>

  /**
   * Writes the files of a checkpoint that was saved as `files` into a folder. A file that is there already is not touched.
   *
   * @throws WaymarkError `not_found`, `conflict` if a file is there already, `corrupt`, `invalid` if it holds no files, `disk_full`
   */
  restoreFiles(id: string, to: string): Promise<readonly StoredFile[]>

  /** The newest checkpoint that is not marked as damaged, of a run or of a stage of it; undefined if there is none. Where it has passed over a damaged one, `store.notices()` says so. */
  latest(query?: { readonly run?: string; readonly stage?: string }): Promise<Checkpoint | undefined>

  /**
   * Checkpoints, newest first unless sorted otherwise, a page at a time.
   *
   * @throws WaymarkError `invalid` for a field or operator there is not, with what was probably meant
   *
   * @example
   * const best = await store.list({ where: { 'metadata.loss': { lt: 0.1 } }, sort: { by: 'metadata.loss', direction: 'asc' } })
   */
  list(options?: ListOptions): Promise<readonly CheckpointInfo[]>

  /** The place of a checkpoint in a list as an opaque text, for `list({ after })` in another process. */
  cursor(last: PlacedCheckpoint, sort?: SortOption): string

  /**
   * Everything known of a checkpoint but its value, with the keys at the top of it. Of a damaged one `damage` tells what is wrong with it, as far as that was looked at (`store.verify()` proves it), and `lastGood` what to load instead.
   *
   * @throws WaymarkError `not_found`
   */
  info(id: string): Promise<CheckpointDetails>

  /**
   * Says something else of a checkpoint than when it was saved; the value stays. Of two updates of one field the later one counts.
   *
   * @throws WaymarkError `not_found`, `invalid`
   */
  update(id: string, options: UpdateOptions): Promise<CheckpointInfo>

  /**
   * Holds a checkpoint: it is not deleted while it has a pin. Pins of different names hold it each on their own.
   *
   * @throws WaymarkError `not_found`
   */
  pin(id: string, options?: PinOptions): Promise<CheckpointInfo>

  /** @throws WaymarkError `not_found` if there is no such checkpoint, or no such pin */
  unpin(id: string, options?: Pick<PinOptions, 'name'>): Promise<CheckpointInfo>

  /**
   * Deletes a checkpoint: it can no longer be listed or loaded, and its id is never used again. Others are not touched.
   *
   * @throws WaymarkError `not_found`, `conflict` naming its pins if it is pinned
   */
  delete(id: string): Promise<void>
}
