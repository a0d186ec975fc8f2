import type { Codec } from '../format/codec.ts'
import { WaymarkError } from '../model/errors.ts'
import type { Owner } from '../model/owner.ts'
import type { CodeDigest } from '../model/records.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { Schema, SchemaOutput } from '../model/schema.ts'
import { CallSite } from './call-site.ts'
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
  /** An id of the caller's own: the run of this id goes on, or begins. */
  readonly runId?: string
  /** Go on although an input file changed. */
  readonly acceptChangedInput?: boolean
  /** Go on although the last record is older than `staleAfterMs`. */
  readonly acceptStale?: boolean
  /** Default 24 hours. */
  readonly staleAfterMs?: number
  readonly onEvent?: (event: RunEvent) => void
}

/** What the command line adds to {@link RunOptions}. */
export interface AttemptOptions extends RunOptions {
  /** The pipeline's file: kept with the run, so that `waymark resume` finds it. */
  readonly file?: string
  readonly code?: CodeDigest
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
}

/** A pipeline: a name and a function. */
export interface Pipeline<Params = never, Value = unknown> {
  readonly name: string
  readonly params: Schema | undefined
  readonly stages: readonly string[]
  readonly codecs: readonly Codec[]
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
  const definedIn = new CallSite().file()
  const made: Pipeline<never, unknown> = {
    name,
    params: options.params,
    stages: options.stages ?? [],
    codecs: options.codecs ?? [],
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
