import { setImmediate } from 'node:timers/promises'
import { newestFirst, placeOf } from '../model/checkpoint-sort.ts'
import { matchesCheckpoint } from '../model/match-checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { CheckpointQuery } from './catalog.ts'
import { checkpointQuery, conditionsOf } from './checkpoint-query.ts'
import { readCheckpointRow } from './checkpoint-rows.ts'
import { isExact } from './checkpoint-terms.ts'
import { limitOf } from './sql-terms.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'

const batchMax = 1000

/**
 * A page of checkpoints. What SQL cannot say exactly is looked at row by row, in batches, between which other work has its turn; memory holds the page
 * and one batch.
 */
export async function listCheckpoints(connection: SqliteConnection, query: CheckpointQuery): Promise<readonly CheckpointView[]> {
  const { sort = newestFirst, now = Number.NEGATIVE_INFINITY } = query
  const conditions = conditionsOf(query)
  const exact = conditions.filter(isExact)
  const others = conditions.filter(condition => !isExact(condition))
  const limit = limitOf(query.limit)
  const found: CheckpointView[] = []
  let { after } = query
  for (let size = limit; ; size = Math.min(size * 2, batchMax)) {
    const { sql, values } = checkpointQuery({
      ...query,
      ...(after === undefined ? {} : { after }),
      limit: size < 0 ? Number.POSITIVE_INFINITY : size,
    })
    const rows = connection.all(sql, ...values)
    let last: CheckpointView | undefined
    for (const row of rows) {
      last = readCheckpointRow(connection, row)
      if (!matchesCheckpoint(last, exact, now)) throw wrongRow(connection)
      if (!matchesCheckpoint(last, others, now)) continue
      found.push(last)
      if (found.length === limit) return found
    }
    if (last === undefined || size < 0 || rows.length < size) return found
    after = placeOf(last, sort)
    await setImmediate()
  }
}

/** A flipped bit in an index can lead to another row, which is whole by its own checksum. */
export const wrongRow = (connection: SqliteConnection): Error => catalogDamaged(connection.file, 'an index leads to another row')
