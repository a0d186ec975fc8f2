import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import { type ChangeState, changedView, joinChanges } from '../model/checkpoint-changes.ts'
import { type CheckpointRow, checkpointColumns, checkpointRow, readCheckpointRow } from './checkpoint-rows.ts'
import { keyText } from './key-text.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import { checksumOf, damagedRow, numberIn, verifyRow } from './sqlite-rows.ts'
import { TallyWriter } from './sqlite-tallies.ts'

const columns = checkpointColumns.join(', ')
const find = 'SELECT n, checksum, body FROM checkpoint WHERE id = ?'
/** Whether anything is known of an id: asked for each of many new ones, three questions would be a third of what it costs to add one. */
const findAny = `SELECT EXISTS (SELECT 1 FROM checkpoint WHERE id = ?) OR EXISTS (SELECT 1 FROM tombstone WHERE id = ?)
  OR EXISTS (SELECT 1 FROM amendment WHERE id = ?) AS known`
const insert = `INSERT INTO checkpoint (${columns}, checksum, body) VALUES (${checkpointColumns.map(() => '?').join(', ')}, ?, ?)`
const update = `UPDATE checkpoint SET ${checkpointColumns.map(column => `${column} = ?`).join(', ')}, checksum = ?, body = ? WHERE n = ?`

/** The writes of one transaction to the tables of checkpoints. */
export class CheckpointWriter {
  /** Of any checkpoint there ever was. */
  highestOrder: number
  /** Checkpoints more than before. */
  added = 0
  readonly #connection: SqliteConnection
  readonly #count: (removed: number, added: number) => void
  readonly #tallies: TallyWriter

  /** @param count Is told the checksums of every row that goes and comes. */
  constructor(connection: SqliteConnection, highestOrder: number, count: (removed: number, added: number) => void) {
    this.#connection = connection
    this.highestOrder = highestOrder
    this.#count = count
    this.#tallies = new TallyWriter(connection, count)
  }

  save(row: CheckpointRow): void {
    const { view } = row
    this.highestOrder = Math.max(this.highestOrder, view.order)
    const key = keyText(view.id)
    if (this.#connection.get(findAny, key, key, key)?.['known'] === 0) return this.#insert(row)
    if (this.#isDeleted(key)) return
    const found = this.#connection.get(find, key)
    // What the log itself tells of it is better than what a repair noted.
    if (view.noted === true && found !== undefined && !this.#isNoted(found)) return
    const changes = this.#changesOf(key)
    this.#put(key, changes === undefined ? row : checkpointRow(changedView(view, changes.state)), found)
  }

  /** Kept also when the checkpoint is not known yet; nothing when it is deleted. */
  change(id: string, changes: ChangeState): void {
    const key = keyText(id)
    if (this.#isDeleted(key)) return
    const before = this.#changesOf(key)
    const state = joinChanges(before?.state ?? {}, changes)
    const body = encodeValue(state)
    const checksum = checksumOf('amendment', [key], body)
    if (before === undefined) {
      this.#connection.run('INSERT INTO amendment (id, checksum, body) VALUES (?, ?, ?)', key, checksum, body)
    } else {
      this.#connection.run('UPDATE amendment SET checksum = ?, body = ? WHERE n = ?', checksum, body, before.n)
    }
    this.#count(before?.checksum ?? 0, checksum)
    const found = this.#connection.get(find, key)
    if (found !== undefined) this.#put(key, checkpointRow(changedView(readCheckpointRow(this.#connection, found), state)), found)
  }

  delete(id: string): void {
    const key = keyText(id)
    if (!this.#isDeleted(key)) {
      const checksum = checksumOf('tombstone', [key])
      this.#connection.run('INSERT INTO tombstone (id, checksum) VALUES (?, ?)', key, checksum)
      this.#count(0, checksum)
    }
    for (const gone of this.#connection.all('DELETE FROM amendment WHERE id = ? RETURNING checksum', key)) {
      this.#count(numberIn(gone, 'checksum'), 0)
    }
    this.#remove(this.#connection.get(find, key))
  }

  /** Before a stream is applied anew. Tombstones, changes and what was noted stay: the records that made them lie in another stream. */
  forget(stream: string): void {
    const ofRun = 'SELECT n, checksum, body FROM checkpoint WHERE run = ?'
    const rows = this.#connection.all(ofRun, keyText(stream))
    const own = stream.startsWith('@') ? this.#connection.get(find, keyText(stream.slice(1))) : undefined
    for (const row of own === undefined ? rows : [...rows, own]) if (!this.#isNoted(row)) this.#remove(row)
  }

  finish(): void {
    this.#tallies.finish()
  }

  #put(key: string, row: CheckpointRow, before = this.#connection.get(find, key)): void {
    const { view } = row
    if (before === undefined) return this.#insert(row)
    const old = checkpointRow(readCheckpointRow(this.#connection, before))
    if (old.checksum === row.checksum && Buffer.compare(old.body, row.body) === 0) return
    const n = numberIn(before, 'n')
    this.#removeDetails(n, old)
    this.#connection.run(update, ...row.columns, row.checksum, row.body, n)
    this.#count(old.checksum, row.checksum)
    this.#tallies.add(old.view, -1)
    this.#tallies.add(view, 1)
    this.#addDetails(n, row)
  }

  #insert(row: CheckpointRow): void {
    const n = this.#connection.run(insert, ...row.columns, row.checksum, row.body)
    this.added += 1
    this.#count(0, row.checksum)
    this.#tallies.add(row.view, 1)
    this.#addDetails(n, row)
  }

  #remove(row: SqlRow | undefined): void {
    if (row === undefined) return
    const old = checkpointRow(readCheckpointRow(this.#connection, row))
    const n = numberIn(row, 'n')
    this.#removeDetails(n, old)
    this.#connection.run('DELETE FROM checkpoint WHERE n = ?', n)
    this.added -= 1
    this.#count(old.checksum, 0)
    this.#tallies.add(old.view, -1)
  }

  #addDetails(n: number, { view: { order }, tags, attributes }: CheckpointRow): void {
    for (const tag of tags) {
      const checksum = checksumOf('tag', [tag, order, n])
      this.#connection.run('INSERT INTO tag (tag, ord, checkpoint, checksum) VALUES (?, ?, ?, ?)', tag, order, n, checksum)
      this.#count(0, checksum)
    }
    const sql = 'INSERT INTO attribute (checkpoint, key, value, ord, checksum) VALUES (?, ?, ?, ?, ?)'
    for (const [key, value] of attributes) {
      const shown = value instanceof Uint8Array ? `x${value[0]}` : typeof value === 'string' ? `t${value}` : value
      const checksum = checksumOf('attribute', [n, key, shown, order])
      this.#connection.run(sql, n, key, value, order, checksum)
      this.#count(0, checksum)
    }
  }

  #removeDetails(n: number, { view: { order }, tags, attributes }: CheckpointRow): void {
    const remove = 'DELETE FROM tag WHERE tag = ? AND ord = ? AND checkpoint = ? RETURNING checksum'
    const gone = tags.flatMap(tag => this.#connection.all(remove, tag, order, n))
    if (attributes.length > 0) {
      gone.push(...this.#connection.all('DELETE FROM attribute WHERE checkpoint = ? RETURNING checksum', n))
    }
    for (const row of gone) this.#count(numberIn(row, 'checksum'), 0)
  }

  #isNoted(row: SqlRow): boolean {
    return readCheckpointRow(this.#connection, row).noted === true
  }

  #isDeleted(key: string): boolean {
    return this.#connection.get('SELECT n FROM tombstone WHERE id = ?', key) !== undefined
  }

  #changesOf(key: string): { readonly n: number; readonly checksum: number; readonly state: ChangeState } | undefined {
    const row = this.#connection.get('SELECT n, id, checksum, body FROM amendment WHERE id = ?', key)
    if (row === undefined) return undefined
    const body = row['body']
    if (!(body instanceof Uint8Array)) throw damagedRow(this.#connection, 'amendment')
    verifyRow(this.#connection, 'amendment', ['id'], row, body)
    // Whole by its checksum: what was encoded above.
    return { n: numberIn(row, 'n'), checksum: numberIn(row, 'checksum'), state: decodeValue(body) as ChangeState }
  }
}
