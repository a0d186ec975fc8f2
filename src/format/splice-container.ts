import { Buffer } from 'node:buffer'
import { headLength, major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { encodeValue } from './encode-value.ts'
import type { ItemReader, ReadBytes } from './item-reader.ts'
import type { Outline } from './outline.ts'
import type { OutlinedPlace } from './outlined-place.ts'
import type { PathStep } from './parse-path.ts'
import { spliceArray } from './splice-array.ts'
import { spliceEntries } from './splice-entries.ts'
import type { ValueEdit } from './splice-value.ts'
import { unreadableValue } from './unreadable-value.ts'
import { type EncodedValue, refusedChange, type ValueChange } from './value-changes.ts'

/** The walk to the places of changes, and what it has found so far. */
export interface Splicing {
  readonly items: ItemReader
  readonly read: ReadBytes
  readonly length: number
  readonly outline: Outline | undefined
  /** In the order of the bytes. */
  readonly edits: ValueEdit[]
}

/** A container in which something changes. */
export interface Container extends OutlinedPlace {
  readonly kind: 'array' | 'object' | 'map'
  /** Where its head begins, behind its tag. */
  readonly head: number
  readonly count: number
  /** Where its content begins. */
  readonly after: number
  /** How many steps of a path lead here. */
  readonly depth: number
}

/** All changes at, or inside of, one element or entry. */
export interface Group {
  readonly step: PathStep
  /** The change of all of it; undefined if something inside of it changes. */
  readonly whole: ValueChange | undefined
  readonly changes: readonly ValueChange[]
}

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

/** Brings the head of a container to another count. Called before the edits of what it holds. */
export function spliceHead({ edits }: Splicing, container: Container, count: number): void {
  if (count === container.count) return
  const bytes = Buffer.from(encodeValue(count))
  bytes[0] = (bytes[0] ?? 0) | ((container.kind === 'array' ? major.array : major.map) << 5)
  const removed = headLength(container.count)
  edits.push({
    kind: 'head',
    owner: container.offset,
    offset: container.head,
    removed,
    bytes,
    blobs: [],
    valueAt: 0,
    outline: undefined,
  })
}

/** A value, behind its key if it is a new entry. */
export function insertion(
  value: EncodedValue,
  key: Uint8Array = new Uint8Array(0),
): Pick<ValueEdit, 'bytes' | 'blobs' | 'valueAt' | 'outline'> {
  const valueAt = key.length
  return {
    bytes: valueAt === 0 ? value.bytes : Buffer.concat([key, value.bytes]),
    blobs: value.blobs.map(({ offset, length }) => ({ offset: offset + valueAt, length })),
    valueAt,
    outline: value.outline,
  }
}

/** Sorts changes by what their step at this depth names, as `nameOf` tells; in the order of the first change of each. */
export function groupsOf(
  changes: readonly ValueChange[],
  depth: number,
  nameOf: (step: PathStep, change: ValueChange) => string,
): ReadonlyMap<string, Group> {
  const byName = new Map<string, ValueChange[]>()
  for (const change of changes) {
    const step = change.steps[depth]
    if (step === undefined) continue
    const name = nameOf(step, change)
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [change])
    else known.push(change)
  }
  const groups = new Map<string, Group>()
  for (const [name, members] of byName) {
    const whole = members.find(({ steps }) => steps.length === depth + 1)
    const step = members[0]?.steps[depth]
    if (step === undefined) continue
    if (whole !== undefined && members.length > 1) throw meeting(whole, members)
    groups.set(name, { step, whole, changes: members })
  }
  return groups
}

/** The path by which an error names a group: of the first change in it. */
export const pathOfGroup = (group: Group): string => group.changes[0]?.path ?? ''

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

function meeting(whole: ValueChange, members: readonly ValueChange[]): Error {
  const other = members.find(member => member !== whole) ?? whole
  return refusedChange(
    'invalid',
    whole.path,
    `${other.path} is changed too, which is ${other.steps.length === whole.steps.length ? 'the same place' : 'a part of it'}`,
    'Make one change of them.',
    { other: other.path },
  )
}

function withReferences() {
  return unreadableValue(
    'The value was stored with references: true, so that no part of it can be changed alone.',
    'Load the whole value, change it, and save that.',
    {},
  )
}
