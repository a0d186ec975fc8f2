/**
 * Every error Waymark raises on purpose. A code names a different thing for the user to do; the same codes appear in the
 * library, in the JSON of the command line and in `docs/errors.md`.
 */
export type ErrorCode =
  | 'internal'
  | 'invalid'
  | 'unsupported'
  | 'conflict'
  | 'failed'
  | 'fenced'
  | 'disk_full'
  | 'limit'
  | 'cancelled'
  | 'corrupt'
  | 'lease_held'
  | 'not_found'
  | 'unavailable'
  | 'key_missing'
  | 'paused'
  | 'stale'
  | 'input_changed'
  | 'confirmation'

/** What an error says besides its code. */
export interface ErrorText {
  /** What happened, in one sentence. */
  readonly message: string
  /** What it means for the data: what is safe, what is not. */
  readonly means: string
  /** What to do: a command or an option that can be copied. */
  readonly remedy: string
  /** True when the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean
  /** The error underneath, if any. */
  readonly cause?: unknown
  /** Facts for programs: path inside a value, owner of a lease, run id … JSON-safe. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * The one class of error Waymark throws.
 *
 * @example
 * try { await store.load('nope') } catch (error) {
 *   if (error instanceof WaymarkError && error.code === 'not_found') console.error(error.remedy)
 * }
 */
export class WaymarkError extends Error {
  override readonly name = 'WaymarkError'
  readonly code: ErrorCode
  readonly means: string
  readonly remedy: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, text: ErrorText) {
    super(text.message, text.cause === undefined ? undefined : { cause: text.cause })
    this.code = code
    this.means = text.means
    this.remedy = text.remedy
    this.retryable = text.retryable ?? false
    this.details = text.details ?? {}
  }

  /** The JSON form used by `--json` and by the records of a failed stage. */
  toJSON(): ErrorJson {
    return {
      code: this.code,
      message: this.message,
      means: this.means,
      remedy: this.remedy,
      retryable: this.retryable,
      ...(Object.keys(this.details).length > 0 ? { details: this.details } : {}),
    }
  }
}

/** {@link WaymarkError} as JSON. */
export interface ErrorJson {
  readonly code: ErrorCode
  readonly message: string
  readonly means: string
  readonly remedy: string
  readonly retryable: boolean
  readonly details?: Readonly<Record<string, unknown>>
}

/** True for a {@link WaymarkError}, optionally of one code. */
export function isWaymarkError(error: unknown, code?: ErrorCode): error is WaymarkError {
  return error instanceof WaymarkError && (code === undefined || error.code === code)
}

/** The process exit code of each error code (documented in `docs/cli.md`). */
export const exitCodeOf: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  invalid: 2,
  unsupported: 2,
  conflict: 2,
  failed: 3,
  fenced: 3,
  disk_full: 3,
  limit: 3,
  cancelled: 3,
  corrupt: 5,
  lease_held: 6,
  not_found: 7,
  unavailable: 8,
  key_missing: 8,
  paused: 9,
  stale: 9,
  input_changed: 9,
  confirmation: 9,
}
