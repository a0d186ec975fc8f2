import type { SettableStatus } from '../model/checkpoint-changes.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'
import { checksumOf, numberIn, verifyRow } from './sqlite-rows.ts'

/** How many checkpoints there are that are alike in type, status, stage and being pinned. */
export interface Tally extends Sum {
  readonly type: string
  readonly status: SettableStatus
  /** As {@link stageGroup} says; null for those without a stage. */
  readonly stage: string | null
  readonly pinned: boolean
}

interface Sum {
  readonly checkpoints: number
  readonly logicalBytes: number
  readonly storedBytes: number
}

const columns = ['key', 'checkpoints', 'logical_bytes', 'stored_bytes'] as const
const select = `SELECT n, ${columns.join(', ')}, checksum FROM tally`
const find = `${select} WHERE key = ?`
const insert = `INSERT INTO tally (${columns.join(', ')}, checksum) VALUES (?, ?, ?, ?, ?)`
const update = 'UPDATE tally SET checkpoints = ?, logical_bytes = ?, stored_bytes = ?, checksum = ? WHERE n = ?'

/** Keeps the tallies in step; writes each once a transaction. One row a save, not one for each of type, status and stage: that would be 15 µs more. */
export class TallyWriter {
  readonly #connection: SqliteConnection
  readonly #count: (removed: number, added: number) => void
  readonly #changes = new Map<string, Sum>()

  constructor(connection: SqliteConnection, count: (removed: number, added: number) => void) {
    this.#connection = connection
    this.#count = count
  }

  /** One checkpoint more (1) or less (-1). */
  add(view: CheckpointView, sign: 1 | -1): void {
    const { type, status = 'active', stage, pins = [], logicalBytes, storedBytes } = view
    const key = JSON.stringify([type, status, stage === undefined ? null : stageGroup(stage), pins.length > 0])
    this.#changes.set(key, plus(this.#changes.get(key) ?? nothing, { checkpoints: 1, logicalBytes, storedBytes }, sign))
  }

  finish(): void {
    for (const [key, change] of this.#changes) this.#write(key, change)
  }

  #write(key: string, change: Sum): void {
    const row = this.#connection.get(find, key)
    const before = row === undefined ? nothing : sumIn(this.#connection, row)
    const after = plus(before, change, 1)
    const removed = row === undefined ? 0 : numberIn(row, 'checksum')
    if (after.checkpoints === 0) {
      if (row === undefined) return
      this.#connection.run('DELETE FROM tally WHERE n = ?', numberIn(row, 'n'))
      return this.#count(removed, 0)
    }
    const numbers = [after.checkpoints, after.logicalBytes, after.storedBytes]
    const checksum = checksumOf('tally', [key, ...numbers])
    if (row === undefined) this.#connection.run(insert, key, ...numbers, checksum)
    else this.#connection.run(update, ...numbers, checksum, numberIn(row, 'n'))
    this.#count(removed, checksum)
  }
}

/** Stages called in a loop are one group: `load[a]/inner` and `load[b]/inner` are `load[*]/inner`. */
export const stageGroup = (path: string): string => path.replace(/\[[^\]]*\]/g, '[*]')

const nothing: Sum = { checkpoints: 0, logicalBytes: 0, storedBytes: 0 }

const plus = (one: Sum, other: Sum, sign: 1 | -1): Sum => ({
  checkpoints: one.checkpoints + sign * other.checkpoints,
  logicalBytes: one.logicalBytes + sign * other.logicalBytes,
  storedBytes: one.storedBytes + sign * other.storedBytes,
})

/** @throws WaymarkError `corrupt` */
export function readTallies(connection: SqliteConnection): readonly Tally[] {
  return connection.all(select).map(row => {
    const sum = sumIn(connection, row)
    // Whole by its checksum: what was written above.
    const [type, status, stage, pinned] = JSON.parse(String(row['key'])) as [string, SettableStatus, string | null, boolean]
    return { type, status, stage, pinned, ...sum }
  })
}

/** Adds up those of one value, most checkpoints first, then by name. */
export function tallyBy(
  tallies: readonly Tally[],
  valueIn: (tally: Tally) => string | null,
): readonly (Sum & { readonly value: string })[] {
  const sums = new Map<string, Sum>()
  for (const tally of tallies) {
    const value = valueIn(tally)
    if (value !== null) sums.set(value, plus(sums.get(value) ?? nothing, tally, 1))
  }
  const list = Array.from(sums, ([value, sum]) => ({ value, ...sum }))
  return list.sort((a, b) => b.checkpoints - a.checkpoints || (a.value < b.value ? -1 : 1))
}

function sumIn(connection: SqliteConnection, row: SqlRow): Sum {
  verifyRow(connection, 'tally', columns, row)
  const sum = {
    checkpoints: numberIn(row, 'checkpoints'),
    logicalBytes: numberIn(row, 'logical_bytes'),
    storedBytes: numberIn(row, 'stored_bytes'),
  }
  if (sum.checkpoints > 0) return sum
  throw catalogDamaged(connection.file, 'a tally counts nothing')
}
