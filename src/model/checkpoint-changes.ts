import type { CheckpointView, RecordPosition } from './run-view.ts'

/** What a checkpoint is for, as far as somebody says; `expired` is never said but follows from `expiresAt`. */
export const settableStatuses = ['active', 'completed', 'archived', 'damaged'] as const
export type SettableStatus = (typeof settableStatuses)[number]

/** A named hold: while there is one, the checkpoint is not deleted. */
export interface CheckpointPin {
  readonly name: string
  readonly reason?: string
  /** Wall milliseconds. */
  readonly at: number
}

/** What one record changes about a checkpoint. What is absent stays. */
export interface CheckpointChanges {
  readonly status?: SettableStatus
  /** Null removes it. */
  readonly description?: string | null
  readonly tags?: readonly string[]
  /** Key by key at the top level; null removes a key. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Null: never expires. */
  readonly expiresAt?: number | null
  readonly pin?: CheckpointPin
  /** Name of the pin to remove. Before `pin`. */
  readonly unpin?: string
}

/**
 * Place of a change among all changes of a checkpoint: time, then where its record lies. Records of several processes have no order in the log; this gives
 * each field the same last writer whatever the order in which the records are applied.
 */
export type ChangeStamp = readonly [time: number, segment: string, offset: number]

/** The newest value of a field; undefined or null where that was to remove it. */
export type Stamped<Value> = readonly [stamp: ChangeStamp, value: Value]

/** What any number of changes add up to: for each field the newest one, with its stamp. */
export interface ChangeState {
  readonly status?: Stamped<SettableStatus>
  readonly description?: Stamped<string | null>
  readonly tags?: Stamped<readonly string[]>
  readonly expiresAt?: Stamped<number | null>
  /** By key, as a list: a key may be `__proto__`. */
  readonly metadata?: readonly (readonly [key: string, value: Stamped<unknown>])[]
  /** By name; null where it was removed. */
  readonly pins?: readonly (readonly [name: string, pin: Stamped<CheckpointPin | null>])[]
}

/** The changes of one record. */
export function stampChanges(changes: CheckpointChanges, time: number, position: RecordPosition): ChangeState {
  const stamp: ChangeStamp = [time, position.segment, position.offset]
  const pins = new Map<string, Stamped<CheckpointPin | null>>()
  if (changes.unpin !== undefined) pins.set(changes.unpin, [stamp, null])
  if (changes.pin !== undefined) pins.set(changes.pin.name, [stamp, changes.pin])
  return {
    ...(changes.status === undefined ? {} : { status: [stamp, changes.status] }),
    ...(changes.description === undefined ? {} : { description: [stamp, changes.description] }),
    ...(changes.tags === undefined ? {} : { tags: [stamp, changes.tags] }),
    ...(changes.expiresAt === undefined ? {} : { expiresAt: [stamp, changes.expiresAt] }),
    ...(changes.metadata === undefined
      ? {}
      : { metadata: Object.entries(changes.metadata).map(([key, value]) => [key, [stamp, value]] as const) }),
    ...(pins.size === 0 ? {} : { pins: [...pins] }),
  }
}

/** Both together. Commutative, associative and idempotent: the order of records does not matter, nor that one is applied twice. */
export function joinChanges(one: ChangeState, other: ChangeState): ChangeState {
  const status = newer(one.status, other.status)
  const description = newer(one.description, other.description)
  const tags = newer(one.tags, other.tags)
  const expiresAt = newer(one.expiresAt, other.expiresAt)
  const metadata = joinKeys(one.metadata, other.metadata)
  const pins = joinKeys(one.pins, other.pins)
  return {
    ...(status === undefined ? {} : { status }),
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(pins === undefined ? {} : { pins }),
  }
}

/** The checkpoint with every change made; `state` must hold all that are made in `view` already. */
export function changedView(view: CheckpointView, state: ChangeState): CheckpointView {
  const { status: _status, pins: _pins, description, expiresAt, ...facts } = view
  const nextDescription = state.description === undefined ? description : (state.description[1] ?? undefined)
  const nextExpiry = state.expiresAt === undefined ? expiresAt : (state.expiresAt[1] ?? undefined)
  const status = state.status?.[1] ?? 'active'
  const pins = (state.pins ?? []).flatMap(([, [, pin]]) => pin ?? [])
  const changedAt = newestTime(state)
  return {
    ...facts,
    ...(nextDescription === undefined ? {} : { description: nextDescription }),
    ...(nextExpiry === undefined ? {} : { expiresAt: nextExpiry }),
    ...(state.tags === undefined ? {} : { tags: state.tags[1] }),
    ...(state.metadata === undefined ? {} : { metadata: changedMetadata(view.metadata, state.metadata) }),
    ...(status === 'active' ? {} : { status }),
    ...(pins.length === 0 ? {} : { pins }),
    ...(changedAt === undefined ? {} : { changedAt }),
  }
}

function changedMetadata(
  before: Readonly<Record<string, unknown>>,
  changes: NonNullable<ChangeState['metadata']>,
): Readonly<Record<string, unknown>> {
  const entries = new Map(Object.entries(before))
  // Those that change come last, by key: where a key stood before is not known in every order of application.
  for (const [key] of changes) entries.delete(key)
  for (const [key, [, value]] of changes) if (value !== null) entries.set(key, value)
  return Object.fromEntries(entries)
}

function newestTime(state: ChangeState): number | undefined {
  const fields = [state.status, state.description, state.tags, state.expiresAt]
  const keyed = [...(state.metadata ?? []), ...(state.pins ?? [])].map(([, value]) => value)
  const times = [...fields, ...keyed].flatMap(value => (value === undefined ? [] : value[0][0]))
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b))
}

function newer<Value>(one: Stamped<Value> | undefined, other: Stamped<Value> | undefined): Stamped<Value> | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return compareStamps(one[0], other[0]) >= 0 ? one : other
}

type Keyed<Value> = readonly (readonly [key: string, value: Stamped<Value>])[]

/** Sorted by key, so that equal states are equal bytes. */
function joinKeys<Value>(one: Keyed<Value> | undefined, other: Keyed<Value> | undefined): Keyed<Value> | undefined {
  if (one === undefined && other === undefined) return undefined
  const joined = new Map(one)
  for (const [key, value] of other ?? []) joined.set(key, newer(joined.get(key), value) ?? value)
  return [...joined].sort(([a], [b]) => (a < b ? -1 : 1))
}

function compareStamps(one: ChangeStamp, other: ChangeStamp): number {
  if (one[0] !== other[0]) return one[0] - other[0]
  if (one[1] !== other[1]) return one[1] < other[1] ? -1 : 1
  return one[2] - other[2]
}
