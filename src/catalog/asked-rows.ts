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
    (query.idPrefix === undefined || run.id.startsWith(query.idPrefix))
  )
}

type RunPlace = Pick<RunView, 'createdAt' | 'id'>

/** Ids are compared only for being the same: SQLite orders by bytes, JavaScript by UTF-16 units. */
function isBefore(newer: RunPlace | undefined, older: RunPlace): boolean {
  if (newer === undefined || newer.createdAt > older.createdAt) return true
  return newer.createdAt === older.createdAt && newer.id !== older.id
}

export function areAskedCheckpoints(checkpoints: readonly CheckpointView[], query: CheckpointQuery): boolean {
  return checkpoints.every((checkpoint, index) => {
    const newer = checkpoints[index - 1]
    return (
      isAskedCheckpoint(checkpoint, query) &&
      (newer === undefined || (newer.order >= checkpoint.order && newer.id !== checkpoint.id))
    )
  })
}

function isAskedCheckpoint(checkpoint: CheckpointView, query: CheckpointQuery): boolean {
  return (
    (query.run === undefined || checkpoint.run === query.run) &&
    (query.stage === undefined || checkpoint.stage === query.stage) &&
    (query.type === undefined || checkpoint.type === query.type) &&
    (query.tags ?? []).every(tag => checkpoint.tags.includes(tag)) &&
    (query.idPrefix === undefined || checkpoint.id.startsWith(query.idPrefix)) &&
    (query.before === undefined || checkpoint.order <= query.before.order)
  )
}
