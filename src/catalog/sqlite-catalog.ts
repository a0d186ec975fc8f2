import type { CheckpointView, RunView, StageView } from '../model/run-view.ts'
import { isInside, type ScopePath } from '../model/scope.ts'
import { areAskedRuns, areInOrder } from './asked-rows.ts'
import type {
  Catalog,
  CatalogChange,
  CatalogExpectation,
  CatalogSummary,
  CheckpointQuery,
  CheckpointStats,
  RunQuery,
  SegmentMark,
  StagesInside,
  StaleRun,
  StaleRunQuery,
  StreamHead,
} from './catalog.ts'
import { type CatalogImage, encodeImage, restoreImage } from './catalog-image.ts'
import { checkpointById } from './checkpoint-query.ts'
import { readCheckpointRow } from './checkpoint-rows.ts'
import { connectToFile } from './connect-to-file.ts'
import { keyText } from './key-text.ts'
import { listCheckpoints, wrongRow } from './list-checkpoints.ts'
import { applyChanges } from './sqlite-apply.ts'
import { checkCatalog, createSchema } from './sqlite-check.ts'
import { SqliteConnection, type SqlRow } from './sqlite-connection.ts'
import { runById, runQuery, stagesByPath, stagesInside, stagesOfRun, staleRuns } from './sqlite-queries.ts'
import { decodeHead, decodeMark, decodeRow, headColumns, markColumns, runTable, stageTable, textIn } from './sqlite-rows.ts'
import { summedTables } from './sqlite-schema.ts'
import { checkpointStats } from './sqlite-stats.ts'
import { noTotals, readTotals, writeTotals } from './sqlite-totals.ts'

export interface SqliteCatalogOptions {
  /** How long a call waits for other processes; the thread sleeps meanwhile. Default 5,000. */
  readonly busyTimeoutMs?: number
  /**
   * A larger file is not checked as a whole when it is opened; a flipped bit in one of its indexes may then hide a row. Default 64 MiB.
   * Opening with the check takes 21 ms for 11 MB and 220 ms for 67 MB (bench/catalog.ts; SQLite's `quick_check` alone 6 and 49 ms).
   */
  readonly checkedUpToBytes?: number
  /**
   * Which boot of the machine this is. A file last opened in another one is checked whatever its size: the power may have failed, and only that
   * mixes old pages with new ones.
   */
  readonly bootId?: string | undefined
  /** Of a catalog in memory: what it begins with, and where it is left when it is closed. */
  readonly image?: CatalogImage | undefined
}

/** The catalog in a file, with the means to tell it from a later one of the same name. */
export interface SqliteCatalog extends Catalog {
  /** See `setCatalogAside`. Undefined in memory. */
  readonly identity: string | undefined
}

/**
 * Opens the catalog in a file (mode 0600 if it is created; the folder must exist) or a new one in memory. Any number of processes may
 * have the file open.
 *
 * @throws WaymarkError `corrupt` (`details.catalog`, `details.identity`) if the file is damaged, not a catalog, or of another schema
 * version; `unavailable` if it is locked for longer than the timeout or may not be read
 */
export async function openSqliteCatalog(path: string, options: SqliteCatalogOptions = {}): Promise<SqliteCatalog> {
  const busyTimeoutMs = options.busyTimeoutMs ?? 5000
  const connection =
    path === ':memory:'
      ? connectToMemory(path, busyTimeoutMs)
      : connectToFile(path, { busyTimeoutMs, pragmas: filePragmas, prepare: createSchema })
  const { image } = options
  try {
    const rows = await image?.read()
    if (rows !== undefined) restoreImage(connection, rows)
    checkCatalog(connection, { checkedUpToBytes: options.checkedUpToBytes ?? 64 * 1024 * 1024, bootId: options.bootId })
  } catch (error) {
    connection.close()
    throw error
  }
  return new ConnectedCatalog(connection, image)
}

function connectToMemory(path: string, busyTimeoutMs: number): SqliteConnection {
  const connection = new SqliteConnection({ path }, busyTimeoutMs)
  createSchema(connection)
  return connection
}

const filePragmas: readonly string[] = [
  'journal_mode = WAL',
  // No fsync: the log is the truth, and what a power cut mixes up here is noticed at the next open. NORMAL would stop the process for two fsyncs
  // in every hundred or so changes.
  'synchronous = OFF',
  'cell_size_check = ON',
  'trusted_schema = OFF',
  'cache_size = -8000',
  // A reader can keep the log from being reset; what it grew to is given back afterwards.
  'journal_size_limit = 16777216',
]

/** An image is written anew once one in so many rows has changed. */
const changesWorthAnImage = 50

class ConnectedCatalog implements SqliteCatalog {
  readonly identity: string | undefined
  readonly #connection: SqliteConnection
  readonly #image: CatalogImage | undefined
  /** Changes that are not in the image. */
  #changes = 0

  constructor(connection: SqliteConnection, image: CatalogImage | undefined) {
    this.#connection = connection
    this.#image = image
    this.identity = connection.file.identity
  }

  async marks(segments?: readonly string[]): Promise<readonly SegmentMark[]> {
    const all = `SELECT ${markColumns.join(', ')}, checksum FROM mark`
    const rows =
      segments === undefined
        ? this.#connection.all(all)
        : this.#connection.all(`${all} WHERE segment IN (SELECT value FROM json_each(?))`, jsonOfKeys(segments))
    return rows.map(row => decodeMark(this.#connection, row))
  }

  async heads(streams: readonly string[]): Promise<ReadonlyMap<string, StreamHead>> {
    const rows = this.#connection.all(
      `SELECT ${headColumns.join(', ')}, checksum FROM head WHERE stream IN (SELECT value FROM json_each(?))`,
      jsonOfKeys(streams),
    )
    return new Map(
      rows.map(row => {
        const { stream, ...head } = decodeHead(this.#connection, row)
        return [stream, head]
      }),
    )
  }

  async apply(changes: readonly CatalogChange[], expect: CatalogExpectation): Promise<boolean> {
    this.#changes += changes.length
    return applyChanges(this.#connection, changes, expect)
  }

  async run(id: string): Promise<RunView | undefined> {
    const row = this.#connection.get(runById, keyText(id))
    const run = row && decodeRow(this.#connection, runTable, row)
    this.#demand(run === undefined || run.id === id)
    return run
  }

  async runs(query: RunQuery): Promise<readonly RunView[]> {
    if (query.states?.length === 0) return []
    const { sql, values } = runQuery(query)
    const runs = this.#connection.all(sql, ...values).map(row => decodeRow(this.#connection, runTable, row))
    this.#demand(areAskedRuns(runs, query))
    return runs
  }

  async staleRuns({ createdBy, newestRuns }: StaleRunQuery): Promise<readonly StaleRun[]> {
    const rows = this.#connection.all(staleRuns, createdBy, newestRuns, newestRuns).filter(row => row['stamp'] !== null)
    return rows.map(row => ({ id: textIn(row, 'id'), stamp: String(row['stamp']) }))
  }

  async stages(run: string, which?: readonly ScopePath[] | StagesInside): Promise<readonly StageView[]> {
    if (which !== undefined && 'inside' in which) return this.#stagesInside(run, which.inside)
    const rows =
      which === undefined
        ? this.#connection.all(stagesOfRun, keyText(run))
        : this.#connection.all(stagesByPath, keyText(run), jsonOfKeys(which))
    const asked = which && new Set(which)
    return this.#stagesFrom(rows, stage => stage.run === run && (asked === undefined || asked.has(stage.path)))
  }

  async checkpoint(id: string): Promise<CheckpointView | undefined> {
    const row = this.#connection.get(checkpointById, keyText(id))
    const checkpoint = row && readCheckpointRow(this.#connection, row)
    this.#demand(checkpoint === undefined || checkpoint.id === id)
    return checkpoint
  }

  async checkpoints(query: CheckpointQuery): Promise<readonly CheckpointView[]> {
    const found = await listCheckpoints(this.#connection, query)
    this.#demand(areInOrder(found, query))
    return found
  }

  async stats(now: number): Promise<CheckpointStats> {
    return checkpointStats(this.#connection, now)
  }

  async summary(): Promise<CatalogSummary> {
    const { runs, checkpoints, highestOrder } = readTotals(this.#connection)
    return { runs, checkpoints, highestOrder }
  }

  async clear(): Promise<void> {
    this.#connection.transaction('BEGIN IMMEDIATE', () => {
      const { bootId } = readTotals(this.#connection)
      for (const table of summedTables) this.#connection.run(`DELETE FROM ${table}`)
      writeTotals(this.#connection, { ...noTotals, bootId })
    })
  }

  async close(): Promise<void> {
    try {
      if (this.#image !== undefined && this.#isImageDue()) await this.#image.write(encodeImage(this.#connection))
    } finally {
      this.#changes = 0
      this.#connection.close()
    }
  }

  /** An image of a hundred thousand checkpoints is not written anew for one more: that one is read from the log. */
  #isImageDue(): boolean {
    const { runs, checkpoints } = readTotals(this.#connection)
    return this.#changes > 0 && this.#changes >= (runs + checkpoints) / changesWorthAnImage
  }

  #stagesInside(run: string, path: ScopePath): readonly StageView[] {
    const { sql, values } = stagesInside(run, path)
    return this.#stagesFrom(this.#connection.all(sql, ...values), stage => stage.run === run && isInside(stage.path, path))
  }

  #stagesFrom(rows: readonly SqlRow[], isAsked: (stage: StageView) => boolean): readonly StageView[] {
    const stages = rows.map(row => decodeRow(this.#connection, stageTable, row))
    this.#demand(stages.every(isAsked))
    return stages
  }

  #demand(asked: boolean): void {
    if (!asked) throw wrongRow(this.#connection)
  }
}

const jsonOfKeys = (texts: readonly string[]): string => JSON.stringify(texts.map(keyText))
