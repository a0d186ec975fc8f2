import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { PackReference } from '../format/manifest.ts'
import type { ChunkIndex, ChunkIndexEntry } from './chunk-index.ts'
import { digestKey } from './chunk-list.ts'

/** Entries gathered before they are written together: the newest are found in memory meanwhile, and losing them costs space only. */
const writtenTogether = 256
const busyTimeoutMs = 2_000

const schema = `
  CREATE TABLE IF NOT EXISTS pack (n INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS chunk (digest BLOB PRIMARY KEY, pack INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

interface OpenIndex {
  readonly database: DatabaseSync
  readonly find: StatementSync
  readonly addPack: StatementSync
  readonly add: StatementSync
}

/** The index as `chunks.sqlite`. Whatever is wrong with the file, it is begun anew, or done without. */
export function openSqliteChunkIndex(path: string): ChunkIndex {
  return new SqliteChunkIndex(path)
}

class SqliteChunkIndex implements ChunkIndex {
  readonly #path: string
  readonly #fresh = new Map<string, ChunkIndexEntry>()
  #index: OpenIndex | undefined
  #unusable = false

  constructor(path: string) {
    this.#path = path
  }

  async find(digests: readonly Uint8Array[]): Promise<readonly (PackReference | undefined)[]> {
    return digests.map(digest => this.#fresh.get(digestKey(digest))?.pack ?? this.#try(index => findIn(index, digest)))
  }

  add(entries: readonly ChunkIndexEntry[]): void {
    for (const entry of entries) this.#fresh.set(digestKey(entry.digest), entry)
    if (this.#fresh.size >= writtenTogether) this.#write()
  }

  async close(): Promise<void> {
    if (this.#fresh.size > 0) this.#write()
    const index = this.#index
    this.#index = undefined
    this.#unusable = true
    try {
      index?.database.close()
    } catch {}
  }

  #write(): void {
    const entries = [...this.#fresh.values()]
    this.#fresh.clear()
    this.#try(index => {
      index.database.exec('BEGIN IMMEDIATE')
      try {
        for (const { digest, pack } of entries)
          index.add.run(digest.subarray(0, 16), Number(index.addPack.get(textOf(pack))?.['n']))
        index.database.exec('COMMIT')
      } catch (error) {
        if (index.database.isTransaction) index.database.exec('ROLLBACK')
        throw error
      }
    })
  }

  #try<T>(work: (index: OpenIndex) => T): T | undefined {
    if (this.#unusable) return undefined
    try {
      this.#index ??= openIndex(this.#path)
      return work(this.#index)
    } catch (error) {
      this.#giveUp(isDamage(error))
      return undefined
    }
  }

  /** Only hints are lost: a damaged file is removed, so that the next opening begins a new one. */
  #giveUp(damaged: boolean): void {
    const index = this.#index
    this.#index = undefined
    this.#unusable = true
    try {
      index?.database.close()
      if (damaged) for (const end of ['', '-wal', '-shm']) rmSync(this.#path + end, { force: true })
    } catch {}
  }
}

function openIndex(path: string): OpenIndex {
  if (!existsSync(dirname(path))) throw new Error(`no folder for ${path}`)
  // SQLite would make it readable for all.
  closeSync(openSync(path, 'a', 0o600))
  const sqlite = process.getBuiltinModule('node:sqlite')
  const database = new sqlite.DatabaseSync(path, { timeout: busyTimeoutMs, allowExtension: false })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  database.exec(schema)
  return {
    database,
    find: database.prepare('SELECT p.ref FROM chunk c JOIN pack p ON p.n = c.pack WHERE c.digest = ?'),
    addPack: database.prepare('INSERT INTO pack (ref) VALUES (?) ON CONFLICT (ref) DO UPDATE SET ref = excluded.ref RETURNING n'),
    add: database.prepare('INSERT OR REPLACE INTO chunk (digest, pack) VALUES (?, ?)'),
  }
}

function findIn(index: OpenIndex, digest: Uint8Array): PackReference | undefined {
  const ref = index.find.get(digest.subarray(0, 16))?.['ref']
  return typeof ref === 'string' ? referenceOf(ref) : undefined
}

const textOf = (pack: PackReference): string =>
  typeof pack === 'string' ? pack : `${pack.segment} ${pack.offset} ${pack.length}`

function referenceOf(text: string): PackReference | undefined {
  const [segment, offset, length] = text.split(' ')
  if (segment === undefined) return undefined
  if (offset === undefined || length === undefined) return segment
  return { segment, offset: Number(offset), length: Number(length) }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const isDamage = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (error.errcode === 11 || error.errcode === 26)
