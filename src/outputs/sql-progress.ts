import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { TablePosition } from '../model/output-position.ts'
import type { StageProgress } from '../model/records.ts'
import type { OutputProgress } from './item-target.ts'
import { fencedTable, type TablePlace, tableConflict } from './sql-errors.ts'

/** Our one table in the user's database, with one row for each stage of a run that writes there. */
export const progressTable = 'waymark_progress'

/** What names a row of it. */
export interface ProgressName {
  readonly store: string
  readonly run: string
  readonly stage: string
}

/** A row of it: what is committed, and by whom. */
export interface ProgressRow {
  /** The part of the run this is about; see {@link TablePosition}. */
  readonly generation: string
  /** The table the rows went to. */
  readonly target: string
  readonly token: number
  readonly sequence: number
  readonly rows: number
  /** The newest flushes, encoded: {@link encodeFlushes}. */
  readonly flushes: Uint8Array
}

/** One commit, as it is kept until it is surely in the log. */
export interface KeptFlush {
  readonly sequence: number
  /** Rows in all, with those of this flush. */
  readonly rows: number
  /** The progress it made, encoded. */
  readonly progress: Uint8Array
}

/**
 * The newest flush is all that the log can miss: each is on the log's disk before the next one begins, whatever durability was asked for.
 * Small ones are kept longer all the same, for a log that lost its newest records in another way (a disk that acknowledged what it
 * had not written), because only what is kept here can be told then.
 */
const keptBytes = 16 << 10

const keptBytesAtTheEnd = 2 << 10

/** The flushes to keep beside a new one, oldest first; the new one always. */
export const keepFlushes = (before: readonly KeptFlush[], flush: KeptFlush): readonly KeptFlush[] => [
  ...newest(before, keptBytes - flush.progress.length),
  flush,
]

/** Those to keep when all of them are in the log. */
export const keepAtTheEnd = (flushes: readonly KeptFlush[]): readonly KeptFlush[] => newest(flushes, keptBytesAtTheEnd)

function newest(flushes: readonly KeptFlush[], budget: number): readonly KeptFlush[] {
  let bytes = 0
  let from = flushes.length
  while (from > 0) {
    bytes += flushes[from - 1]?.progress.length ?? 0
    if (bytes > budget) break
    from--
  }
  return flushes.slice(from)
}

export const encodeFlushes = (flushes: readonly KeptFlush[]): Uint8Array =>
  encodeValue(flushes.map(({ sequence, rows, progress }) => [sequence, rows, progress]))

/** Without all that was finished by then: what is recorded later may have changed that. */
export const encodeProgress = ({ completed: _allByThen, ...progress }: OutputProgress): Uint8Array => encodeValue(progress)

/** How an output goes on: `begin` makes a new row, `go on` raises the token of the one that is there. */
export interface Opening {
  readonly how: 'begin' | 'go on'
  readonly position: TablePosition
  readonly flushes: readonly KeptFlush[]
  readonly recovered: readonly StageProgress[]
}

export interface OpeningFacts extends TablePlace {
  readonly token: number
  readonly target: string
}

/**
 * What the row found under a lock says about a position in the log.
 *
 * @throws WaymarkError `fenced` if a newer owner was there, `conflict` if the database is not what the log left
 */
export function decideOpening(row: ProgressRow | undefined, position: TablePosition, facts: OpeningFacts): Opening {
  const { generation, sequence } = position
  if (row !== undefined && row.token > facts.token) throw fencedTable(facts, row.token)
  if (row === undefined || row.generation !== generation) {
    if (sequence > 0) throw olderDatabase(facts, sequence, 0)
    return { how: 'begin', position, flushes: [], recovered: [] }
  }
  if (row.target !== facts.target) {
    throw tableConflict(facts, `this run's rows went to the table ${row.target} so far`, { recorded: row.target })
  }
  if (row.sequence < sequence) throw olderDatabase(facts, sequence, row.sequence)
  const flushes = decodeFlushes(row.flushes, facts)
  const newer = flushes.filter(flush => flush.sequence > sequence)
  const recovered = newer.map(flush => recoveredProgress(flush, position, facts))
  if (recovered.length !== row.sequence - sequence) {
    throw tableConflict(
      facts,
      `${row.sequence - sequence} commits are there that the log does not know, and which items ${recovered.length === 0 ? 'they' : 'some of them'} hold is no longer kept: the log lost its newest records`,
      { recorded: sequence, committed: row.sequence },
    )
  }
  return { how: 'go on', position: { ...position, sequence: row.sequence, rows: row.rows }, flushes, recovered }
}

/** Why a flush found its row not as it left it. */
export function refusedFlush(row: ProgressRow | undefined, position: TablePosition, facts: OpeningFacts): Error {
  if (row !== undefined && row.token > facts.token) return fencedTable(facts, row.token)
  return olderDatabase(facts, position.sequence, row?.generation === position.generation ? row.sequence : 0)
}

function olderDatabase(place: TablePlace, recorded: number, committed: number) {
  return tableConflict(
    place,
    `the log has ${recorded} commits of this stage, the database ${committed === 0 ? 'none' : committed}: it was restored from an older backup, is another one, or ${progressTable} was changed`,
    { recorded, committed },
  )
}

function decodeFlushes(bytes: Uint8Array, place: TablePlace): readonly KeptFlush[] {
  const list = decoded(bytes)
  const flushes = Array.isArray(list) ? list.map(asFlush) : [undefined]
  if (flushes.every(flush => flush !== undefined)) return flushes
  throw changedRow(place)
}

function asFlush(entry: unknown): KeptFlush | undefined {
  if (!Array.isArray(entry)) return undefined
  const [sequence, rows, progress]: readonly unknown[] = entry
  return typeof sequence === 'number' && typeof rows === 'number' && progress instanceof Uint8Array
    ? { sequence, rows, progress }
    : undefined
}

function recoveredProgress({ sequence, rows, progress }: KeptFlush, position: TablePosition, facts: OpeningFacts): StageProgress {
  const record = decoded(progress)
  if (!isProgressOf(record, facts.stage)) throw changedRow(facts)
  return { ...record, output: { ...position, sequence, rows } }
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decodeValue(bytes)
  } catch {
    return undefined
  }
}

/** Only what tells it from anything else is looked at: it was written in the transaction of the rows it counts. */
const isProgressOf = (value: unknown, stage: string): value is OutputProgress =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  value.type === 'stage.progress' &&
  'path' in value &&
  value.path === stage &&
  'counts' in value

const changedRow = (place: TablePlace): Error =>
  tableConflict(place, `what ${progressTable} holds for this stage cannot be read: it was changed by something else`, {})
