import { decodeValue } from '../format/decode-value.ts'
import { nearest } from '../model/did-you-mean.ts'
import { type ErrorGroup, groupErrors, type StagedItem } from '../model/error-groups.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { SetAsideItem, StoredError } from '../model/records.ts'
import type { StageView } from '../model/run-view.ts'
import { isInside, itemPath, type ScopePath } from '../model/scope.ts'
import { peekRun } from './begin-attempt.ts'
import type { Address } from './resolve-address.ts'
import type { StoreCore } from './store-core.ts'

export interface SetAsideOptions {
  /** Only items of this group: its fingerprint, or the first letters of it. */
  readonly group?: string
  /** Most items of one page. Default 50. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

/** What is put away of a run or a stage. */
export interface SetAside {
  readonly run: string
  /** All items, whatever group and page were asked for. */
  readonly total: number
  readonly groups: readonly ErrorGroup[]
  /** One page of them, by stage and place in the input. */
  readonly items: readonly SetAsideEntry[]
  /** For `after`, where there are more. */
  readonly next?: string
}

/** An item that was put away, with what it was called with. */
export interface SetAsideEntry {
  readonly stage: ScopePath
  /** Its key, or its index as text. */
  readonly key: string
  readonly index: number
  /** What the item is. Absent where that could not be stored, or holds a class that this store was opened without. */
  readonly payload?: unknown
  readonly error: StoredError
  readonly group: string
  readonly calls: number
  /** Wall milliseconds. */
  readonly at: number
}

const defaultLimit = 50

/** @throws WaymarkError `not_found` of the stage or group, with what is near; `invalid` if `after` or `limit` is none */
export async function listSetAside(core: StoreCore, address: Address, options: SetAsideOptions = {}): Promise<SetAside> {
  const { group, limit = defaultLimit, after } = options
  if (!Number.isInteger(limit) || limit < 1) throw invalid(`limit is ${String(limit)}`, 'Give a whole number of at least 1.')
  const recorded = await peekRun(core, address.run)
  const all = setAsideOf(recorded, address)
  const groups = groupErrors(all)
  const wanted = group === undefined ? all : itemsOfGroup(all, group)
  const rest = after === undefined ? wanted : wanted.slice(placeAfter(recorded, wanted, after))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return {
    run: address.run.id,
    total: all.length,
    groups: group === undefined ? groups : groups.filter(one => wanted.some(({ item }) => item.fingerprint === one.group)),
    items: page.map(one => entryOf(core, one)),
    ...(rest.length > page.length && last !== undefined ? { next: `${last.stage}#${last.item.index}` } : {}),
  }
}

/**
 * The items put away of the stages that an address names, in the order of the stages and of the input.
 *
 * @throws WaymarkError `not_found` if the run has no such stage
 */
export function setAsideOf(recorded: RecordedRun, { run, stage, item }: Address): StagedItem[] {
  const stages = [...recorded.stages.values()].sort((a, b) => a.order - b.order)
  const paths = stagesNamed(
    stages.map(({ path }) => path),
    stage,
    item,
  )
  if (stage !== undefined && paths.length === 0) throw noStage(run.id, stage, stages)
  const named = new Set(paths)
  return stages.flatMap(({ path, setAside }) =>
    named.has(path) ? [...setAside.values()].sort((a, b) => a.index - b.index).map(one => ({ stage: path, item: one })) : [],
  )
}

/** The stage of an address, its calls in a loop and what lies inside; all, where it names none. With `item`, what lies inside that one. */
export function stagesNamed(paths: readonly ScopePath[], stage: string | undefined, item?: string): readonly ScopePath[] {
  if (stage === undefined) return paths
  const top = item === undefined ? stage : itemPath(stage, item)
  return paths.filter(path => path === top || isInside(path, top))
}

/** @throws WaymarkError `not_found` with the groups there are, `conflict` if the letters fit several */
export function itemsOfGroup(items: readonly StagedItem[], group: string): readonly StagedItem[] {
  const known = [...new Set(items.map(({ item }) => item.fingerprint))]
  const fitting = known.includes(group) ? [group] : known.filter(one => group !== '' && one.startsWith(group))
  const [only] = fitting
  if (fitting.length === 1) return items.filter(({ item }) => item.fingerprint === only)
  if (fitting.length > 1) {
    throw new WaymarkError('conflict', {
      message: `${JSON.stringify(group)} fits several groups: ${fitting.slice(0, 10).join(', ')}`,
      means: 'Nothing was read or changed.',
      remedy: 'Give more of it.',
      details: { candidates: fitting.slice(0, 10) },
    })
  }
  const near = nearest(group, [...known, ...known.map(one => one.slice(0, group.length))])
  throw new WaymarkError('not_found', {
    message: `no group of items set aside is called ${JSON.stringify(group)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy: `The groups are: ${known.slice(0, 10).join(', ') || 'none'}.`,
    details: near === undefined ? {} : { near },
  })
}

/** How many of these stand up to and including the place. An item that was requeued since still has its place. */
function placeAfter(recorded: RecordedRun, items: readonly StagedItem[], after: string): number {
  const at = typeof after === 'string' ? after.lastIndexOf('#') : -1
  const stage = recorded.stages.get(at < 0 ? '' : after.slice(0, at))
  const index = Number(at < 0 ? Number.NaN : after.slice(at + 1))
  if (stage === undefined || !Number.isInteger(index))
    throw invalid(`after is ${JSON.stringify(after)}`, 'Give next of the page before, as it is.')
  return items.filter(one => {
    const order = recorded.stages.get(one.stage)?.order ?? 0
    return order < stage.order || (order === stage.order && one.item.index <= index)
  }).length
}

function entryOf(core: StoreCore, { stage, item }: StagedItem): SetAsideEntry {
  const payload = payloadOf(core, item)
  return {
    stage,
    key: item.key ?? String(item.index),
    index: item.index,
    ...(payload === undefined ? {} : { payload }),
    error: item.error,
    group: item.fingerprint,
    calls: item.calls,
    at: item.time,
  }
}

/** A class that this store was opened without must not hide why the items failed. */
function payloadOf(core: StoreCore, { payload }: SetAsideItem): unknown {
  if (payload === undefined) return undefined
  try {
    return decodeValue(payload, { codecs: core.codecs })
  } catch (error) {
    if (isWaymarkError(error)) return undefined
    throw error
  }
}

export function noStage(run: string, stage: string, stages: readonly Pick<StageView, 'path'>[]): WaymarkError {
  const near = nearest(stage, [...new Set(stages.map(({ path }) => path.replace(/[[/].*$/s, '')))])
  return new WaymarkError('not_found', {
    message: `run ${run} has no stage ${JSON.stringify(stage)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy: `waymark show ${run}  lists its stages`,
    details: near === undefined ? {} : { near },
  })
}

function invalid(message: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', { message, means: 'Nothing was read or changed.', remedy })
}
