import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { endOf, type OutlinedPlace, placeInside } from './outlined-place.ts'
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
import { refusedChange, type ValueChange } from './value-changes.ts'

/** Adds the edits of what changes inside of an array. */
export async function spliceArray(splicing: Splicing, array: Container, changes: readonly ValueChange[]): Promise<void> {
  const { edits } = splicing
  const groups = [...groupsOf(changes, array.depth, ({ key, isMapKey }, change) => indexOf(key, isMapKey, change)).entries()]
    .map(([index, group]) => ({ ...group, index: Number(index) }))
    .sort((one, other) => one.index - other.index)
  const there = groups.filter(({ index }) => index < array.count)
  const added = groups.slice(there.length)
  for (const [place, group] of added.entries()) checkAppended(group, array.count, array.count + place)
  const removals = there.filter(({ whole }) => whole !== undefined && whole.value === undefined).length
  spliceHead(splicing, array, array.count - removals + added.length)

  let at = { index: 0, offset: array.after }
  for (const { index, whole, changes: inside } of there) {
    const element = await elementAt(splicing, array, index, at)
    at = { index, offset: element.offset }
    if (whole === undefined) {
      await splicing.inside(splicing, element, inside, array.depth + 1)
      continue
    }
    const removed = (await endOf(splicing.items, element)) - element.offset
    const place = { owner: array.offset, offset: element.offset, removed, index }
    if (whole.value !== undefined) edits.push({ kind: 'set', ...place, ...insertion(whole.value) })
    else if (await isAbsent(splicing, element)) throw nothingToRemove(whole.path)
    else edits.push({ kind: 'remove', ...place, bytes: new Uint8Array(0), blobs: [], valueAt: 0, outline: undefined })
  }
  if (added.length === 0) return
  const offset = await endOf(splicing.items, array)
  for (const { index, whole } of added) {
    if (whole?.value === undefined) continue
    edits.push({ kind: 'insert', owner: array.offset, offset, removed: 0, index: index - removals, ...insertion(whole.value) })
  }
}

/** Where an element begins: from the last place known before it, be it by the outline or by the walk. */
async function elementAt(
  { items }: Splicing,
  array: Container,
  wanted: number,
  known: { readonly index: number; readonly offset: number },
): Promise<OutlinedPlace> {
  let { index, offset } = known
  const marks = array.extent?.marks ?? []
  for (let mark = 0; mark < marks.length && (marks[mark] ?? 0) <= wanted; mark += 2) {
    if ((marks[mark] ?? 0) <= index) continue
    index = marks[mark] ?? 0
    offset = array.offset + (marks[mark + 1] ?? 0)
  }
  for (; index < wanted; index++) offset = await endOf(items, placeInside(array, offset))
  return placeInside(array, offset)
}

async function isAbsent({ items }: Splicing, { offset }: OutlinedPlace): Promise<boolean> {
  const { majorType, argument } = await items.head(offset)
  return majorType === major.tag && argument === cborTag.absent
}

function indexOf(key: unknown, isMapKey: boolean, { path }: ValueChange): string {
  if (typeof key === 'number' && !isMapKey && Number.isInteger(key) && key >= 0) return String(key)
  throw refusedChange('invalid', path, 'it leads to an array, whose elements are named by their index', 'Write it like rows[3].')
}

/** New elements follow the last one without a gap. */
function checkAppended(group: Group, count: number, next: number): void {
  const path = pathOfGroup(group)
  const { whole } = group
  if (whole === undefined) {
    throw refusedChange(
      'not_found',
      path,
      `it leads through an element that is not there: the array has ${count}`,
      `Set all of the element [${count}].`,
    )
  }
  if (whole.value === undefined) throw nothingToRemove(path)
  if (group.step.key !== next) {
    throw refusedChange('invalid', path, `it lies beyond the end of an array of ${next}`, `Append with the index ${next}.`)
  }
}
