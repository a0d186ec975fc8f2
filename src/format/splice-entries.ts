import { encodeValue } from './encode-value.ts'
import { type FoundEntry, findEntries, firstEntryAbove } from './find-entries.ts'
import { endOf } from './outlined-place.ts'
import type { PathStep } from './parse-path.ts'
import {
  type Container,
  type Group,
  groupsOf,
  insertion,
  nothingToRemove,
  pathOfGroup,
  type Splicing,
  spliceHead,
} from './splicing.ts'
import { arrayIndexOf } from './stored-keys.ts'
import { type EncodedValue, refusedChange, type ValueChange } from './value-changes.ts'

interface NewEntry {
  readonly key: unknown
  readonly encodedKey: Uint8Array
  readonly value: EncodedValue
  /** Where JavaScript lists it: before all names if it is a number; -1: at the end. */
  readonly arrayIndex: number
}

/** Adds the edits of what changes inside of an object or a Map. */
export async function spliceEntries(splicing: Splicing, map: Container, changes: readonly ValueChange[]): Promise<void> {
  const { edits, items } = splicing
  const keys = new Map<string, { readonly key: unknown; readonly encodedKey: Uint8Array }>()
  const groups = groupsOf(changes, map.depth, (step, change) => {
    const key = keyOf(step, map, change)
    const encodedKey = encodeValue(key)
    const name = Buffer.from(encodedKey).toString('latin1')
    keys.set(name, { key, encodedKey })
    return name
  })
  const found = await findEntries(splicing, map, keys)
  const there: { readonly group: Group; readonly entry: FoundEntry }[] = []
  const added: NewEntry[] = []
  for (const [name, group] of groups) {
    const entry = found.get(name)
    const wanted = keys.get(name)
    if (entry !== undefined) there.push({ group, entry })
    else if (wanted !== undefined)
      added.push({
        ...wanted,
        value: valueToAdd(group),
        arrayIndex: map.kind === 'object' ? arrayIndexOf(String(wanted.key)) : -1,
      })
  }
  there.sort((one, other) => one.entry.start - other.entry.start)
  const removals = there.filter(({ group: { whole } }) => whole !== undefined && whole.value === undefined).length
  spliceHead(splicing, map, map.count - removals + added.length)

  const insert = (offset: number, { key, encodedKey, value }: NewEntry): void => {
    edits.push({ kind: 'insert', owner: map.offset, offset, removed: 0, key, ...insertion(value, encodedKey) })
  }
  const numbered = added.filter(({ arrayIndex }) => arrayIndex >= 0).sort((one, other) => one.arrayIndex - other.arrayIndex)
  const placed: { readonly offset: number; readonly entry: NewEntry }[] = []
  for (const entry of numbered) placed.push({ offset: await firstEntryAbove(splicing, map, entry.arrayIndex), entry })
  let next = 0
  const insertUpTo = (end: number): void => {
    for (let place = placed[next]; place !== undefined && place.offset <= end; place = placed[++next])
      insert(place.offset, place.entry)
  }
  for (const { group, entry } of there) {
    insertUpTo(entry.start)
    await spliceEntry(splicing, map, group, entry)
  }
  insertUpTo(Number.POSITIVE_INFINITY)
  const last = added.filter(({ arrayIndex }) => arrayIndex < 0)
  const end = last.length === 0 ? 0 : await endOf(items, map)
  for (const entry of last) insert(end, entry)
}

async function spliceEntry(
  splicing: Splicing,
  map: Container,
  { whole, changes }: Group,
  { start, key, value }: FoundEntry,
): Promise<void> {
  if (whole === undefined) return splicing.inside(splicing, value, changes, map.depth + 1)
  const end = await endOf(splicing.items, value)
  const owner = map.offset
  splicing.edits.push(
    whole.value === undefined
      ? {
          kind: 'remove',
          owner,
          offset: start,
          removed: end - start,
          key,
          bytes: new Uint8Array(0),
          blobs: [],
          valueAt: 0,
          outline: undefined,
        }
      : { kind: 'set', owner, offset: value.offset, removed: end - value.offset, key, ...insertion(whole.value) },
  )
}

/** The key that a step names, as `findPath` takes it. */
function keyOf({ key, isMapKey }: PathStep, { kind }: Container, { path }: ValueChange): unknown {
  // A Map holds 0 for -0.
  if (kind === 'map') return key === 0 ? 0 : key
  if (!isMapKey || typeof key === 'string') return String(key)
  throw refusedChange('invalid', path, 'it names the key of a Map, and leads to an object', 'Write it like settings["3"].')
}

function valueToAdd(group: Group): EncodedValue {
  const { whole } = group
  const path = pathOfGroup(group)
  if (whole === undefined) {
    throw refusedChange(
      'not_found',
      path,
      'it leads through something that is not there',
      'Set the container that is missing, with what it shall hold.',
    )
  }
  if (whole.value === undefined) throw nothingToRemove(path)
  return whole.value
}
