import { Buffer } from 'node:buffer'
import { headLength, major } from './cbor-heads.ts'
import { encodeValue } from './encode-value.ts'
import type { ItemReader, ReadBytes } from './item-reader.ts'
import type { Outline } from './outline.ts'
import type { OutlinedPlace } from './outlined-place.ts'
import type { PathStep } from './parse-path.ts'
import type { ValueEdit } from './splice-value.ts'
import { type EncodedValue, refusedChange, type ValueChange } from './value-changes.ts'

/** The walk to the places of changes, and what it has found so far. */
export interface Splicing {
  readonly items: ItemReader
  readonly read: ReadBytes
  readonly length: number
  readonly outline: Outline | undefined
  /** In the order of the bytes. */
  readonly edits: ValueEdit[]
  /** Adds the edits of what changes inside of the item at `place`, to which the first `depth` steps of the changes lead. */
  readonly inside: (splicing: Splicing, place: OutlinedPlace, changes: readonly ValueChange[], depth: number) => Promise<void>
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

export function nothingToRemove(path: string): Error {
  return refusedChange('not_found', path, 'there is nothing to remove', 'Leave it out of `remove`.')
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
