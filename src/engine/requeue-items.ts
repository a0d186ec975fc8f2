import { rangesOf } from '../model/completed-set.ts'
import { nearest } from '../model/did-you-mean.ts'
import { finishedAround } from '../model/enclosing-work.ts'
import { type ErrorGroup, groupErrors, type StagedItem } from '../model/error-groups.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import { itemName } from '../model/recorded-stage.ts'
import type { ItemsRequeued } from '../model/records.ts'
import { isInside, itemPath, type ScopePath } from '../model/scope.ts'
import { peekRun } from './begin-attempt.ts'
import { foldRecords } from './fold-records.ts'
import { forkHistory } from './fork-history.ts'
import { ownedForAMoment, wasCancelled } from './owned-for-a-moment.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { Address } from './resolve-address.ts'
import { itemsOfGroup, learnErrors, setAsideOf } from './set-aside-items.ts'
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
  await learnErrors(core, planned.items)
  if (options.plan === true || planned.items.length === 0) return outcome(run.id, true, planned)
  return ownedForAMoment(core, run, async ({ ownership, history }) => {
    // Chosen anew: what somebody else did meanwhile counts.
    const owned = chosen(await foldRecords(core.log, await forkHistory(core, history.records)), address, options)
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
  const wanted = new Set(keys)
  for (const key of wanted) if (!all.some(one => nameOf(one) === key)) throw noItem(address, key, all)
  let items: readonly StagedItem[] = all
  if (group !== undefined) items = itemsOfGroup(all, group)
  else if (keys !== undefined) items = all.filter(one => wanted.has(nameOf(one)))
  return { recorded, all, items: callable(recorded, items, keys !== undefined) }
}

/** What lies inside work that is finished is not called, so it cannot be called again alone. Named by key that is refused; else such items stay set aside. */
function callable(recorded: RecordedRun, items: readonly StagedItem[], byKey: boolean): readonly StagedItem[] {
  const around = new Map([...new Set(items.map(({ stage }) => stage))].map(path => [path, finishedAround(recorded, path)]))
  // An item around them that is called again calls them too.
  const again = new Set(items.map(one => itemPath(one.stage, nameOf(one))))
  const free = items.filter(({ stage }) => {
    const finished = around.get(stage)
    return finished === undefined || again.has(finished)
  })
  const held = items.find(one => !free.includes(one))
  if (held !== undefined && (byKey || free.length === 0)) throw insideFinished(held, around.get(held.stage) ?? '')
  return free
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

function insideFinished(item: StagedItem, around: ScopePath): WaymarkError {
  const [top = around] = around.split(/[[/]/)
  return new WaymarkError('conflict', {
    message: `${nameOf(item)} of ${item.stage} lies inside ${around}, which is finished or set aside itself`,
    means: 'Nothing was changed. What is finished is not called again, so nothing inside it would be.',
    remedy: `Requeue the item around it if that is set aside, or do the whole stage again with --redo ${top}.`,
    details: { stage: item.stage, around },
  })
}
