import { decodeValue } from '../format/decode-value.ts'
import { nearest } from '../model/did-you-mean.ts'
import { type ErrorGroup, groupErrors, type StagedItem } from '../model/error-groups.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import { itemName } from '../model/recorded-stage.ts'
import type { SetAsideItem, StageProgress, StoredError } from '../model/records.ts'
import type { RecordPosition, StageView } from '../model/run-view.ts'
import { isInside, itemPath, type ScopePath } from '../model/scope.ts'
import { peekRun } from './begin-attempt.ts'
import { learnItems } from './learn-items.ts'
import { decodeRunRecord } from './record-codec.ts'
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
  await learnErrors(core, all)
  return {
    run: address.run.id,
    total: all.length,
    groups: group === undefined ? groups : groups.filter(one => wanted.some(({ item }) => item.fingerprint === one.group)),
    items: await entriesOf(core, page),
    ...(rest.length > page.length && last !== undefined ? { next: placeOf(last) } : {}),
  }
}

/**
 * The items put away of the stages that an address names, in the order of the stages and of the input.
 *
 * @throws WaymarkError `not_found` if the run has no such stage
 */
export function setAsideOf(recorded: RecordedRun, { run, stage, item }: Address): StagedItem[] {
  const stages = stagesInOrder(recorded)
  const paths = stagesNamed(
    stages.map(({ path }) => path),
    stage,
    item,
  )
  if (stage !== undefined && paths.length === 0) throw noStage(run.id, stage, stages)
  const named = new Set(paths)
  return stages.flatMap(({ path, setAside }) =>
    named.has(path) ? [...setAside.values()].sort(byPlace).map(one => ({ stage: path, item: one })) : [],
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

const stagesInOrder = ({ stages }: RecordedRun) => [...stages.values()].sort((a, b) => a.order - b.order)

/** Items by key may share an index: those of an input that grew or was replaced count from 0 again. */
function byPlace(a: Pick<SetAsideItem, 'index' | 'key'>, b: Pick<SetAsideItem, 'index' | 'key'>): number {
  const [one, other] = [a.key ?? '', b.key ?? '']
  return a.index - b.index || (one < other ? -1 : one > other ? 1 : 0)
}

/** `STAGE#INDEX`, with `:KEY` where items are known by key: in it `%` and `#` are escaped, so that the last `#` is the one behind the stage. */
function placeOf({ stage, item: { index, key } }: StagedItem): string {
  const escaped = key?.replaceAll('%', '%25').replaceAll('#', '%23')
  return escaped === undefined ? `${stage}#${index}` : `${stage}#${index}:${escaped}`
}

const placeText = /^(?<stage>.*)#(?<index>\d{1,16})(?::(?<key>[^#]*))?$/s

/** How many of these stand up to and including the place. An item that was requeued since still has its place. */
function placeAfter(recorded: RecordedRun, items: readonly StagedItem[], after: string): number {
  const { stage = '', index, key } = (typeof after === 'string' ? placeText.exec(after)?.groups : undefined) ?? {}
  const ranks = new Map(stagesInOrder(recorded).map(({ path }, rank) => [path, rank]))
  const rank = ranks.get(stage)
  if (rank === undefined || index === undefined)
    throw invalid(`after is ${JSON.stringify(after)}`, 'Give next of the page before, as it is.')
  const place = {
    index: Number(index),
    ...(key === undefined ? {} : { key: key.replaceAll('%23', '#').replaceAll('%25', '%') }),
  }
  return items.filter(one => {
    const itsRank = ranks.get(one.stage) ?? -1
    return itsRank < rank || (itsRank === rank && byPlace(one.item, place) <= 0)
  }).length
}

/** Reads what the items are: each record once. */
async function entriesOf(core: StoreCore, page: readonly StagedItem[]): Promise<SetAsideEntry[]> {
  const records = new Map<string, Promise<StageProgress | undefined>>()
  const entries: SetAsideEntry[] = []
  for (const one of page) {
    const { recordedIn } = one.item
    const place = `${recordedIn.segment} ${recordedIn.offset}`
    const record = await (records.get(place) ?? readProgress(core, recordedIn))
    records.set(place, Promise.resolve(record))
    const name = itemName(one.item.index, one.item.key)
    entries.push(
      entryOf(
        core,
        one,
        record?.setAside?.find(({ index, key }) => itemName(index, key) === name),
      ),
    )
  }
  return entries
}

/** Records whose items are looked through for what their errors must not tell. */
const mostLearned = 1_000

/** The error that stands for a group may be of an item that is on no page. */
export async function learnErrors(core: StoreCore, items: readonly StagedItem[]): Promise<void> {
  const places = new Map(items.map(({ item: { recordedIn } }) => [`${recordedIn.segment} ${recordedIn.offset}`, recordedIn]))
  for (const place of [...places.values()].slice(0, mostLearned))
    learnItems(core.redaction, (await readProgress(core, place))?.setAside)
}

/** A record that cannot be read any more must not hide why the items failed: an error of the same kind is known. */
export async function readProgress(core: StoreCore, position: RecordPosition): Promise<StageProgress | undefined> {
  try {
    const record = decodeRunRecord((await core.log.read(position)).payload)
    return record.type === 'stage.progress' ? record : undefined
  } catch (error) {
    if (isWaymarkError(error)) return undefined
    throw error
  }
}

function entryOf(core: StoreCore, { stage, item }: StagedItem, kept: SetAsideItem | undefined): SetAsideEntry {
  const payload = kept && payloadOf(core, kept)
  return {
    stage,
    key: item.key ?? String(item.index),
    index: item.index,
    ...(payload === undefined ? {} : { payload }),
    error: kept?.error ?? item.sample.error,
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
