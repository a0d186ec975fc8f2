import { newestFirst } from '../model/checkpoint-sort.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import type { CheckpointQuery, RunQuery } from './catalog.ts'

/*
 * Whether an answer is one to the question. A flipped bit in an index can lead to another row, which is whole by its own checksum; in a file too
 * large to be checked when it is opened, only this notices.
 */

export function areAskedRuns(runs: readonly RunView[], query: RunQuery): boolean {
  return runs.every((run, index) => isAskedRun(run, query) && isBefore(runs[index - 1] ?? query.after, run))
}

function isAskedRun(run: RunView, query: RunQuery): boolean {
  return (
    (query.pipeline === undefined || run.pipeline === query.pipeline) &&
    (query.paramsDigest === undefined || run.paramsDigest === query.paramsDigest) &&
    (query.states === undefined || query.states.includes(run.state)) &&
    (query.forkedFrom === undefined || run.forkedFrom?.run === query.forkedFrom) &&
    (query.idPrefix === undefined || run.id.startsWith(query.idPrefix))
  )
}

type RunPlace = Pick<RunView, 'createdAt' | 'id'>

/** Ids are compared only for being the same: SQLite orders by bytes, JavaScript by UTF-16 units. */
function isBefore(newer: RunPlace | undefined, older: RunPlace): boolean {
  if (newer === undefined || newer.createdAt > older.createdAt) return true
  return newer.createdAt === older.createdAt && newer.id !== older.id
}

/** Whether these stand in this order, after the place asked for. Only what every database orders alike is compared. */
export function areInOrder(checkpoints: readonly CheckpointView[], query: CheckpointQuery): boolean {
  const { field, descending } = query.sort ?? newestFirst
  if (field === undefined || field === 'id' || field === 'type') return areDifferent(checkpoints)
  const sortedBy = (one: CheckpointView): number => one[field] ?? Number.NaN
  const place = query.after
  const begin = place && (field === 'order' ? place.order : place.value)
  const ordered = checkpoints.every((checkpoint, index) => {
    const last = checkpoints[index - 1]
    const before = last === undefined ? begin : sortedBy(last)
    const value = sortedBy(checkpoint)
    return typeof before !== 'number' || (descending ? before >= value : before <= value)
  })
  return ordered && areDifferent(checkpoints)
}

const areDifferent = (checkpoints: readonly CheckpointView[]): boolean =>
  new Set(checkpoints.map(checkpoint => checkpoint.id)).size === checkpoints.length
