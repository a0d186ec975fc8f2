import { type CheckpointStatus, checkpointStatuses } from '../model/checkpoint-status.ts'
import type { CheckpointStats } from './catalog.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { numberIn } from './sqlite-rows.ts'
import { readTallies } from './sqlite-tallies.ts'

const stagesShown = 20

export const oldestAndNewest = `SELECT (SELECT min(created_at) FROM checkpoint INDEXED BY checkpoint_by_time) AS oldest,
  (SELECT max(created_at) FROM checkpoint INDEXED BY checkpoint_by_time) AS newest`
export const expiredByStatus = `SELECT status, count(*) AS checkpoints FROM checkpoint INDEXED BY checkpoint_by_expiry
  WHERE expires_at IS NOT NULL AND expires_at <= ? AND status IN ('active', 'completed') GROUP BY status`

/** Reads tallies; only what has expired is counted, in an index. */
export function checkpointStats(connection: SqliteConnection, now: number): CheckpointStats {
  const types = readTallies(connection, 'type', -1)
  const statuses = new Map<string, number>(
    readTallies(connection, 'status', -1).map(({ value, checkpoints }) => [value, checkpoints]),
  )
  let expired = 0
  for (const row of connection.all(expiredByStatus, now)) {
    const status = String(row['status'])
    const count = numberIn(row, 'checkpoints')
    statuses.set(status, (statuses.get(status) ?? 0) - count)
    expired += count
  }
  statuses.set('expired', expired)
  const bounds = connection.get(oldestAndNewest) ?? {}
  const sum = (field: 'checkpoints' | 'logicalBytes' | 'storedBytes') => types.reduce((total, one) => total + one[field], 0)
  return {
    checkpoints: sum('checkpoints'),
    logicalBytes: sum('logicalBytes'),
    storedBytes: sum('storedBytes'),
    types,
    statuses: Object.fromEntries(checkpointStatuses.map(status => [status, statuses.get(status) ?? 0])) as Record<
      CheckpointStatus,
      number
    >,
    stages: readTallies(connection, 'stage', stagesShown),
    pinned: readTallies(connection, 'pinned', 1)[0]?.checkpoints ?? 0,
    expired,
    ...(typeof bounds['oldest'] === 'number' ? { oldestAt: bounds['oldest'] } : {}),
    ...(typeof bounds['newest'] === 'number' ? { newestAt: bounds['newest'] } : {}),
  }
}
