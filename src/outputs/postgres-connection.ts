import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { missingPackage } from '../model/missing-package.ts'
import { connectionError, isConnectionLost } from './postgres-errors.ts'
import type { TablePlace } from './sql-errors.ts'

/** What is used of a client of the package `pg`. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
  on?(event: 'error', listener: (error: Error) => void): unknown
  removeListener?(event: 'error', listener: (error: Error) => void): unknown
  /** Gives it back to its pool; `true`: it is not to be used again. */
  release?(destroy?: boolean): void
  end?(): Promise<void>
}

export interface PostgresResult {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
  readonly command?: string
}

/** What is used of a `Pool` of the package `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
}

/**
 * How to reach a database: a connection string, a `Pool`, or a function that makes a connected client. Waymark gives a pool its client back, and releases or ends what the function made.
 */
export type PostgresConnection = string | PostgresPool | (() => PostgresClient | Promise<PostgresClient>)

/** @throws WaymarkError `invalid`. Never shows the value: it may hold a password. */
export function checkConnection(where: string, connection: unknown): PostgresConnection {
  if (typeof connection === 'string' && connection !== '') return connection
  if (typeof connection === 'function') return connection as () => PostgresClient
  if (isPool(connection)) return connection
  throw new WaymarkError('invalid', {
    message: `${where} takes a connection string, a Pool of pg or a function that makes a client, not ${connection === '' ? 'an empty text' : describe(connection)}`,
    means: 'Nothing was read or written.',
    remedy: "Pass 'postgres://user@host/database', new Pool(…), or () => a connected client.",
  })
}

const isPool = (value: unknown): value is PostgresPool =>
  typeof value === 'object' && value !== null && 'connect' in value && typeof value.connect === 'function'

/** Longest wait for a connection of our own, in milliseconds. */
const connectTimeoutMs = 15_000

/** A client that is used again and again, and replaced when its connection is lost. A pool's is given back after each use. */
export class PostgresLink {
  readonly #connection: PostgresConnection
  readonly #place: TablePlace
  /** The one that is kept. */
  #client: PostgresClient | undefined
  readonly #lost = new WeakSet<PostgresClient>()
  readonly #stopListening = new WeakMap<PostgresClient, () => void>()

  constructor(connection: PostgresConnection, place: TablePlace) {
    this.#connection = connection
    this.#place = place
  }

  /** @throws WaymarkError `unavailable` without a connection; an error of `work` as it is */
  async use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.take()
    try {
      return await work(client)
    } catch (error) {
      if (isConnectionLost(error)) this.#lost.add(client)
      throw error
    } finally {
      await this.release(client)
    }
  }

  /** A client for longer use: given back by `release`. */
  async take(): Promise<PostgresClient> {
    if (this.#client !== undefined) return this.#client
    try {
      const client = await connect(this.#connection)
      if (isClient(client)) return this.#listen(client)
    } catch (error) {
      throw connectionError(error, this.#place, secretsOf(this.#connection))
    }
    throw new WaymarkError('invalid', {
      message: `${this.#place.shown}: what the pipeline passed gives no client`,
      means: 'Nothing was read or written.',
      remedy: 'Pass a Pool of pg, or a function that returns a connected client.',
      details: { stage: this.#place.stage },
    })
  }

  /** A client whose connection is lost while nothing is asked of it says so by an event, which without a listener ends the process. */
  #listen(client: PostgresClient): PostgresClient {
    const onError = () => {
      this.#lost.add(client)
      if (this.#client === client) this.#client = undefined
    }
    client.on?.('error', onError)
    this.#stopListening.set(client, () => client.removeListener?.('error', onError))
    if (typeof this.#connection !== 'object') this.#client = client
    return client
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#client !== undefined) await this.#giveBack(this.#client)
  }

  async release(client: PostgresClient): Promise<void> {
    if (this.#lost.has(client) || typeof this.#connection === 'object') await this.#giveBack(client)
  }

  /** Ends the connection under a query that is not waited for any more. */
  async abandon(client: PostgresClient): Promise<void> {
    this.#lost.add(client)
    await this.#giveBack(client)
  }

  /** Whatever becomes of the connection, what counts is committed. */
  async #giveBack(client: PostgresClient): Promise<void> {
    if (this.#client === client) this.#client = undefined
    const lost = this.#lost.has(client)
    if (!lost && client.release !== undefined) this.#stopListening.get(client)?.()
    try {
      if (client.release !== undefined) client.release(lost)
      else await client.end?.()
    } catch {}
  }
}

const isClient = (value: unknown): value is PostgresClient =>
  typeof value === 'object' && value !== null && 'query' in value && typeof value.query === 'function'

async function connect(connection: PostgresConnection): Promise<unknown> {
  if (typeof connection === 'function') return connection()
  if (typeof connection === 'object') return connection.connect()
  const { Client } = await loadPg()
  const client = new Client({ connectionString: connection, keepAlive: true, connectionTimeoutMillis: connectTimeoutMs })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function loadPg(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (error) {
    throw missingPackage({
      need: 'PostgreSQL is reached through',
      name: 'pg',
      means: 'Nothing was read or written.',
      instead: 'pass a Pool of your own instead of a connection string.',
      cause: error,
    })
  }
}

/** What must not be told: the password, and the whole text. */
function secretsOf(connection: PostgresConnection): readonly string[] {
  if (typeof connection !== 'string') return []
  const secrets = [connection]
  const inUrl = /^[a-z]+:\/\/[^:@/]*:(.*)@/i.exec(connection)?.[1]
  const inQuery = [...connection.matchAll(/(?:^|[?&\s])(?:password|sslpassword)=([^&\s]+)/gi)].map(match => match[1])
  for (const secret of [inUrl, ...inQuery]) {
    if (secret === undefined || secret === '') continue
    secrets.push(secret)
    try {
      secrets.push(decodeURIComponent(secret))
    } catch {}
  }
  return secrets
}
