import { isWaymarkError } from '../model/errors.ts'
import { sqliteKind } from '../model/sqlite-codes.ts'

/** Another process is at the file just now: nothing is wrong, and it is to be tried again. */
export function isIndexBusy(error: unknown): boolean {
  if (!isWaymarkError(error, 'unavailable')) return false
  const kind = Number(error.details['sqliteCode'] ?? 0) & 0xff
  return kind === sqliteKind.busy || kind === sqliteKind.locked
}
