import { rangesOf } from '../model/completed-set.ts'
import { nearest } from '../model/did-you-mean.ts'
import { type ErrorGroup, groupErrors, type StagedItem } from '../model/error-groups.ts'
import { WaymarkError } from '../model/errors.ts'
import { itemName, type RecordedRun } from '../model/recorded-run.ts'
import type { ItemsRequeued } from '../model/records.ts'
import { isInside, type ScopePath } from '../model/scope.ts'
import { peekRun, recordedRunOf } from './begin-attempt.ts'
import { ownedForAMoment, wasCancelled } from './owned-for-a-moment.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { Address } from './resolve-address.ts'
import { itemsOfGroup, setAsideOf } from './set-aside-items.ts'
import type { StoreCore } from './store-core.ts'

/** Which of the items put away are called again. */
export interface RequeueOptions {
  /** Keys, or indexes as text. */
  readonly keys?: readonly string[]
  /** All of one group: its fingerprint, or the first letters of it. */
  readonly group?: string
  readonly all?: boolean
  /** True: only says which they would be. */
  readonly plan?: boolean
}

/** What was requeued. */
export interface Requeued {
  readonly run: string
  /** True: nothing was written. */
  readonly planned: boolean
  readonly total: number
  readonly stages: readonly { readonly stage: ScopePath; readonly keys: readonly string[] }[]
  /** What they failed with. */
  readonly groups: readonly ErrorGroup[]
  /** Items that stay set aside. */
  readonly left: number
  /** Stages called after those: their input changes, and they are offered for a redo. */
  readonly later: readonly ScopePath[]
}

/**
 * Marks items that were set aside, so that the next attempt at the run calls them again and, where the stage was finished, nothing else of it. A finished run is unfinished from then on.
 * Done twice, or in two processes, it marks them once.
 *
 * @throws WaymarkError `not_found` of a key or group, with what is near; `lease_held` if a living process owns the run; `conflict` if the run was cancelled; `invalid`
 */
export async function requeueItems(core: StoreCore, address: Address, options: RequeueOptions): Promise<Requeued> {
  checkOptions(options)
  const { run } = address
  if (run.state === 'cancelled') throw wasCancelled(run.id)
  const peeked = await peekRun(core, run)
  const planned = chosen(peeked, address, options)
  if (options.plan === true || planned.items.length === 0) return outcome(run.id, true, planned)
  return ownedForAMoment(core, run, async ({ ownership, history }) => {
    // Chosen anew: what somebody else did meanwhile counts.
    const owned = chosen(recordedRunOf(history.records), address, options)
    const records = recordsOf(owned.items, core.clock.now())
    await core.upgrade()
    if (records.length > 0) await core.log.append(ownership, records.map(encodeRunRecord))
    return outcome(run.id, false, owned)
  })
}

interface Chosen {
  readonly recorded: RecordedRun
  readonly all: readonly StagedItem[]
  readonly items: readonly StagedItem[]
}

function chosen(recorded: RecordedRun, address: Address, { keys, group }: RequeueOptions): Chosen {
  const all = setAsideOf(recorded, address)
  if (all.length === 0) return { recorded, all, items: [] }
  if (group !== undefined) return { recorded, all, items: itemsOfGroup(all, group) }
  if (keys === undefined) return { recorded, all, items: all }
  const wanted = new Set(keys)
  for (const key of wanted) if (!all.some(one => nameOf(one) === key)) throw noItem(address, key, all)
  return { recorded, all, items: all.filter(one => wanted.has(nameOf(one))) }
}

const nameOf = ({ item }: StagedItem): string => itemName(item.index, item.key)

function recordsOf(items: readonly StagedItem[], time: number): ItemsRequeued[] {
  return byStage(items).map(([path, members]) => {
    const keys = members.flatMap(({ item }) => item.key ?? [])
    const indexes = members.flatMap(({ item }) => (item.key === undefined ? [item.index] : []))
    return {
      type: 'items.requeued',
      time,
      path,
      ...(indexes.length === 0 ? {} : { ranges: rangesOf(indexes) }),
      ...(keys.length === 0 ? {} : { keys }),
    }
  })
}

function byStage(items: readonly StagedItem[]): (readonly [ScopePath, readonly StagedItem[]])[] {
  const stages = new Map<ScopePath, StagedItem[]>()
  for (const one of items) {
    const members = stages.get(one.stage)
    if (members === undefined) stages.set(one.stage, [one])
    else members.push(one)
  }
  return [...stages]
}

function outcome(run: string, planned: boolean, { recorded, all, items }: Chosen): Requeued {
  const stages = byStage(items).map(([stage, members]) => ({ stage, keys: members.map(nameOf) }))
  const first = Math.min(...stages.map(({ stage }) => recorded.stages.get(stage)?.order ?? Number.POSITIVE_INFINITY))
  const later = [...recorded.stages.values()]
    .filter(({ path, order }) => order > first && !path.includes('/') && !stages.some(one => isInside(path, one.stage)))
    .sort((a, b) => a.order - b.order)
    .map(({ path }) => path)
    .filter(path => !stages.some(one => one.stage === path))
  return { run, planned, total: items.length, stages, groups: groupErrors(items), left: all.length - items.length, later }
}

function checkOptions({ keys, group, all }: RequeueOptions): void {
  const given = [keys !== undefined, group !== undefined, all === true].filter(Boolean).length
  const sound =
    (keys === undefined || (Array.isArray(keys) && keys.length > 0 && keys.every(key => typeof key === 'string'))) &&
    (group === undefined || typeof group === 'string')
  if (given === 1 && sound) return
  throw new WaymarkError('invalid', {
    message: sound
      ? `${given === 0 ? 'none' : 'more than one'} of keys, group and all is given`
      : 'keys are a list of texts, group is a text',
    means: 'Nothing was read or changed.',
    remedy: 'Say which items: { keys: [key, …] }, { group } or { all: true }.',
  })
}

function noItem({ run, stage }: Address, key: string, all: readonly StagedItem[]): WaymarkError {
  const near = nearest(key, all.slice(0, mostCompared).map(nameOf))
  const where = stage === undefined ? `run ${run.id}` : `${stage} of run ${run.id}`
  return new WaymarkError('not_found', {
    message: `no item ${JSON.stringify(key)} of ${where} is set aside${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was changed.',
    remedy: `waymark items ${run.id}${stage === undefined ? '' : `/${stage}`} --set-aside  lists them`,
    details: { key, ...(near === undefined ? {} : { near }) },
  })
}

const mostCompared = 10_000
