import type { RecordPosition } from '../model/run-view.ts'
import type { SegmentMark } from './catalog.ts'
import type { EventIndexWriter, NewEventBlock, StreamPlace, StreamState } from './event-index.ts'
import type { EventNames } from './event-names.ts'
import { foundMark, numberOf, textOf } from './event-rows.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

const beforeAll: StreamPlace = { token: -1, sequence: -1, part: -1 }

/** Changes rows of the index; only inside a transaction. */
export class EventRowWriter implements EventIndexWriter {
  readonly #connection: SqliteConnection
  readonly #names: EventNames

  constructor(connection: SqliteConnection, names: EventNames) {
    this.#connection = connection
    this.#names = names
  }

  mark(segment: string): SegmentMark | undefined {
    const row = this.#connection.get('SELECT segment, applied_end, digest, proven_end FROM mark WHERE segment = ?', segment)
    return row && foundMark(row)
  }

  stream(name: string): StreamState | undefined {
    const sql = 'SELECT token, sequence, segment, attempt, behind FROM stream WHERE name = ?'
    const row = this.#connection.get(sql, this.#names.known(name) ?? -1)
    return (
      row && {
        token: numberOf(row, 'token'),
        sequence: numberOf(row, 'sequence'),
        segment: textOf(row, 'segment'),
        attempt: numberOf(row, 'attempt'),
        behind: numberOf(row, 'behind'),
      }
    )
  }

  setStream(name: string, { token, sequence, segment, attempt, behind }: StreamState): void {
    const sql = 'INSERT OR REPLACE INTO stream (name, token, sequence, segment, attempt, behind) VALUES (?, ?, ?, ?, ?, ?)'
    this.#connection.run(sql, this.#names.number(name), token, sequence, segment, attempt, behind)
  }

  setPipeline(run: string, pipeline: string): void {
    const numbers = [this.#names.number(pipeline), this.#names.number(run)] as const
    this.#connection.run('INSERT OR REPLACE INTO owner (pipeline, run) VALUES (?, ?)', ...numbers)
    // Of checkpoints that were found before the run was.
    this.#connection.run('UPDATE facet SET pipeline = ?1 WHERE run = ?2 AND pipeline <> ?1', ...numbers)
    this.#connection.run('UPDATE block SET pipeline = ?1 WHERE run = ?2 AND pipeline <> ?1', ...numbers)
  }

  put(block: NewEventBlock): void {
    const { position, token, sequence } = block
    const [run, stream, segment] = [block.run, block.stream, position.segment].map(name => this.#names.number(name))
    const pipeline = Number(this.#connection.get('SELECT pipeline FROM owner WHERE run = ?', run ?? 0)?.['pipeline'] ?? 0)
    const number = this.#find(stream ?? 0, token, sequence, segment ?? 0, position.offset, block.from)
    if (number !== undefined) {
      this.#connection.run(
        'UPDATE block SET segment = ?, start = ?, length = ? WHERE n = ?',
        segment ?? 0,
        position.offset,
        position.length,
        number,
      )
      return
    }
    const made = this.#connection.run(
      `INSERT INTO block (run, pipeline, attempt, stream, token, sequence, segment, start, length, part, events, at, last)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[run ?? 0, pipeline, block.attempt ?? 0, stream ?? 0, token, sequence, segment ?? 0],
      ...[position.offset, position.length, block.from, block.events, block.first, block.last],
    )
    for (const { type, status, stage, events } of block.facets) {
      const sql = 'INSERT INTO facet (block, kind, stage, at, run, pipeline, events) VALUES (?, ?, ?, ?, ?, ?, ?)'
      this.#connection.run(
        sql,
        made,
        this.#names.kind(type, status),
        this.#names.number(stage),
        block.first,
        run ?? 0,
        pipeline,
        events,
      )
    }
  }

  move(stream: string, token: number, sequence: number, { segment, offset, length }: RecordPosition): void {
    this.#connection.run(
      'UPDATE block SET segment = ?, start = ?, length = ? WHERE stream = ? AND token = ? AND sequence = ? AND sequence > 0',
      ...[this.#names.number(segment), offset, length, this.#names.number(stream), token, sequence],
    )
  }

  keepOnly(
    stream: string,
    records: ReadonlySet<string>,
    mostBlocks: number,
    { token, sequence, part }: StreamPlace = beforeAll,
  ): StreamPlace | undefined {
    const rows = this.#connection.all(
      `SELECT n, token, sequence, part FROM block INDEXED BY block_by_record
       WHERE stream = ? AND sequence > 0 AND (token, sequence, part) > (?, ?, ?) ORDER BY token, sequence, part LIMIT ?`,
      ...[this.#names.number(stream), token, sequence, part, mostBlocks],
    )
    for (const row of rows)
      if (!records.has(`${numberOf(row, 'token')}:${numberOf(row, 'sequence')}`)) this.remove(numberOf(row, 'n'))
    const last = rows.length === mostBlocks ? rows.at(-1) : undefined
    return last && { token: numberOf(last, 'token'), sequence: numberOf(last, 'sequence'), part: numberOf(last, 'part') }
  }

  remove(block: number): void {
    this.#connection.run('DELETE FROM facet WHERE block = ?', block)
    this.#connection.run('DELETE FROM block WHERE n = ?', block)
  }

  setMark({ segment, appliedEnd, digest, provenEnd }: SegmentMark): void {
    const sql = 'INSERT OR REPLACE INTO mark (segment, applied_end, digest, proven_end) VALUES (?, ?, ?, ?)'
    this.#connection.run(sql, segment, appliedEnd, digest, provenEnd)
  }

  #find(stream: number, token: number, sequence: number, segment: number, start: number, part: number): number | undefined {
    const row =
      sequence === 0
        ? this.#connection.get('SELECT n FROM block WHERE segment = ? AND start = ? AND part = ?', segment, start, part)
        : this.#connection.get(
            'SELECT n FROM block WHERE stream = ? AND token = ? AND sequence = ? AND part = ? AND sequence > 0',
            ...[stream, token, sequence, part],
          )
    return row && numberOf(row, 'n')
  }
}
