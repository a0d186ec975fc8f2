import type { CheckpointQuery } from '../catalog/catalog.ts'
import { type CheckpointCondition, type CheckpointWhere, parseWhere } from '../model/checkpoint-filter.ts'
import { type PlacedCheckpoint, parseSort, placeOf, readCursor, type SortOption, writeCursor } from '../model/checkpoint-sort.ts'
import type { CheckpointStatus } from '../model/checkpoint-status.ts'
import { checkOptionNames } from './check-labels.ts'
import { type CheckpointInfo, infoOf } from './checkpoint-info.ts'
import type { StoreCore } from './store-core.ts'

export interface ListOptions {
  readonly run?: string
  /** Without `run`: of any run. */
  readonly stage?: string
  readonly type?: string
  /** Must all be present. */
  readonly tags?: readonly string[]
  readonly status?: CheckpointStatus
  /** True: only expired ones; false: all others. Default: both. */
  readonly expired?: boolean
  /** Conditions on any field and on own metadata; all must hold, besides those above. */
  readonly where?: CheckpointWhere
  /** Default `{ by: 'order', direction: 'desc' }`: newest first. */
  readonly sort?: SortOption
  /** Default 50. */
  readonly limit?: number
  /** The last checkpoint of the page before, or its cursor. What others save or delete meanwhile neither repeats nor hides one. */
  readonly after?: string | PlacedCheckpoint
}

const listOptionNames = ['run', 'stage', 'type', 'tags', 'status', 'expired', 'where', 'sort', 'limit', 'after']

/** @throws WaymarkError `invalid` for an unknown option, field or operator, with what was probably meant */
export async function listCheckpoints(core: StoreCore, options: ListOptions): Promise<readonly CheckpointInfo[]> {
  checkOptionNames('list', options, listOptionNames)
  const now = core.clock.now()
  const query = queryOf(options, now)
  await core.feed.refresh()
  const views = await core.feed.query(catalog => catalog.checkpoints(query))
  return views.map(view => infoOf(view, now))
}

/** What a command line or a page puts into its link to the next page. */
export const cursorAfter = (last: PlacedCheckpoint, option: SortOption | undefined): string => {
  const sort = parseSort(option)
  return writeCursor(placeOf(last, sort), sort)
}

function queryOf(options: ListOptions, now: number): CheckpointQuery {
  const { status, expired, after, where: given = {}, sort: option, ...labels } = options
  const sort = parseSort(option)
  const where: CheckpointCondition[] = [...parseWhere(given), ...(status === undefined ? [] : parseWhere({ status }))]
  if (expired !== undefined) where.push({ field: 'status', operator: expired ? 'eq' : 'ne', values: ['expired'] })
  const place = typeof after === 'string' ? readCursor(after, sort) : after && placeOf(after, sort)
  return { ...labels, where, sort, now, ...(place === undefined ? {} : { after: place }) }
}
