import { type OptionRules, optionRules } from '../model/check-options.ts'
import { sleep, systemClock, systemRandom } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { randomFraction } from '../model/random-fraction.ts'
import { restartPauseMs } from '../model/restart-pause.ts'
import { masterSecretLength } from './master-pair.ts'

/** How long a service that holds a key is waited for. */
export interface KeyServiceOptions {
  /** Milliseconds after which a request without an answer is given up and made anew. Default 10,000. */
  readonly attemptTimeoutMs?: number
  /** Milliseconds for one wrapping or unwrapping, pauses and further requests included. Default 30,000. */
  readonly totalTimeoutMs?: number
  /** Milliseconds before the second request; twice as many before each further one, up to 5,000; of that between half and all. Default 200. */
  readonly firstPauseMs?: number
  /** Ends the waiting: the opening is refused with `cancelled`. */
  readonly signal?: AbortSignal
}

export const keyServiceRules: OptionRules<KeyServiceOptions> = {
  attemptTimeoutMs: optionRules.limitMs,
  totalTimeoutMs: optionRules.limitMs,
  firstPauseMs: optionRules.spanMs,
  signal: optionRules.signal,
}

const longestPauseMs = 5_000

/** Who is asked, and how. */
export interface KeyService extends KeyServiceOptions {
  /** `the AWS KMS key alias/waymark`. */
  readonly called: string
  /** What a failure of the request means; one that is `retryable` is followed by another request. Its text never holds a secret, and it has no cause: that may hold what was sent. */
  readonly judge: (error: unknown) => WaymarkError
}

/**
 * Asks until there is an answer, a refusal, or no time left.
 *
 * @throws WaymarkError `cancelled`, `unavailable`, what `judge` says
 */
export async function askService<T>(service: KeyService, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { called, judge, signal, attemptTimeoutMs = 10_000, totalTimeoutMs = 30_000, firstPauseMs = 200 } = service
  let before: WaymarkError | undefined
  const deadline = systemClock.monotonicMs() + totalTimeoutMs
  for (let request = 1; ; request++) {
    const timeoutMs = Math.min(attemptTimeoutMs, Math.max(0, deadline - systemClock.monotonicMs()))
    const late = awayService(called, `there was no answer within ${Math.ceil(timeoutMs)} ms`)
    try {
      return await within(timeoutMs, late, signal, ask)
    } catch (error) {
      if (signal?.aborted) throw waitingEnded(called)
      // One that had no time left says less than the one before it.
      const wasCut = error === late && timeoutMs < attemptTimeoutMs
      const failure = (wasCut ? before : undefined) ?? (error instanceof WaymarkError ? error : judge(error))
      before = failure
      const pauseMs = restartPauseMs(request, { firstMs: firstPauseMs, longestMs: longestPauseMs }, randomFraction(systemRandom))
      if (!failure.retryable || systemClock.monotonicMs() + pauseMs >= deadline) throw failure
      await sleep(systemClock, pauseMs, signal).catch(() => {
        throw waitingEnded(called)
      })
    }
  }
}

/** Also ends where `ask` does not heed its signal. */
async function within<T>(
  timeoutMs: number,
  late: WaymarkError,
  signal: AbortSignal | undefined,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const onAbort = () => ending.abort(signal?.reason)
  const ended = new Promise<never>((_, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason), { once: true })
  })
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const stopTimer = systemClock.after(timeoutMs, () => ending.abort(late))
  try {
    return await Promise.race([ended, ask(ending.signal)])
  } finally {
    stopTimer()
    signal?.removeEventListener('abort', onAbort)
  }
}

export const awayService = (called: string, why: string): WaymarkError =>
  new WaymarkError('unavailable', {
    message: `${called} does not give the key of the store: ${why}`,
    means: 'Nothing was read or written.',
    remedy: 'Try again once the service answers, or open the store with another of its keys (--key).',
    retryable: true,
  })

export const wrongAnswer = (called: string): WaymarkError => awayService(called, 'its answer is not what was asked for')

export const refusedByService = (called: string, why: string, remedy: string): WaymarkError =>
  new WaymarkError('key_missing', {
    message: `${called} does not give the key of the store: ${why}`,
    means: 'Nothing was read or written.',
    remedy: `${remedy}, or open the store with another of its keys (--key).`,
  })

const waitingEnded = (called: string): WaymarkError =>
  new WaymarkError('cancelled', {
    message: `waiting for ${called} was ended by the signal that was given`,
    means: 'Nothing was read or written.',
    remedy: 'Open the store again when it is wanted.',
  })

/**
 * What a service unwrapped, as the secret of a master key.
 *
 * @throws WaymarkError `unavailable`
 */
export function unwrappedSecret(called: string, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes?.length === masterSecretLength) return bytes
  throw wrongAnswer(called)
}

/**
 * An address that a secret may be sent to: https, or http on this machine.
 *
 * @param call what was given it, for the message: the address itself may hold a password, and is not shown
 * @returns without a slash at its end
 * @throws WaymarkError `invalid`
 */
export function serviceAddress(call: string, address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isLocal = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  const isSafe = url?.protocol === 'https:' || (isLocal && url.protocol === 'http:')
  if (isSafe && url.username === '' && url.password === '' && url.search === '' && url.hash === '')
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  throw new WaymarkError('invalid', {
    message: `${call}: this is no address that a key may be sent to`,
    means: 'Nothing was read or written, and nothing was sent.',
    remedy: 'Give it as https://HOST:PORT, without user, password and query. http is taken for this machine only (127.0.0.1).',
  })
}
