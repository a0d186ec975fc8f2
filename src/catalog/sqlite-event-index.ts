import { isWaymarkError, type WaymarkError } from '../model/errors.ts'
import type { SegmentMark } from './catalog.ts'
import { setCatalogAside } from './catalog-files.ts'
import { connectToFile } from './connect-to-file.ts'
import { blocksInOrder } from './event-blocks.ts'
import type { BlockQuery, EventCount, EventIndex, EventIndexWriter, FoundBlock, StreamState } from './event-index.ts'
import { eventIndexId, eventIndexSchema, eventIndexVersion } from './event-index-schema.ts'
import { EventNames } from './event-names.ts'
import { EventRowWriter } from './event-row-writer.ts'
import { blockColumns, foundBlock, foundMark, numberOf, statusOf, textOf } from './event-rows.ts'
import { isIndexBusy } from './index-busy.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'

/** The thread sleeps meanwhile, so it is short; who asks tries again ({@link isIndexBusy}). */
const busyTimeoutMs = 20
/** A larger file is not checked as a whole when it is opened. */
const checkedUpToBytes = 64 << 20

/**
 * Opens the index of events in a file, which is made where there is none, or a new one in memory (`:memory:`). One that is damaged, or of another version, is set aside and begun anew; where no file can be written it
 * is kept in memory.
 *
 * @param replaces Why the one that was open cannot be used
 * @throws WaymarkError as {@link isIndexBusy} says, to be tried again
 */
export async function openEventIndex(path: string, replaces?: WaymarkError): Promise<EventIndex> {
  if (path === ':memory:' || (replaces !== undefined && replaces.code !== 'corrupt')) return inMemory()
  if (replaces !== undefined) await setAside(path, replaces)
  try {
    return inFile(path)
  } catch (error) {
    if (isIndexBusy(error)) throw error
    if (isWaymarkError(error, 'disk_full') || isWaymarkError(error, 'unavailable')) return inMemory()
    if (!isWaymarkError(error, 'corrupt')) throw error
    await setAside(path, error)
    return inFile(path)
  }
}

/** Told apart by its identity: another process may have put a new one there meanwhile. */
async function setAside(path: string, { details: { identity } }: WaymarkError): Promise<void> {
  await setCatalogAside(path, typeof identity === 'string' ? identity : undefined)
}

function inMemory(): EventIndex {
  const connection = new SqliteConnection({ path: ':memory:' }, busyTimeoutMs)
  createSchema(connection)
  return new SqliteEventIndex(connection)
}

const inFile = (path: string): EventIndex =>
  new SqliteEventIndex(connectToFile(path, { busyTimeoutMs, pragmas: filePragmas, prepare }))

function prepare(connection: SqliteConnection): void {
  createSchema(connection)
  checkFile(connection)
}

const filePragmas: readonly string[] = [
  'journal_mode = WAL',
  // A power cut takes the newest changes, never the order between them: the marks then say where to go on.
  'synchronous = NORMAL',
  'cell_size_check = ON',
  'trusted_schema = OFF',
  'cache_size = -16000',
  'journal_size_limit = 16777216',
]

function createSchema(connection: SqliteConnection): void {
  if (!isEmpty(connection)) return
  connection.transaction('BEGIN IMMEDIATE', () => {
    if (!isEmpty(connection)) return
    for (const statement of eventIndexSchema) connection.exec(statement)
    connection.exec(`PRAGMA application_id = ${eventIndexId}`)
    connection.exec(`PRAGMA user_version = ${eventIndexVersion}`)
  })
}

const isEmpty = (connection: SqliteConnection): boolean =>
  pragma(connection, 'application_id') === 0 && connection.get('SELECT name FROM sqlite_schema') === undefined

function checkFile(connection: SqliteConnection): void {
  const { file } = connection
  if (pragma(connection, 'application_id') !== eventIndexId || pragma(connection, 'user_version') !== eventIndexVersion)
    throw catalogDamaged(file, `it is not an index of events of version ${eventIndexVersion}`)
  if (pragma(connection, 'page_count') * pragma(connection, 'page_size') > checkedUpToBytes) return
  const found = connection.get('PRAGMA integrity_check(1)')
  if (found?.['integrity_check'] !== 'ok') throw catalogDamaged(file, String(found?.['integrity_check']))
}

const pragma = (connection: SqliteConnection, name: string): number => Number(connection.get(`PRAGMA ${name}`)?.[name] ?? 0)

class SqliteEventIndex implements EventIndex {
  readonly #connection: SqliteConnection
  readonly #names: EventNames
  /** Of the names that are remembered. */
  #generation = 0

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#names = new EventNames(connection)
  }

  generation(): number {
    const row = this.#connection.get('SELECT n FROM generation')
    if (row === undefined) throw catalogDamaged(this.#connection.file, 'it has no generation')
    const generation = numberOf(row, 'n')
    if (generation !== this.#generation) this.#names.forget()
    this.#generation = generation
    return generation
  }

  marks(): ReadonlyMap<string, SegmentMark> {
    const marks = this.#connection.all('SELECT segment, applied_end, digest, proven_end FROM mark').map(foundMark)
    return new Map(marks.map(mark => [mark.segment, mark]))
  }

  mark(segment: string): SegmentMark | undefined {
    return this.#writer().mark(segment)
  }

  behind(): readonly string[] {
    const rows = this.#connection.all('SELECT text FROM stream JOIN name ON n = stream.name WHERE behind > 0')
    return rows.map(row => textOf(row, 'text'))
  }

  streamState(name: string): StreamState | undefined {
    return this.#writer().stream(name)
  }

  change<T>(work: (writer: EventIndexWriter) => T): T {
    try {
      return this.#connection.transaction('BEGIN IMMEDIATE', () => {
        this.generation()
        return work(this.#writer())
      })
    } catch (error) {
      // Numbers that were drawn inside are not there.
      this.#names.forget()
      throw error
    }
  }

  forget(segment: string, mostBlocks: number): boolean {
    return this.change(() => {
      const number = this.#names.known(segment)
      if (number !== undefined && !this.#removed('SELECT n FROM block WHERE segment = ? LIMIT ?', number, mostBlocks))
        return false
      this.#connection.run('DELETE FROM mark WHERE segment = ?', segment)
      return true
    })
  }

  clear(): void {
    this.change(() => {
      this.#connection.run('DELETE FROM mark')
      this.#connection.run('UPDATE generation SET n = n + 1')
    })
    this.#names.forget()
  }

  goOnClearing(mostRows: number): boolean {
    if (!this.#isBeingEmptied()) return true
    return this.change(() => {
      // Another process may have been faster.
      if (!this.#isBeingEmptied()) return true
      if (!this.#removed('SELECT n FROM block LIMIT ?', mostRows)) return false
      for (const [table, key] of [
        ['stream', 'name'],
        ['owner', 'run'],
        ['kind', 'n'],
        ['name', 'n'],
      ] as const) {
        const some = `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} LIMIT ?) RETURNING ${key}`
        if (this.#connection.all(some, mostRows).length > 0) return false
      }
      for (const table of ['facet', 'mark']) this.#connection.run(`DELETE FROM ${table}`)
      // Once more, as somebody may have learned names meanwhile.
      this.#connection.run('UPDATE generation SET n = n + 1, emptied = n + 1')
      return true
    })
  }

  blocks(query: BlockQuery, onRead: () => void = () => {}): Iterable<FoundBlock> {
    return blocksInOrder(this.#connection, this.#names, query, onRead)
  }

  blocksAfter(number: number, limit: number): readonly FoundBlock[] {
    const rows = this.#connection.lists(`SELECT ${blockColumns} FROM block WHERE n > ? ORDER BY n LIMIT ?`, number, limit)
    return rows.map(row => foundBlock(row, this.#names))
  }

  lastNumber(): number {
    return Number(this.#connection.get('SELECT max(n) AS n FROM block')?.['n'] ?? 0)
  }

  counts(run: string): readonly EventCount[] {
    const sql = `SELECT type, status, sum(events) AS events FROM facet JOIN kind ON n = kind WHERE run = ? GROUP BY type, status ORDER BY type, status`
    const rows = this.#connection.all(sql, this.#names.known(run) ?? -1)
    return rows.map(row => ({ type: textOf(row, 'type'), status: statusOf(row), events: numberOf(row, 'events') }))
  }

  types(): readonly string[] {
    return this.#connection.all('SELECT DISTINCT type FROM kind ORDER BY type').map(row => textOf(row, 'type'))
  }

  close(): void {
    this.#connection.close()
  }

  #isBeingEmptied(): boolean {
    return this.#connection.get('SELECT 1 FROM generation WHERE emptied < n') !== undefined
  }

  /** Removes the blocks that are found, the last value being how many at most; true if there were fewer. */
  #removed(found: string, ...values: readonly number[]): boolean {
    const writer = this.#writer()
    const rows = this.#connection.all(found, ...values)
    for (const row of rows) writer.remove(numberOf(row, 'n'))
    return rows.length < (values.at(-1) ?? 0)
  }

  #writer(): EventRowWriter {
    return new EventRowWriter(this.#connection, this.#names)
  }
}
