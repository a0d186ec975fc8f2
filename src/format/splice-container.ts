import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import type { OutlinedPlace } from './outlined-place.ts'
import { spliceArray } from './splice-array.ts'
import { spliceEntries } from './splice-entries.ts'
import type { Container, Splicing } from './splicing.ts'
import { unreadableValue } from './unreadable-value.ts'
import { refusedChange, type ValueChange } from './value-changes.ts'

/** Adds the edits of what changes inside of the item at `place`, to which the first `depth` steps of the changes lead. */
export async function spliceContainer(
  splicing: Splicing,
  place: OutlinedPlace,
  changes: readonly ValueChange[],
  depth: number,
): Promise<void> {
  const container = await containerAt(splicing, place, changes, depth)
  if (container.kind === 'array') await spliceArray(splicing, container, changes)
  else await spliceEntries(splicing, container, changes)
}

async function containerAt(
  { items }: Splicing,
  place: OutlinedPlace,
  changes: readonly ValueChange[],
  depth: number,
): Promise<Container> {
  const path = changes[0]?.path ?? ''
  let head = place.offset
  let item = await items.head(head)
  let tag: number | undefined
  if (item.majorType === major.tag) {
    tag = item.argument
    if (tag === cborTag.shareable || tag === cborTag.reference) throw withReferences()
    head = item.after
    item = await items.head(head)
  }
  const { argument: count, after } = item
  const found = { ...place, head, count, after, depth }
  if (tag === cborTag.absent)
    throw refusedChange('not_found', path, 'there is nothing in the array where it leads through', 'Set the element first.')
  if (tag === undefined && item.majorType === major.array) return { ...found, kind: 'array' }
  if (tag === cborTag.map && item.majorType === major.map) return { ...found, kind: 'map' }
  if ((tag === undefined || tag === cborTag.nullPrototype) && item.majorType === major.map) return { ...found, kind: 'object' }
  const what = tag === cborTag.set ? 'a Set, whose elements have no paths' : 'a value that holds nothing with a path of its own'
  throw refusedChange(
    'invalid',
    path,
    `it leads through ${what}`,
    'Set all of that value: { set: { path: newValue } } with its own path.',
  )
}

function withReferences() {
  return unreadableValue(
    'The value was stored with references: true, so that no part of it can be changed alone.',
    'Load the whole value, change it, and save that.',
    {},
  )
}
