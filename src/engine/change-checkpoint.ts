import { type CheckpointChanges, type SettableStatus, settableStatuses } from '../model/checkpoint-changes.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { checkLabels, checkOptionNames } from './check-labels.ts'
import { type CheckpointInfo, infoOf } from './checkpoint-info.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { heldOf } from './fork-needs.ts'
import { lostToDamage } from './lost-to-damage.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** What can be said anew of a saved checkpoint. What is absent stays; the value never changes. */
export interface UpdateOptions {
  /** Null removes it. */
  readonly description?: string | null
  /** In place of those before. */
  readonly tags?: readonly string[]
  /** Key by key; null removes a key, the others stay. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly status?: SettableStatus
  /** Milliseconds from now after which it counts as expired; null: never. */
  readonly ttlMs?: number | null
}

export interface PinOptions {
  /** Default `default`. A name that is there already gets the new reason. */
  readonly name?: string
  readonly reason?: string
}

const defaultPin = 'default'

export function updateCheckpoint(core: StoreCore, id: string, options: UpdateOptions): Promise<CheckpointInfo> {
  checkOptionNames('update', options, ['description', 'tags', 'metadata', 'status', 'ttlMs'])
  checkLabels(options)
  const { ttlMs, description, tags, metadata, status } = options
  if (status !== undefined && !settableStatuses.includes(status)) {
    throw invalid(
      `${JSON.stringify(status)} is no status to set`,
      `Use one of ${settableStatuses.join(', ')}; what expires is said with ttlMs.`,
    )
  }
  if (ttlMs !== undefined && ttlMs !== null && !(Number.isFinite(ttlMs) && ttlMs >= 0)) {
    throw invalid(`${ttlMs} cannot be a time to live`, 'Give ttlMs in milliseconds, or null for no end.')
  }
  return change(core, id, () => ({
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(status === undefined ? {} : { status }),
    ...(ttlMs === undefined ? {} : { expiresAt: ttlMs === null ? null : core.clock.now() + ttlMs }),
  }))
}

export function pinCheckpoint(core: StoreCore, id: string, { name = defaultPin, reason }: PinOptions): Promise<CheckpointInfo> {
  if (typeof name !== 'string' || name === '') throw invalid('a pin needs a text as its name', 'Give a name, or none at all.')
  if (reason !== undefined && typeof reason !== 'string')
    throw invalid('the reason of a pin is a text', 'Give a text, or none at all.')
  return change(core, id, () => ({ pin: { name, at: core.clock.now(), ...(reason === undefined ? {} : { reason }) } }))
}

export function unpinCheckpoint(
  core: StoreCore,
  id: string,
  { name = defaultPin }: Pick<PinOptions, 'name'>,
): Promise<CheckpointInfo> {
  return change(core, id, ({ pins = [] }) => {
    if (pins.some(pin => pin.name === name)) return { unpin: name }
    const names = pins.map(pin => pin.name)
    throw new WaymarkError('not_found', {
      message: `checkpoint ${JSON.stringify(id)} has no pin ${JSON.stringify(name)}`,
      means: 'Nothing was changed.',
      remedy: names.length === 0 ? 'It has no pins: nothing needs to be done.' : `Its pins are: ${names.join(', ')}.`,
      details: { checkpoint: id, pins: names },
    })
  })
}

export async function deleteCheckpoint(core: StoreCore, id: string): Promise<void> {
  const { pins = [], run } = await newestView(core, id)
  const fork = run === undefined ? undefined : (await heldOf(core, run)).get(id)
  if (fork !== undefined) throw neededByFork(id, fork)
  if (pins.length === 0) {
    await core.log.appendFree([encodeRunRecord({ type: 'checkpoint.deleted', time: core.clock.now(), id })])
    return
  }
  const names = pins.map(pin => pin.name)
  const shown = pins.map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`)).join(', ')
  throw new WaymarkError('conflict', {
    message: `checkpoint ${JSON.stringify(id)} is pinned: ${shown}`,
    means: 'It was not deleted.',
    remedy: `Unpin it first: store.unpin(${JSON.stringify(id)}, { name: ${JSON.stringify(names[0])} })`,
    details: { checkpoint: id, pins: names },
  })
}

const neededByFork = (id: string, fork: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `checkpoint ${JSON.stringify(id)} is kept: forked by ${fork}`,
    means: 'It was not deleted: that run stands on it.',
    remedy: `Give that run up first: waymark cancel ${fork}, or waymark reset ${fork}`,
    details: { checkpoint: id, fork },
  })

async function change(
  core: StoreCore,
  id: string,
  changesOf: (view: CheckpointView) => CheckpointChanges,
): Promise<CheckpointInfo> {
  const view = await newestView(core, id)
  // Above what is known: a clock that was set back must not lose to what was said before.
  const time = Math.max(core.clock.now(), (view.changedAt ?? 0) + 1)
  await core.upgrade()
  await core.log.appendFree([encodeRunRecord({ type: 'checkpoint.changed', time, id, changes: changesOf(view) })])
  // Somebody may have deleted it meanwhile; then the change is void, and a pin came too late.
  return infoOf(await newestView(core, id), core.clock.now())
}

/** With what any process has said of it. */
export async function newestView(core: StoreCore, id: string): Promise<CheckpointView> {
  await core.feed.refresh()
  const view = await findCheckpoint(core, id)
  if (view !== undefined) return view
  throw lostToDamage(core, noCheckpoint(id))
}

export function noCheckpoint(id: string): WaymarkError {
  return new WaymarkError('not_found', {
    message: `there is no checkpoint ${JSON.stringify(id)}`,
    means: 'Nothing was read or changed.',
    remedy: 'List what there is with store.list(), or of a run with: waymark show RUN',
    details: { checkpoint: id },
  })
}

function invalid(message: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', { message, means: 'Nothing was changed.', remedy })
}
