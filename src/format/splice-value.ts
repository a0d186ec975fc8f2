import { endsWithBlob } from './blob-ranges.ts'
import { maxEncodedBytes } from './byte-writer.ts'
import { tooLarge } from './encoding-errors.ts'
import { ItemReader, type ReadBytes } from './item-reader.ts'
import type { Outline } from './outline.ts'
import { spliceContainer } from './splice-container.ts'
import { splicedOutline } from './spliced-outline.ts'
import { type BlobRange, refusedChange, type ValueChange } from './value-changes.ts'
import { windowedRead } from './windowed-read.ts'

/** Bytes that stand in the place of others. */
export interface Splice {
  /** In the bytes before any change. */
  readonly offset: number
  /** How many bytes are no longer there. */
  readonly removed: number
  readonly bytes: Uint8Array
  /** Where the content of large binary leaves lies in `bytes`. */
  readonly blobs: readonly BlobRange[]
}

/** What one change does to the bytes of a value. */
export interface ValueEdit extends Splice {
  readonly kind: 'head' | 'set' | 'insert' | 'remove'
  /** Where the container begins whose head, entry or element this is; -1 for the value itself. */
  readonly owner: number
  /** Of an entry. */
  readonly key?: unknown
  /** Of an element: for a new one its index after all changes, else before. */
  readonly index?: number
  /** Where the value begins in `bytes`, behind its key. */
  readonly valueAt: number
  /** Of the value, if it is large. */
  readonly outline: Outline | undefined
}

export interface SplicedValue {
  /** In order, not overlapping, and none begins where another ends. */
  readonly splices: readonly Splice[]
  /** Length of the changed value. */
  readonly length: number
  /** Of the changed value. */
  readonly outline: Outline | undefined
  /** Whether the value so far ends with a large binary leaf: what is put behind it begins a part of its own. */
  readonly endsWithBlob: boolean
}

/**
 * What must be different in the `length` bytes of an encoded value so that they are those of the changed value: exactly what `encodeValue` would make of it. All paths name places of the value before
 * the changes; an element that is removed lets those behind it move up when everything else is done. With the outline of the value only what leads to the places is read.
 *
 * @throws WaymarkError `not_found` where there is nothing to remove, or nothing that could hold what is set; `invalid` where something cannot be changed by path, or two changes meet; `limit`
 */
export async function spliceValue(
  read: ReadBytes,
  length: number,
  outline: Outline | undefined,
  changes: readonly ValueChange[],
): Promise<SplicedValue> {
  const items = new ItemReader(read, length)
  const edits: ValueEdit[] = []
  const whole = changes.find(change => change.steps.length === 0)
  if (whole !== undefined) edits.push(replacedWhole(whole, changes, length))
  else
    await spliceContainer(
      { items, read: windowedRead(read, length), length, outline, edits, inside: spliceContainer },
      { offset: 0, extent: outline?.root },
      changes,
      0,
    )
  const splices = joined(edits)
  const newLength = splices.reduce((sum, { bytes, removed }) => sum + bytes.length - removed, length)
  if (newLength > maxEncodedBytes) throw tooLarge(maxEncodedBytes)
  const last = splices.at(-1)
  const isBehind = last !== undefined && last.offset === length
  return {
    splices,
    length: newLength,
    outline: whole === undefined ? splicedOutline(outline, edits, newLength) : whole.value?.outline,
    endsWithBlob: isBehind && (await endsWithBlob(items, outline, length)),
  }
}

/** The bytes of the changed value. */
export async function splicedBytes(read: ReadBytes, length: number, splices: readonly Splice[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const { offset, removed, bytes } of splices) {
    if (offset > at) pieces.push(await read(at, offset - at))
    pieces.push(bytes)
    at = offset + removed
  }
  if (at < length) pieces.push(await read(at, length - at))
  return new Uint8Array(Buffer.concat(pieces))
}

function replacedWhole(whole: ValueChange, changes: readonly ValueChange[], length: number): ValueEdit {
  const { value } = whole
  if (value === undefined)
    throw refusedChange('invalid', '', 'all of it would be removed', 'Delete the checkpoint, or set another value.')
  if (changes.length > 1)
    throw refusedChange('invalid', '', 'all of it is set, and parts of it too', 'Change the value that is set.')
  return {
    kind: 'set',
    owner: -1,
    offset: 0,
    removed: length,
    bytes: value.bytes,
    blobs: value.blobs,
    valueAt: 0,
    outline: value.outline,
  }
}

/** Edits that follow one another without bytes in between, as one. */
function joined(edits: readonly ValueEdit[]): readonly Splice[] {
  const groups: ValueEdit[][] = []
  for (const edit of edits) {
    const group = groups.at(-1)
    const last = group?.at(-1)
    if (group !== undefined && last !== undefined && last.offset + last.removed === edit.offset) group.push(edit)
    else groups.push([edit])
  }
  return groups.map(joinedGroup)
}

function joinedGroup(edits: readonly ValueEdit[]): Splice {
  const blobs: BlobRange[] = []
  let bytes = 0
  let removed = 0
  for (const edit of edits) {
    for (const { offset, length } of edit.blobs) blobs.push({ offset: bytes + offset, length })
    bytes += edit.bytes.length
    removed += edit.removed
  }
  return { offset: edits[0]?.offset ?? 0, removed, bytes: Buffer.concat(edits.map(edit => edit.bytes)), blobs }
}
