import type { CheckpointView } from '../model/run-view.ts'
import { keyText } from './key-text.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import { checksumOf, numberIn, textIn, verifyRow } from './sqlite-rows.ts'

/** What there is of one kind of checkpoint. */
export interface Tally {
  readonly checkpoints: number
  readonly logicalBytes: number
  readonly storedBytes: number
}

type TallyKind = 'type' | 'status' | 'stage' | 'pinned'
const columns = ['kind', 'value', 'checkpoints', 'logical_bytes', 'stored_bytes'] as const
const select = `SELECT n, ${columns.join(', ')}, checksum FROM tally`
const find = `${select} WHERE kind = ? AND value = ?`
const insert = `INSERT INTO tally (${columns.join(', ')}, checksum) VALUES (?, ?, ?, ?, ?, ?)`
const update = 'UPDATE tally SET checkpoints = ?, logical_bytes = ?, stored_bytes = ?, checksum = ? WHERE n = ?'

/** Keeps the tallies in step; writes each once a transaction. */
export class TallyWriter {
  readonly #connection: SqliteConnection
  readonly #count: (removed: number, added: number) => void
  readonly #changes = new Map<TallyKind, Map<string, Tally>>()

  constructor(connection: SqliteConnection, count: (removed: number, added: number) => void) {
    this.#connection = connection
    this.#count = count
  }

  /** One checkpoint more (1) or less (-1). */
  add(view: CheckpointView, sign: 1 | -1): void {
    this.#add('type', view.type, view, sign)
    this.#add('status', view.status ?? 'active', view, sign)
    if (view.stage !== undefined) this.#add('stage', stageGroup(view.stage), view, sign)
    if (view.pins !== undefined && view.pins.length > 0) this.#add('pinned', '', view, sign)
  }

  finish(): void {
    for (const [kind, values] of this.#changes) for (const [value, change] of values) this.#write(kind, keyText(value), change)
  }

  #add(kind: TallyKind, value: string, { logicalBytes, storedBytes }: CheckpointView, sign: 1 | -1): void {
    const values = this.#changes.get(kind) ?? new Map<string, Tally>()
    this.#changes.set(kind, values)
    values.set(value, plus(values.get(value) ?? nothing, { checkpoints: 1, logicalBytes, storedBytes }, sign))
  }

  #write(kind: TallyKind, value: string, change: Tally): void {
    const row = this.#connection.get(find, kind, value)
    const before = row === undefined ? nothing : readTally(this.#connection, row)
    const after = plus(before, change, 1)
    const removed = row === undefined ? 0 : numberIn(row, 'checksum')
    const numbers = [after.checkpoints, after.logicalBytes, after.storedBytes]
    const checksum = checksumOf('tally', [kind, value, ...numbers])
    if (after.checkpoints === 0) {
      if (row === undefined) return
      this.#connection.run('DELETE FROM tally WHERE n = ?', numberIn(row, 'n'))
      return this.#count(removed, 0)
    }
    if (row === undefined) this.#connection.run(insert, kind, value, ...numbers, checksum)
    else this.#connection.run(update, ...numbers, checksum, numberIn(row, 'n'))
    this.#count(removed, checksum)
  }
}

/** Stages called in a loop are one group: `load[a]/inner` and `load[b]/inner` are `load[*]/inner`. */
export const stageGroup = (path: string): string => path.replace(/\[[^\]]*\]/g, '[*]')

const nothing: Tally = { checkpoints: 0, logicalBytes: 0, storedBytes: 0 }

const plus = (one: Tally, other: Tally, sign: 1 | -1): Tally => ({
  checkpoints: one.checkpoints + sign * other.checkpoints,
  logicalBytes: one.logicalBytes + sign * other.logicalBytes,
  storedBytes: one.storedBytes + sign * other.storedBytes,
})

/** Those of a kind, most checkpoints first, then by name. */
export function readTallies(
  connection: SqliteConnection,
  kind: TallyKind,
  limit: number,
): readonly (Tally & { readonly value: string })[] {
  const rows = connection.all(`${select} WHERE kind = ? ORDER BY checkpoints DESC, value LIMIT ?`, kind, limit)
  return rows.map(row => ({ value: textIn(row, 'value'), ...readTally(connection, row) }))
}

function readTally(connection: SqliteConnection, row: SqlRow): Tally {
  verifyRow(connection, 'tally', columns, row)
  return {
    checkpoints: numberIn(row, 'checkpoints'),
    logicalBytes: numberIn(row, 'logical_bytes'),
    storedBytes: numberIn(row, 'stored_bytes'),
  }
}
