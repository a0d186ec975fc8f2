import { invalidFilter, parseFieldName } from './checkpoint-filter.ts'
import { WaymarkError } from './errors.ts'
import type { ComparedCheckpoint } from './match-checkpoint.ts'
import { type ComparableValue, comparedText, metadataValues } from './metadata-values.ts'

const sortableFields = ['order', 'createdAt', 'expiresAt', 'logicalBytes', 'storedBytes', 'type', 'id'] as const
export type SortableField = (typeof sortableFields)[number]

/** A field, or `metadata.<dotted path>`: then only checkpoints that have something to compare there are listed, as with `expiresAt`. */
export interface SortOption {
  readonly by: SortableField | `metadata.${string}`
  /** Default `desc`. Equal ones stand by `order` in the same direction. */
  readonly direction?: 'asc' | 'desc'
}

/** A {@link SortOption}, checked. Exactly one of `field` and `path` is there. */
export interface CheckpointSort {
  readonly field?: SortableField
  readonly path?: string
  readonly descending: boolean
}

export const newestFirst: CheckpointSort = { field: 'order', descending: true }

/** Where a checkpoint stands in a list: what a page begins after. Stays a place when the checkpoint is deleted. */
export interface CheckpointPlace {
  /** Of what is sorted by, unless that is `order` or `id`. */
  readonly value?: ComparableValue
  readonly order: number
  readonly id: string
}

/** @throws WaymarkError `invalid` */
export function parseSort(sort: SortOption | undefined): CheckpointSort {
  if (sort === undefined) return newestFirst
  if (typeof sort !== 'object' || sort === null || typeof sort.by !== 'string') {
    throw invalidFilter('the sorting names no field', '', sortableFields)
  }
  const { direction = 'desc', by } = sort
  if (direction !== 'asc' && direction !== 'desc') {
    throw invalidFilter(`${JSON.stringify(direction)} is no direction`, String(direction), ['asc', 'desc'])
  }
  const descending = direction === 'desc'
  const name = parseFieldName(by, sortableFields)
  if ('path' in name) return { path: name.path, descending }
  const field = sortableFields.find(one => one === name.field)
  return field === undefined ? newestFirst : { field, descending }
}

/** @throws WaymarkError `invalid` if the checkpoint has no place in a list sorted so */
export function placeOf(checkpoint: PlacedCheckpoint, sort: CheckpointSort): CheckpointPlace {
  const { order, id } = checkpoint
  const value = sortValue(checkpoint, sort)
  if (sort.field === 'order' || sort.field === 'id') return { order, id }
  if (value !== undefined) return { value, order, id }
  throw new WaymarkError('invalid', {
    message: `checkpoint ${JSON.stringify(id)} has no ${sort.field ?? `metadata.${sort.path}`} to go on from`,
    means: 'Nothing was read.',
    remedy: 'Give the last checkpoint of the page before, or the cursor made from it, with the same sorting.',
  })
}

/** For the default sorting `order` and `id` are enough. */
export type PlacedCheckpoint = Partial<Pick<ComparedCheckpoint, SortableField | 'metadata'>> &
  Pick<ComparedCheckpoint, 'order' | 'id'>

export function sortValue(checkpoint: PlacedCheckpoint, sort: CheckpointSort): ComparableValue | undefined {
  if (sort.field !== undefined) return checkpoint[sort.field]
  const value = metadataValues(checkpoint.metadata ?? {}).get(sort.path ?? '')
  if (typeof value === 'string') return comparedText(value)
  return typeof value === 'object' && value !== null ? undefined : value
}

/** The place as an opaque text that goes on a command line or in a URL. It belongs to one sorting. */
export function writeCursor(place: CheckpointPlace, sort: CheckpointSort): string {
  // JSON has no infinite numbers.
  const value = typeof place.value === 'number' ? { number: String(place.value) } : place.value
  return Buffer.from(JSON.stringify([nameOf(sort), place.order, place.id, ...(value === undefined ? [] : [value])])).toString(
    'base64url',
  )
}

/** @throws WaymarkError `invalid` if it is no cursor, or one of a list that was sorted in another way */
export function readCursor(cursor: string, sort: CheckpointSort): CheckpointPlace {
  const parts = cursorParts(cursor)
  const [name, order, id, written] = parts
  const value = readValue(written)
  if (typeof order === 'number' && typeof id === 'string' && isComparable(value) && name === nameOf(sort)) {
    return { order, id, ...(value === undefined ? {} : { value }) }
  }
  throw new WaymarkError('invalid', {
    message:
      parts.length > 0
        ? 'the cursor belongs to a list that is sorted in another way'
        : `${JSON.stringify(cursor.slice(0, 80))} is no cursor`,
    means: 'Nothing was read.',
    remedy: 'Use the cursor with the sorting it came from, or begin at the first page.',
  })
}

function cursorParts(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && parts.length >= 3) return parts
  } catch {}
  return []
}

function readValue(written: unknown): unknown {
  if (typeof written !== 'object' || written === null || !('number' in written)) return written
  return Number(written.number)
}

const isComparable = (value: unknown): value is ComparableValue | undefined =>
  value === undefined || value === null || ['string', 'number', 'boolean'].includes(typeof value)

const nameOf = ({ field, path, descending }: CheckpointSort): string => `${descending ? '-' : '+'}${field ?? `metadata.${path}`}`
