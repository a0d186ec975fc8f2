import type { Codec } from '../format/codec.ts'
import type { CodeDigest } from '../model/code-digest.ts'
import type { Durability } from '../model/durability.ts'
import { WaymarkError } from '../model/errors.ts'
import type { Owner } from '../model/owner.ts'
import type { AttemptProof, CheckOutcome } from '../model/recovery-proof.ts'
import type { Restart } from '../model/recovery-type.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { Schema, SchemaOutput } from '../model/schema.ts'
import type { UnreachedStage } from '../model/unreached-stage.ts'
import { CallSite } from './call-site.ts'
import { checkPipelineOptions } from './check-pipeline.ts'
import type { Retention } from './check-retention.ts'
import type { EventSchemas } from './event-recorder.ts'
import type { RecordSchemas } from './record-stream-recorder.ts'
import type { RecoveryCheck } from './recovery-check.ts'
import type { Run } from './run.ts'
import { runAttempt } from './run-attempt.ts'
import type { Store } from './store.ts'

/** Params of a pipeline without a schema, as the command line gives them. */
export type RawParams = Readonly<Record<string, string | true | readonly string[]>>

export interface PipelineOptions {
  /** Names of the run's own stages in order: lets the plan show those that have not started. */
  readonly stages?: readonly string[]
  /** Classes whose instances its results may hold, besides those of the store. */
  readonly codecs?: readonly Codec[]
  /**
   * Called when a run that was gone on with (any attempt but the first) has done its work, with what was reused and what is new: compares outputs, counts rows. If it throws, or returns false, the run
   * fails with that; its outcome is kept with the attempt.
   */
  readonly check?: RecoveryCheck
  /** Deletes old checkpoints of all pipelines whenever a run of this one ends, as `retention` of `open` does; false: not even where the store was opened with it. */
  readonly retention?: Retention | false
  /**
   * What is not to be shown of its runs by the command line and by `diff`, besides what looks like a secret by its name: paths with `*` and `**` that begin with `params`, `items`, `metadata` or `value`
   * (what stages and the pipeline return). The same texts, of at least 6 characters, are hidden in errors and in lines that the pipeline writes. What is stored and loaded stays as it is. Kept with each run.
   *
   * @example
   * export default pipeline('crawl', async run => run.stage('login', () => 'ok'), { redact: ['params.login', 'items.*.pin', '**.email'] })
   */
  readonly redact?: readonly string[]
  /**
   * What the metadata of events must be, by their type: a Standard Schema each. Other types may hold anything that JSON can say.
   *
   * @example
   * pipeline('train', async run => run.event('model_trained', { accuracy: 0.93 }), { events: { model_trained: z.object({ accuracy: z.number() }) } })
   */
  readonly events?: EventSchemas
  /**
   * What the entries of record streams must be, by the stream's name: a Standard Schema each. Other streams may hold anything that JSON can say.
   *
   * @example
   * pipeline('quant', async run => run.record('checks', { ticker: 'AAPL' }), { records: { checks: z.object({ ticker: z.string() }) } })
   */
  readonly records?: RecordSchemas
  /** Newest entries of each record stream that are shown at the end of a run, by `waymark show` and by `waymark report`. 0: none, only how many there are. Default 3. Kept with each run when it begins. */
  readonly recordTail?: number
}

export interface RunOptions {
  /** Where to record: `await open()` finds or makes one. */
  readonly store: Store
  /** Stop now: signals of stages and items abort. */
  readonly signal?: AbortSignal
  /** Stop cleanly: finish items in flight, start nothing more. */
  readonly stopSignal?: AbortSignal
  /** Begin anew although an unfinished run exists; that one is cancelled. */
  readonly fresh?: boolean
  /** Stages to call again although they are recorded. */
  readonly redo?: readonly string[]
  /** A stage to call again although it is recorded, and all after it. */
  readonly from?: string
  /** Calls nothing but these stages: what is recorded of others is reused, and before anything else would be called the run stops, paused. */
  readonly only?: readonly string[]
  /** Calls nothing that comes after this stage: the run then stops, paused. */
  readonly until?: string
  /** An id of the caller's own: the run of this id goes on, or begins. */
  readonly runId?: string
  /** Go on although an input is not the one the run began with. */
  readonly acceptInput?: boolean
  /** Go on although the last record is older than `staleAfterMs`. */
  readonly acceptStale?: boolean
  /** Default 24 hours. */
  readonly staleAfterMs?: number
  /** What the records of this attempt survive: a power cut (`power`), a kill (`process`), or a clean end (`exit`). Default: as the store was opened. */
  readonly durability?: Durability
  /** Go on although somebody paused the run on purpose (`store.pause`, `waymark pause`). */
  readonly resumePaused?: boolean
  readonly onEvent?: (event: RunEvent) => void
}

/** What the command line adds to {@link RunOptions}. */
export interface AttemptOptions extends RunOptions {
  /** The pipeline's file: kept with the run, so that `waymark resume` finds it. */
  readonly file?: string
  readonly code?: CodeDigest
  /** Set where a supervisor starts the run again after a failure or crash. */
  readonly restart?: Restart
  readonly supervisor?: Owner['supervisor']
  /** Make the plan and end. */
  readonly planOnly?: boolean
}

/** How a run ended that did not fail. */
export interface RunOutcome<Value = unknown> {
  readonly run: string
  readonly state: 'completed'
  readonly value: Value
  /** Items put away with their errors. */
  readonly setAside: number
  /** Checkpoints that the retention removed when it had ended; absent where there is none. */
  readonly removed?: number
  /** What was reused and what is new, counted. Absent where nothing was called because the run was completed before. */
  readonly proof?: AttemptProof
  /** How the check after a recovery ended, where there was one. */
  readonly check?: CheckOutcome
  /** Set where it was to stop at a stage (`until`) that it never came to, so that it did everything. */
  readonly unreached?: UnreachedStage
}

/** A pipeline: a name and a function. */
export interface Pipeline<Params = never, Value = unknown> {
  readonly name: string
  readonly params: Schema | undefined
  readonly stages: readonly string[]
  readonly codecs: readonly Codec[]
  /** Called after a recovery. */
  readonly check: RecoveryCheck | undefined
  /** Undefined: as the store was opened. */
  readonly retention: Retention | false | undefined
  /** Paths of what is not shown. */
  readonly redact: readonly string[]
  readonly events: EventSchemas
  readonly records: RecordSchemas
  /** Undefined: the default. */
  readonly recordTail: number | undefined
  /** File in which it was made; paths of inputs and outputs resolve from its project. */
  readonly definedIn: string | undefined
  /**
   * Runs it in this process: goes on with the unfinished run of the same params, else begins one. No child process, no signal handlers, no exit.
   *
   * @throws WaymarkError `failed` with the user's own error as cause and the place in `details`; `cancelled` after a stop; `lease_held`, `input_changed`, `stale`, `conflict`,
   * `invalid`, `disk_full` …
   */
  run(params: Params, options: RunOptions): Promise<RunOutcome<Value>>
  /** {@link Pipeline.run} for the command line: params are unchecked, and `planOnly` gives undefined. */
  attempt(params: unknown, options: AttemptOptions): Promise<RunOutcome | undefined>
}

/** What a schema takes. */
export type SchemaInput<S> = S extends Schema<infer Input, unknown> ? Input : never

/**
 * Makes a pipeline. Its name and params tell which run an unfinished one is; its function calls `run.stage` and `run.each`.
 *
 * @example
 * export default pipeline('greet', async (run, params) => {
 *   const name = await run.stage('name', () => String(params.name ?? 'world'))
 *   return run.stage('greeting', () => `Hello, ${name}`)
 * })
 * @throws WaymarkError `invalid` if the name is empty
 */
export function pipeline<S extends Schema, Value>(
  name: string,
  fn: (run: Run, params: SchemaOutput<S>) => Value | PromiseLike<Value>,
  options: PipelineOptions & { readonly params: S },
): Pipeline<SchemaInput<S>, Value>
export function pipeline<Value>(
  name: string,
  fn: (run: Run, params: RawParams) => Value | PromiseLike<Value>,
  options?: PipelineOptions & { readonly params?: undefined },
): Pipeline<RawParams, Value>
export function pipeline(
  name: string,
  fn: (run: Run, params: never) => unknown,
  options: PipelineOptions & { readonly params?: Schema | undefined } = {},
): Pipeline<never, unknown> {
  if (typeof name !== 'string' || name.trim() === '' || name.includes('@') || name.includes('/')) throw badName(name)
  if (typeof fn !== 'function') throw noFunction(name)
  checkPipelineOptions(name, options)
  const definedIn = new CallSite().file()
  const made: Pipeline<never, unknown> = {
    name,
    params: options.params,
    stages: options.stages ?? [],
    codecs: options.codecs ?? [],
    check: options.check,
    retention: options.retention,
    redact: options.redact ?? [],
    events: options.events ?? {},
    records: options.records ?? {},
    recordTail: options.recordTail,
    definedIn,
    async run(params, runOptions) {
      const outcome = await made.attempt(params, runOptions)
      if (outcome === undefined) throw new TypeError('a run that is no plan has an outcome')
      return outcome
    },
    // The params passed the pipeline's own schema, or are what the command line gives; the overloads hold the types together.
    attempt: (params, attemptOptions) => runAttempt(made, (run, checked) => fn(run, checked as never), params, attemptOptions),
  }
  pipelines.add(made)
  return made
}

const pipelines = new WeakSet<object>()

/** Whether a value was made by {@link pipeline}. */
export function isPipeline(value: unknown): value is Pipeline<never, unknown> {
  return typeof value === 'object' && value !== null && pipelines.has(value)
}

function badName(name: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${JSON.stringify(name)} cannot be the name of a pipeline`,
    means: 'Nothing was run.',
    remedy: 'Use a non-empty name without / and @: it is how its runs are found again.',
  })
}

function noFunction(name: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the pipeline ${JSON.stringify(name)} has no function`,
    means: 'Nothing was run.',
    remedy: "pipeline('name', async (run, params) => { … })",
  })
}
