import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { damagedValue } from './damaged-value.ts'
import { encodeValue } from './encode-value.ts'
import { type ItemHead, ItemReader, type ReadBytes } from './item-reader.ts'
import type { Outline } from './outline.ts'
import { endOf, type OutlinedPlace, placeInside } from './outlined-place.ts'
import { type PathStep, parsePath } from './parse-path.ts'
import { unreadableValue } from './unreadable-value.ts'

/** A part of an encoded value: bytes that `decodeValue` reads by themselves. */
export interface FoundPart {
  readonly offset: number
  readonly length: number
}

/**
 * Where the part under `path` is among the `length` bytes of an encoded value; undefined if the value has no such part. The path is
 * as errors name it (`metrics.loss`, `orders[3].total`, `["odd name"]`, `byId[map key "a"]`); for a Map, `.a` and `["a"]` are its
 * key "a". With the outline of the value little more is read than the way there; without it, all that comes before.
 *
 * Not for values stored with `references: true`, whose parts cannot be read alone: `unsupported` where that shows on the way.
 * A path that cannot be understood is `invalid`, bytes that are no value are `corrupt`.
 */
export async function findPath(
  read: ReadBytes,
  length: number,
  outline: Outline | undefined,
  path: string,
): Promise<FoundPart | undefined> {
  const items = new ItemReader(read, length)
  let place: OutlinedPlace = { offset: 0, extent: outline?.root }
  let isRoot = true
  for (const step of parsePath(path)) {
    // A number can be meant for an object and for a Map, which the list does not tell apart.
    const listed = isRoot && typeof step.key === 'string' && outline?.keys !== undefined
    const found: OutlinedPlace | undefined = listed
      ? await rootEntry(items, outline, step, length)
      : await child(items, place, step)
    if (found === undefined) return undefined
    place = found
    isRoot = false
  }
  return { offset: place.offset, length: (await endOf(items, place)) - place.offset }
}

/** The value of a listed key. */
async function rootEntry(
  items: ItemReader,
  { keys = [], root }: Outline,
  step: PathStep,
  length: number,
): Promise<OutlinedPlace | undefined> {
  const index = keys.findIndex(({ key }) => key === step.key)
  const entry = keys[index]
  if (entry === undefined) return undefined
  const after = keys.slice(index).reduce((bytes, { length: entryBytes }) => bytes + entryBytes, 0)
  const name = encodeValue(entry.key)
  const offset = length - after + name.length
  if (!(await items.matches(length - after, name))) throw damagedValue('it does not fit its outline', length - after)
  return placeInside({ offset: 0, extent: root }, offset)
}

async function child(items: ItemReader, place: OutlinedPlace, step: PathStep): Promise<OutlinedPlace | undefined> {
  let head = await items.head(place.offset)
  let tag: number | undefined
  while (head.majorType === major.tag) {
    tag = head.argument
    if (tag === cborTag.shareable || tag === cborTag.reference) throw withReferences()
    if (tag !== cborTag.map && tag !== cborTag.nullPrototype) return undefined
    head = await items.head(head.after)
  }
  if (head.majorType === major.array) return element(items, place, head, step)
  if (head.majorType === major.map) return entry(items, place, head, step, tag === cborTag.map)
  return undefined
}

/** The element of an array, from the last known position before it. */
async function element(
  items: ItemReader,
  place: OutlinedPlace,
  head: ItemHead,
  step: PathStep,
): Promise<OutlinedPlace | undefined> {
  const wanted = step.key
  if (typeof wanted !== 'number' || step.isMapKey || !Number.isInteger(wanted) || wanted < 0 || wanted >= head.argument)
    return undefined
  let index = 0
  let offset = head.after
  const marks = place.extent?.marks ?? []
  for (let mark = 0; mark < marks.length && (marks[mark] ?? 0) <= wanted; mark += 2) {
    index = marks[mark] ?? 0
    offset = place.offset + (marks[mark + 1] ?? 0)
  }
  while (index < wanted) {
    offset = await endOf(items, placeInside(place, offset))
    index++
  }
  const { majorType, argument } = await items.head(offset)
  if (majorType === major.tag && argument === cborTag.absent) return undefined
  return placeInside(place, offset)
}

/** The value under a key of an object or a Map. */
async function entry(
  items: ItemReader,
  place: OutlinedPlace,
  head: ItemHead,
  step: PathStep,
  isMap: boolean,
): Promise<OutlinedPlace | undefined> {
  if (step.isMapKey && !isMap && typeof step.key !== 'string') return undefined
  const wanted = encodeValue(isMap ? step.key : String(step.key))
  if (typeof step.key === 'string') {
    const known = await namedEntry(items, place, step.key, wanted)
    if (known !== undefined) return known
  }
  let offset = head.after
  for (let left = head.argument; left > 0; left--) {
    const after = await endOf(items, placeInside(place, offset))
    const isWanted = after - offset === wanted.length && (await items.matches(offset, wanted))
    const value = placeInside(place, after)
    if (isWanted) return value
    offset = await endOf(items, value)
  }
  return undefined
}

/** A part whose key the outline has; believed if the key stands before it. */
async function namedEntry(
  items: ItemReader,
  place: OutlinedPlace,
  key: string,
  encoded: Uint8Array,
): Promise<OutlinedPlace | undefined> {
  const extent = place.extent?.extents.find(part => part.key === key)
  if (extent === undefined) return undefined
  const offset = place.offset + extent.at
  return (await items.matches(offset - encoded.length, encoded)) ? { offset, extent } : undefined
}

function withReferences() {
  return unreadableValue(
    'The value was stored with references: true, so that no part of it can be read alone.',
    'Load the whole value and take the part from it.',
    {},
  )
}
