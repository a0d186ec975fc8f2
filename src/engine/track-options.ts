import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import { describe } from '../model/describe.ts'
import { checkDurability, type Durability } from '../model/durability.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkCallerId } from '../model/ids.ts'
import { checkSavePolicy, type SavePolicy } from '../model/save-policy.ts'
import { type ScopePath, stagePath } from '../model/scope.ts'
import { checkLabels, checkOptionNames } from './check-labels.ts'
import type { InputFingerprint } from './run.ts'
import type { TrackerProgress } from './tracker-progress.ts'

/** How a tracked loop is named, checked and told about. */
export interface TrackOptions {
  /** An id of your own: the run of this id goes on, or begins. Default: a new run with an id of Waymark’s. */
  readonly run?: string
  /** Name of the loop within its run: each has progress of its own. */
  readonly stage: string
  /** Tells loops of one name in an outer loop apart. */
  readonly key?: string | number
  /** Items in all, where that is known before they are worked on. */
  readonly total?: number
  /**
   * What the items come from: the path of a file (its size, time and SHA-256 are recorded), or any other value that differs when the items do, such as `{ etag }` or a number. Another one is refused
   * (`input_changed`) until it is accepted.
   */
  readonly input?: InputFingerprint
  /** Name of the work in lists, when the run begins. Default: the stage’s. */
  readonly pipeline?: string
  /** When progress is made durable. */
  readonly save?: SavePolicy
  /** What progress has survived by the time it counts. Default: that of the store. */
  readonly durability?: Durability
  /** Noted with the stage; more with {@link Tracker.setMetadata}. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly description?: string
  /** Of the checkpoint that the final data becomes. */
  readonly tags?: readonly string[]
  /** Called when the loop is recorded as completed. */
  readonly onSuccess?: (end: TrackerEnd) => unknown
  /** Called when the loop is recorded as failed. */
  readonly onFailure?: (error: unknown, end: TrackerEnd) => unknown
  /** Called when the loop is recorded as stopped, to go on later. */
  readonly onPause?: (end: TrackerEnd) => unknown
  /** Go on although the last record is older than `staleAfterMs`. */
  readonly acceptStale?: boolean
  /** Default 24 hours. */
  readonly staleAfterMs?: number
  /** Go on although somebody paused the run on purpose (`waymark pause`). */
  readonly resumePaused?: boolean
  /** Go on although the input is not the one that the loop began with. */
  readonly acceptInput?: boolean
  /** Stops the loop cleanly: {@link Tracker.signal} aborts, and what is finished by the end of the loop is recorded. */
  readonly signal?: AbortSignal
  /** Prints a line of progress after every so many items. Default: never. */
  readonly printEvery?: number
  /** Where lines go. Default: standard error. */
  readonly print?: (line: string) => void
}

/** What a hook is told. */
export interface TrackerEnd {
  readonly run: string
  readonly stage: ScopePath
  readonly progress: TrackerProgress
}

const names = [
  'run',
  'stage',
  'key',
  'total',
  'input',
  'pipeline',
  'save',
  'durability',
  'metadata',
  'description',
  'tags',
  'onSuccess',
  'onFailure',
  'onPause',
  'acceptStale',
  'staleAfterMs',
  'resumePaused',
  'acceptInput',
  'signal',
  'printEvery',
  'print',
]

/**
 * Types are gone when a program runs.
 *
 * @returns the path of the stage
 * @throws WaymarkError `invalid` with what is wrong
 */
export function checkTrackOptions(options: TrackOptions, call = 'store.track'): ScopePath {
  if (typeof options !== 'object' || options === null)
    throw bad(
      call,
      `the options are ${describe(options)}, not an object`,
      "store.track({ run: 'import-7', stage: 'rows' }, async t => { … })",
    )
  checkOptionNames(call, options, names)
  const { run, stage, key, total, pipeline, save, metadata, description, tags, signal, staleAfterMs, printEvery } = options
  if (run !== undefined && typeof run !== 'string') throw bad(call, `run is ${describe(run)}, not text`, "run: 'import-2026-11'")
  if (run !== undefined) checkCallerId(run, 'run')
  if (typeof stage !== 'string') throw bad(call, `stage is ${describe(stage)}, not text`, "Name the loop: stage: 'rows'.")
  if (key !== undefined && !isKey(key)) throw bad(call, `key is ${describe(key)}, not text or a number`, 'key: region.code')
  if (total !== undefined && !isCount(total, 0))
    throw bad(call, `total must be a whole number of items, not ${describe(total)}`, 'total: rows.length; or leave it out.')
  if (pipeline !== undefined && !isPipelineName(pipeline))
    throw bad(call, `${describe(pipeline)} cannot be the name of a pipeline`, 'Use a non-empty name without / and @.')
  if (staleAfterMs !== undefined && !(typeof staleAfterMs === 'number' && staleAfterMs >= 0))
    throw bad(call, `staleAfterMs must be a number of milliseconds, not ${describe(staleAfterMs)}`, 'staleAfterMs: 3_600_000')
  if (printEvery !== undefined && !isCount(printEvery, 1))
    throw bad(call, `printEvery must be a whole number of at least 1, not ${describe(printEvery)}`, 'printEvery: 1000')
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw bad(call, `signal is ${describe(signal)}, not an AbortSignal`, 'signal: AbortSignal.timeout(60_000)')
  for (const name of ['onSuccess', 'onFailure', 'onPause', 'print'] as const) {
    const hook: unknown = options[name]
    if (hook !== undefined && typeof hook !== 'function')
      throw bad(call, `${name} is ${describe(hook)}, not a function`, `${name}: () => { … }`)
  }
  for (const name of ['acceptStale', 'acceptInput', 'resumePaused'] as const) {
    const flag: unknown = options[name]
    if (flag !== undefined && typeof flag !== 'boolean')
      throw bad(call, `${name} is ${describe(flag)}, not true or false`, `${name}: true`)
  }
  checkDurability(options.durability, call)
  checkSavePolicy(save, call)
  if (description === null) throw bad(call, 'description is null, not text', 'Say what the work is, or leave it out.')
  checkLabels({
    ...(metadata === undefined ? {} : { metadata }),
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
  })
  if (metadata !== undefined) storedMetadata(metadata)
  // Before anything is begun; what it comes to is worked out again when it is looked at.
  if (options.input !== undefined) encodeValue({ input: options.input })
  return stagePath('', stage, key)
}

/**
 * A copy of metadata as it is going to be recorded.
 *
 * @throws WaymarkError `invalid` with the path of what cannot be stored
 */
export const storedMetadata = (metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const copy = decodeValue(encodeValue({ metadata }))
  return isRecord(copy) && isRecord(copy['metadata']) ? copy['metadata'] : {}
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const isKey = (value: unknown): boolean =>
  (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value))
const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && Number(value) >= least
const isPipelineName = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '' && !/[@/]/.test(value)

export function bad(call: string, what: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', { message: `${call}: ${what}`, means: 'Nothing was started or recorded.', remedy })
}
