import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import type { Ownership } from '../log/log.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { AttemptEnded, RunRecord } from '../model/records.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import { Attempt } from './attempt.ts'
import { beginRun, checkFresh, type HeldRun, holdRun, peekRun, planAttempt, storedFile } from './begin-attempt.ts'
import { untilAborted } from './call-in-time.ts'
import { runEach } from './each.ts'
import { type FoundRun, findRun } from './find-run.ts'
import { leaseHeld, ownRun } from './ownership.ts'
import { checkParams, paramsDigest } from './params.ts'
import type { AttemptOptions, Pipeline, RunOutcome } from './pipeline.ts'
import { projectRoot } from './project-root.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { encodeRunRecord } from './record-codec.ts'
import type { Run } from './run.ts'
import { startStage } from './stage.ts'
import { coreOf, type Store } from './store.ts'
import type { StoreCore } from './store-core.ts'
import { storeError } from './stored-error.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

type PipelineFunction = (run: Run, params: unknown) => unknown

/** One attempt at a run, from finding it to its end record. */
export async function runAttempt(
  pipeline: Pipeline<never, unknown>,
  fn: PipelineFunction,
  given: unknown,
  options: AttemptOptions,
): Promise<RunOutcome | undefined> {
  if (options?.store === undefined) {
    throw new WaymarkError('invalid', {
      message: `the pipeline ${pipeline.name} was given no store`,
      means: 'Nothing was run.',
      remedy: 'const store = await open(); await pipeline.run(params, { store })',
    })
  }
  const params = await checkParams(pipeline.params, given)
  const shared = coreOf(options.store)
  const core: StoreCore = { ...shared, codecs: [...shared.codecs, ...pipeline.codecs] }
  await core.feed.refresh()
  const digest = paramsDigest(params)
  const wanted = { pipeline: pipeline.name, paramsDigest: digest, runId: options.runId, fresh: options.fresh === true }
  let found = await findRun(core, wanted)
  let begun: Ownership | undefined
  if (found.run === undefined && options.runId !== undefined && options.planOnly !== true) {
    begun = await beginRun(core, options.runId)
    if (begun === undefined) found = await findRun(core, wanted)
  }
  if (found.run?.state === 'completed' && (options.planOnly === true || (await isProven(core, found.run.id)))) {
    const { id, resultId } = found.run
    options.onEvent?.({ type: 'notice', message: `run ${id} is completed: nothing is left to do` })
    const result = resultId === undefined ? undefined : await core.feed.query(catalog => catalog.checkpoint(resultId))
    return options.planOnly === true ? undefined : completedOutcome(core, id, result)
  }
  checkFresh(core, found.run, options)
  if (options.planOnly === true) {
    const recorded = await peekRun(core, found.run)
    const held = { id: found.run?.id ?? options.runId ?? '(new)', recorded, notices: [] }
    options.onEvent?.({ type: 'plan', plan: await planAttempt(core, pipeline, held, found, options) })
    return undefined
  }
  return work(pipeline, fn, { core, store: options.store, found, begun, given, params, digest }, options)
}

interface Work {
  readonly core: StoreCore
  readonly store: Store
  readonly found: FoundRun
  /** A new run's id, claimed because the caller chose it. */
  readonly begun: Ownership | undefined
  /** As the caller gave them: what a resume checks again. */
  readonly given: unknown
  /** As the function gets them. */
  readonly params: unknown
  readonly digest: string
}

async function work(
  pipeline: Pipeline<never, unknown>,
  fn: PipelineFunction,
  { core, store, found, begun, given, params, digest }: Work,
  options: AttemptOptions,
): Promise<RunOutcome> {
  if (found.run !== undefined) {
    if (core.activeRuns.has(found.run.id)) throw leaseHeld(core, { ...found.run, owner: core.self })
    // Before anything is awaited: of two calls in this process one is refused, and neither fences the other.
    core.activeRuns.add(found.run.id)
  }
  let release: (() => Promise<void>) | undefined
  let held: HeldRun | undefined
  try {
    if (options.fresh === true) await cancelOthers(core, found.others)
    release = await core.leases.hold()
    held = await holdRun(core, found, begun)
    const { ended } = held.recorded
    // Somebody else finished it since it was looked up, or its end was not proven durable before.
    if (ended?.state === 'completed') return completedOutcome(core, held.id, ended.result)
    core.activeRuns.add(held.id)
    const plan = await planAttempt(core, pipeline, held, found, options)
    const attempt = new Attempt({
      core,
      run: held.id,
      pipeline: pipeline.name,
      attempt: plan.attempt,
      ownership: held.ownership,
      recorded: held.recorded,
      earlierOwnersDead: held.earlierOwnersDead,
      baseDirectory: baseDirectoryOf(options.file ?? pipeline.definedIn),
      redo: options.redo ?? [],
      acceptChangedInput: options.acceptChangedInput === true,
      signal: options.signal,
      stopSignal: options.stopSignal,
      onEvent: options.onEvent,
      verbs: (self, path) => ({
        stage: (name, stageFn, stageOptions) => startStage(self, path, name, stageFn, stageOptions),
        each: (name: string, items: unknown, itemFn: never, eachOptions: never) =>
          runEach(self, path, name, items, itemFn, eachOptions) as never,
      }),
    })
    const time = core.clock.now()
    const first: RunRecord[] = []
    if (held.recorded.created === undefined) {
      first.push({
        type: 'run.created',
        time: await creationTime(core),
        pipeline: pipeline.name,
        params: given,
        paramsDigest: digest,
        ...(pipeline.stages.length === 0 ? {} : { stages: pipeline.stages }),
        ...(options.file === undefined ? {} : { file: storedFile(core, options.file) }),
      })
    }
    first.push({
      type: 'attempt.started',
      time,
      attempt: plan.attempt,
      owner: options.supervisor === undefined ? core.self : { ...core.self, supervisor: options.supervisor },
      plan,
      earlierOwnersDead: held.earlierOwnersDead,
      node: process.version,
      ...(options.code === undefined ? {} : { code: options.code }),
    })
    await attempt.append(...first)
    attempt.emit({ type: 'plan', plan })
    attempt.emit({ type: 'run.started', pipeline: pipeline.name, attempt: plan.attempt, store: store.path })
    return await carryOut(attempt, fn, params)
  } finally {
    const id = found.run?.id ?? held?.id
    if (id !== undefined) core.activeRuns.delete(id)
    await release?.()
  }
}

/** Calls the pipeline's function, waits for every stage it started, and records how it ended. */
async function carryOut(attempt: Attempt, fn: PipelineFunction, params: unknown): Promise<RunOutcome> {
  const { core } = attempt.facts
  const startedAt = core.clock.monotonicMs()
  let failure: { readonly error: unknown } | undefined
  let value: unknown
  try {
    value = await untilAborted(attempt.signal, () => fn(runOf(attempt), params))
  } catch (error) {
    failure = { error }
  }
  const unobserved = await attempt.settle()
  failure ??= unobserved
  if (failure === undefined) {
    try {
      return await complete(attempt, value, startedAt)
    } catch (error) {
      failure = { error }
    }
  }
  const error = runError(attempt, failure.error)
  const state = error.code === 'cancelled' ? 'paused' : 'failed'
  await end(
    attempt,
    startedAt,
    { state, ...(state === 'paused' ? {} : { error: storeError(failure.error, attempt.placeOf(failure.error)?.item) }) },
    error,
  )
  await showOthers(core)
  throw error
}

async function complete(attempt: Attempt, value: unknown, startedAt: number): Promise<RunOutcome> {
  const { core, run, recorded } = attempt.facts
  const result = await keepResult(attempt, value)
  await end(attempt, startedAt, { state: 'completed', ...(result === undefined ? {} : { result }) })
  await showOthers(core)
  let setAside = 0
  for (const stage of recorded.stages.values()) setAside += stage.counts?.setAside ?? 0
  return { run, state: 'completed', value, setAside }
}

/** The value the pipeline returned, as a checkpoint. One that cannot be stored does not undo the work: the run completes, and says that it is not kept. */
async function keepResult(attempt: Attempt, value: unknown): Promise<CheckpointRecord | undefined> {
  if (value === undefined) return undefined
  const { core, run } = attempt.facts
  try {
    return await writeCheckpoint(core, value, { run, type: 'result' })
  } catch (error) {
    if (!isWaymarkError(error, 'invalid')) throw error
    attempt.emit({ type: 'notice', message: `the value that the pipeline returned is not kept: ${error.message}` })
    return undefined
  }
}

/** What was recorded is recorded, whether or not the catalog can show it yet. */
const showOthers = (core: StoreCore): Promise<void> => core.feed.flush().catch(() => {})

/** Writes the end record. If a run that failed cannot even write that, it has crashed as far as others can see, and goes on all the same. */
async function end(
  attempt: Attempt,
  startedAt: number,
  how: Pick<AttemptEnded, 'state' | 'error' | 'result'>,
  error?: WaymarkError,
): Promise<void> {
  const { core, attempt: number } = attempt.facts
  const record: AttemptEnded = { type: 'attempt.ended', time: core.clock.now(), attempt: number, ...how }
  if (error === undefined) await attempt.append(record)
  else if (error.code !== 'fenced') await attempt.append(record).catch(() => {})
  attempt.emit({
    type: 'run.ended',
    state: how.state,
    durationMs: core.clock.monotonicMs() - startedAt,
    setAside: 0,
    ...(error === undefined ? {} : { error: error.toJSON() }),
  })
}

/** The error `pipeline.run` rejects with: Waymark's own as they are, the user's as the cause of `failed`. */
function runError(attempt: Attempt, error: unknown): WaymarkError {
  const { run, signal } = attempt.facts
  if (isWaymarkError(error)) return error
  if (attempt.stopping) {
    return new WaymarkError('cancelled', {
      message: `run ${run} was told to stop`,
      means: 'Everything finished so far is recorded.',
      remedy: 'Run the same command again: it goes on from here.',
      retryable: true,
      cause: signal?.reason ?? error,
      details: { run, paused: true },
    })
  }
  const place = attempt.placeOf(error)
  const where =
    place === undefined ? 'the pipeline' : place.item === undefined ? place.stage : `item ${place.item} of ${place.stage}`
  return new WaymarkError('failed', {
    message: `${where} failed: ${error instanceof Error ? error.message : String(error)}`,
    means: 'Everything finished before it is recorded; the run can go on.',
    remedy: `Mend the cause, then run the same command again: it goes on from here (waymark show ${run}).`,
    cause: error,
    details: {
      run,
      ...(place?.stage === undefined ? {} : { stage: place.stage }),
      ...(place?.item === undefined ? {} : { item: place.item }),
    },
  })
}

function runOf(attempt: Attempt): Run {
  const { core, run } = attempt.facts
  const isNumber = (value: unknown): value is number => typeof value === 'number'
  const isText = (value: unknown): value is string => typeof value === 'string'
  return {
    id: run,
    attempt: attempt.facts.attempt,
    signal: attempt.signal,
    ...attempt.verbs(''),
    now: () => attempt.draw('now', () => core.clock.now(), isNumber),
    uuid: () => attempt.draw('uuid', () => randomUUID(), isText),
    random: () => attempt.draw('random', () => randomFraction(core), isNumber),
  }
}

/** 53 random bits as a fraction. */
function randomFraction(core: StoreCore): number {
  const bytes = Buffer.from(core.random.bytes(8))
  return Number(bytes.readBigUInt64LE(0) >> 11n) / 2 ** 53
}

/** A completed run: nothing is called, its recorded result is given. */
async function completedOutcome(
  core: StoreCore,
  run: string,
  result: CheckpointRecord | CheckpointView | undefined,
): Promise<RunOutcome> {
  return { run, state: 'completed', value: result && (await readCheckpoint(core, result)), setAside: 0 }
}

/** Now, but after every run there is: the last run is the one begun last, also where the clock was set back. A thousandth of a millisecond shows nowhere. */
async function creationTime(core: StoreCore): Promise<number> {
  const [last] = await core.feed.query(catalog => catalog.runs({ limit: 1 }))
  const now = core.clock.now()
  return last === undefined || last.createdAt < now ? now : last.createdAt + 0.001
}

/**
 * Whether all that is recorded of a run is known to be durable: by a later batch, by the close of its segment, or by whoever was told so. The word of a process that failed to make it
 * durable may be in the page cache only, and must not be passed on.
 */
async function isProven(core: StoreCore, run: string): Promise<boolean> {
  const head = (await core.feed.query(catalog => catalog.heads([run]))).get(run)
  const marks = await core.feed.query(catalog => catalog.marks())
  const mark = marks.find(({ segment }) => segment === head?.segment)
  return mark !== undefined && mark.provenEnd >= mark.appliedEnd
}

/** A fresh run takes the place of the unfinished ones of the same work, which else would come back. */
async function cancelOthers(core: StoreCore, others: readonly RunView[]): Promise<void> {
  for (const run of others) {
    const { ownership } = await ownRun(core, run)
    const record: AttemptEnded = { type: 'attempt.ended', time: core.clock.now(), attempt: run.attempt, state: 'cancelled' }
    await core.log.append(ownership, [encodeRunRecord(record)])
  }
}

const baseDirectoryOf = (file: string | undefined): string =>
  file === undefined ? process.cwd() : (projectRoot(dirname(file)) ?? dirname(file))
