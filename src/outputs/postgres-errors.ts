import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { type NamedItem, type TablePlace, unfitRow } from './sql-errors.ts'

/** SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or what Node calls a failed connection. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Node gives a connection refused at several addresses no message. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message || codeOf(error) : String(error))

const lostConnections: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  // The server ends sessions: shut down, crashed, idle in a transaction for too long.
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25P03',
])

/** Nothing more can be asked over this connection. Whatever it had not committed is undone. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error)
  if (lostConnections.has(code) || code.startsWith('08')) return true
  return (
    code === '' &&
    /connection (terminated|ended|closed)|not queryable|timeout exceeded when trying to connect|socket/i.test(messageOf(error))
  )
}

/** The transaction lost against another and was undone: the same again may succeed. */
export const isLostRace = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error))

/** The error says something about a row: data, constraints, triggers, types. */
export const isAboutARow = (error: unknown): boolean => /^(21|22|23|44|P0|428C9|42804|54)/.test(codeOf(error))

/** A row was refused: the error underneath, and whose row it is. */
export class RefusedRow extends Error {
  readonly item: NamedItem
  constructor(item: NamedItem, cause: unknown) {
    super('a row was refused', { cause })
    this.item = item
  }
}

/** The error without what must not be told: the objects of `pg` and of `new URL` carry more than their message. */
function withoutSecrets(error: unknown, secrets: readonly string[]): Error {
  const hidden = (text: string) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text)
  const clean = new Error(hidden(messageOf(error)))
  clean.name = error instanceof Error ? error.name : 'Error'
  clean.stack = hidden((error instanceof Error ? error.stack : undefined) ?? clean.message)
  return clean
}

/** A connection that did not come about, as an error for the user. */
export function connectionError(error: unknown, place: TablePlace, secrets: readonly string[]): WaymarkError {
  if (isWaymarkError(error)) return error
  const code = codeOf(error)
  if (code === 'ERR_INVALID_URL') {
    return new WaymarkError('invalid', {
      message: `${place.shown}: the connection string cannot be read`,
      means: 'Nothing was read or written.',
      remedy:
        'It looks like postgres://user:password@host:5432/database; other characters than letters and digits in it are percent-encoded.',
      details: { stage: place.stage },
    })
  }
  const clean = withoutSecrets(error, secrets)
  return fault(code, clean, place, isConnectionLost(error) || code === '')
}

/** An error of `pg` as an error for the user. A WaymarkError passes through unchanged. */
export function postgresError(error: unknown, place: TablePlace): WaymarkError {
  if (isWaymarkError(error)) return error
  if (!(error instanceof RefusedRow)) return fault(codeOf(error), withoutSecrets(error, []), place, isConnectionLost(error))
  const cause = withoutSecrets(error.cause, [])
  return isAboutARow(error.cause)
    ? unfitRow(place, error.item, describe(error.cause), { column: columnOf(error.cause), cause })
    : postgresError(error.cause, place)
}

function fault(code: string, cause: Error, { shown, stage }: TablePlace, lost: boolean): WaymarkError {
  const means =
    'Rows committed so far are safe; the items of this batch are called again, unless its commit turns out to have arrived.'
  const text = (message: string, remedy: string, retryable = false) => ({
    message: `${shown}: ${message}`,
    means,
    remedy,
    retryable,
    cause,
    details: { stage, table: shown, ...(code === '' ? {} : { sqlState: code }) },
  })
  const { message } = cause
  if (code === '53100')
    return new WaymarkError(
      'disk_full',
      text('no space is left on the server’s disk', 'Free some space there, then run the same command again.', true),
    )
  if (code === '42501')
    return new WaymarkError(
      'unavailable',
      text(message, 'GRANT what is missing to the user of the connection, then resume the run.'),
    )
  if (code === '25006')
    return new WaymarkError(
      'unavailable',
      text(message, 'Connect to the primary server, or make the database writable, then resume the run.'),
    )
  if (code.startsWith('28')) return new WaymarkError('unavailable', text(message, 'Check user, password and pg_hba.conf.'))
  if (code === '3D000') return new WaymarkError('not_found', text(message, 'Check the name of the database in the connection.'))
  if (lost)
    return new WaymarkError(
      'unavailable',
      text(
        `the database cannot be reached: ${message}`,
        'Check the server and the connection, then run the same command again.',
        true,
      ),
    )
  if (/^(40|53|55P03|57)/.test(code))
    return new WaymarkError(
      'unavailable',
      text(message, 'Run the same command again; if it lasts, look at the locks and limits of the server.', true),
    )
  if (/^XX00[12]/.test(code)) return new WaymarkError('corrupt', text(message, 'Restore the database from a backup.'))
  if (/^(2|4|P0)/.test(code))
    return new WaymarkError('invalid', text(message, 'Mend the statement or the table, then resume the run.'))
  return new WaymarkError('internal', text(message, 'Report this with the stack below.'))
}

/** The message, and for a key that is there already which one. Other details quote whole rows, and stay out of the log. */
function describe(error: unknown): string {
  const detail =
    codeOf(error) === '23505' && error instanceof Error && 'detail' in error ? `: ${String(error.detail).slice(0, 200)}` : ''
  return messageOf(error) + detail
}

const columnOf = (error: unknown): string | undefined =>
  error instanceof Error && 'column' in error && typeof error.column === 'string' ? error.column : undefined
