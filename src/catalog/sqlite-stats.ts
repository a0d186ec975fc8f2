import type { CheckpointStats } from './catalog.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { numberIn } from './sqlite-rows.ts'
import { readTallies, tallyBy } from './sqlite-tallies.ts'

const stagesShown = 20

export const oldestAndNewest = `SELECT (SELECT min(created_at) FROM checkpoint INDEXED BY checkpoint_by_time) AS oldest,
  (SELECT max(created_at) FROM checkpoint INDEXED BY checkpoint_by_time) AS newest`
export const expiredByStatus = `SELECT status, count(*) AS checkpoints FROM checkpoint INDEXED BY checkpoint_by_expiry
  WHERE expires_at IS NOT NULL AND expires_at <= ? AND status IN ('active', 'completed') GROUP BY status`

/** Reads tallies; only what has expired is counted, in an index. */
export function checkpointStats(connection: SqliteConnection, now: number): CheckpointStats {
  const tallies = readTallies(connection)
  const types = tallyBy(tallies, tally => tally.type)
  const statuses = new Map(tallyBy(tallies, tally => tally.status).map(({ value, checkpoints }) => [value, checkpoints]))
  let expired = 0
  for (const row of connection.all(expiredByStatus, now)) {
    const status = String(row['status'])
    const count = numberIn(row, 'checkpoints')
    statuses.set(status, (statuses.get(status) ?? 0) - count)
    expired += count
  }
  const bounds = connection.get(oldestAndNewest) ?? {}
  const sum = (field: 'checkpoints' | 'logicalBytes' | 'storedBytes') => types.reduce((total, one) => total + one[field], 0)
  return {
    checkpoints: sum('checkpoints'),
    logicalBytes: sum('logicalBytes'),
    storedBytes: sum('storedBytes'),
    types,
    statuses: {
      active: statuses.get('active') ?? 0,
      completed: statuses.get('completed') ?? 0,
      expired,
      archived: statuses.get('archived') ?? 0,
      damaged: statuses.get('damaged') ?? 0,
    },
    stages: tallyBy(tallies, tally => tally.stage).slice(0, stagesShown),
    pinned: tallies.reduce((total, tally) => total + (tally.pinned ? tally.checkpoints : 0), 0),
    expired,
    ...(typeof bounds['oldest'] === 'number' ? { oldestAt: bounds['oldest'] } : {}),
    ...(typeof bounds['newest'] === 'number' ? { newestAt: bounds['newest'] } : {}),
  }
}
