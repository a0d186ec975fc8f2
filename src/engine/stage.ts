import type { CheckpointRecord } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import { OperationTimer } from '../model/operation-timer.ts'
import type { StageStarted } from '../model/records.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { checkSchema } from '../model/schema.ts'
import { type ScopePath, stagePath } from '../model/scope.ts'
import type { TableStream } from '../tables/table-stream.ts'
import type { Attempt } from './attempt.ts'
import { callWithRetry, type StageCall } from './call-with-retry.ts'
import { checkStage } from './check-stage.ts'
import { eventVerbs } from './event-verbs.ts'
import { learnResult, mostLookedAt } from './learn-result.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { readCheckpointBytes } from './read-checkpoint-bytes.ts'
import { recordStreamVerbs } from './record-stream-recorder.ts'
import type { StageContext, StageOptions, StageResult } from './run.ts'
import { PendingStage, type StageOutcome } from './stage-result.ts'
import { stopped } from './stopped.ts'
import type { StoreCore } from './store-core.ts'
import { tellCorrupt, tellLoaded } from './tell-loaded.ts'
import { ValueDraws } from './value-draws.ts'
import { type CheckpointFacts, writeCheckpoint } from './write-checkpoint.ts'

/** Starts a stage, or finds it recorded. */
export function startStage<Value>(
  attempt: Attempt,
  parent: ScopePath,
  name: string,
  fn: (ctx: StageContext) => Value | PromiseLike<Value>,
  options: StageOptions<Value> = {},
  signal: AbortSignal = attempt.signal,
): StageResult<Value> {
  const path = stagePath(parent, name, options?.key)
  checkStage(path, fn, options)
  if (signal.aborted) throw stopped(signal)
  attempt.calls.enter(path, parent)
  const outcome = settleStage(attempt, path, fn, options, signal)
  const result = new PendingStage(path, outcome)
  attempt.started.track({ path, settled: outcome, observed: () => result.observed })
  return result
}

async function settleStage<Value>(
  attempt: Attempt,
  path: ScopePath,
  fn: (ctx: StageContext) => Value | PromiseLike<Value>,
  options: StageOptions<Value>,
  signal: AbortSignal,
): Promise<StageOutcome<Value>> {
  const { recorded, redo } = await attempt.stages.lookUp(path, options.version)
  if (recorded?.kind === 'each') throw usedAsEach(path)
  if (redo === undefined && recorded?.state === 'completed' && recorded.checkpoint !== undefined) {
    attempt.emit({ type: 'stage.reused', stage: path })
    attempt.check.note({ kind: 'reused', path, items: undefined })
    return recordedOutcome(attempt, recorded.checkpoint, options)
  }
  if (attempt.stopping || signal.aborted) throw stopped(signal)
  attempt.mustBeSelected(path)
  const order = attempt.stages.orderOf(path)
  const done = callStage(attempt, path, order, fn, options, redo, signal)
  if (redo !== undefined) attempt.stages.redoing(path, order, done)
  return done
}

/** The recorded value has the type of the stage's function: what that returned was encoded, and a schema, where given, is checked again. */
function recordedOutcome<Value>(
  attempt: Attempt,
  checkpoint: CheckpointRecord | CheckpointView,
  options: StageOptions<Value>,
): StageOutcome<Value> {
  const { core } = attempt.facts
  let toLookAt = mostLookedAt
  return {
    checkpoint,
    codecs: core.codecs,
    bytes: () => readCheckpointBytes(core, checkpoint),
    learn(element, index) {
      if (toLookAt > 0) toLookAt = learnResult(core.redaction, element, toLookAt, [{ kind: 'index', key: index }])
    },
    async value() {
      const value = await loadedResult<Value>(core, checkpoint).catch(error => {
        tellCorrupt(core, checkpoint, error)
        throw error
      })
      tellLoaded(core, checkpoint)
      await learned(core, value)
      if (options.schema !== undefined) return checkSchema(options.schema, value, `the recorded result of ${checkpoint.stage}`)
      return value
    },
  }
}

async function callStage<Value>(
  attempt: Attempt,
  path: ScopePath,
  order: number,
  fn: (ctx: StageContext) => Value | PromiseLike<Value>,
  options: StageOptions<Value>,
  redo: string | undefined,
  signal: AbortSignal,
): Promise<StageOutcome<Value>> {
  const { core, run } = attempt.facts
  await attempt.mustOwn()
  const started: StageStarted = {
    type: 'stage.started',
    time: core.clock.now(),
    path,
    kind: 'stage',
    order,
    ...(options.version === undefined ? {} : { version: options.version }),
  }
  if (redo === undefined) attempt.announce(started)
  else {
    // What is thrown away, stages inside it included, is gone before the function is called.
    await attempt.append({ ...started, redo })
    attempt.stages.noteRedone(path)
  }
  attempt.emit({ type: 'stage.started', stage: path, kind: 'stage' })
  const startedAt = core.clock.monotonicMs()
  const timer = new OperationTimer(core.clock)
  const metadata: Record<string, unknown> = { ...options.metadata }
  try {
    const facts = { run, stage: path, type: options.type ?? 'stage', tags: options.tags ?? [], metadata }
    const call: StageCall<Value> = {
      path,
      fn: inTime => timer.during('user', () => fn(stageContext(attempt, path, inTime, metadata))),
      keepRows: (rows, inTime) => keepRows(core, rows, facts, inTime, timer),
      timer,
    }
    const { value: returned, kept } = await callWithRetry(attempt, call, options, signal)
    // What a later attempt gets is what the schema makes of the stored value; so does this one.
    const checked = kept === undefined ? await checkedResult(options, returned, path) : returned
    const checkpoint = kept ?? (await writeCheckpoint(core, returned, facts, { timer }))
    // Its rows were taken; what they were is read from where they are kept.
    const value = kept === undefined ? checked : await checkedResult(options, await loadedResult<Value>(core, kept), path)
    await learned(core, value)
    const durationMs = core.clock.monotonicMs() - startedAt
    attempt.timings.add(path, timer.take())
    await attempt.appendTimed(timer, options.durability, {
      type: 'stage.done',
      time: core.clock.now(),
      path,
      durationMs,
      checkpoint,
      ...attempt.timings.take(),
    })
    attempt.timings.add(path, timer.take())
    attempt.check.note({ kind: 'called', path, redo })
    const { id, logicalBytes, storedBytes, tables } = checkpoint
    attempt.emit({
      type: 'stage.completed',
      stage: path,
      durationMs,
      checkpoint: { id, logicalBytes, storedBytes, ...(tables === undefined ? {} : { tables }) },
    })
    return {
      checkpoint,
      codecs: core.codecs,
      bytes: () => readCheckpointBytes(core, checkpoint),
      value: async () => value,
      fresh: { value },
    }
  } catch (error) {
    attempt.timings.add(path, timer.take())
    await recordStageFailure(attempt, path, startedAt, error)
    throw error
  }
}

/** The signal's reason is told as the stop that it is. */
async function keepRows(
  core: StoreCore,
  rows: TableStream<object>,
  facts: CheckpointFacts,
  signal: AbortSignal,
  timer: OperationTimer,
): Promise<CheckpointRecord> {
  try {
    return await writeCheckpoint(core, rows, facts, { signal, timer })
  } catch (error) {
    throw signal.aborted ? stopped(signal) : error
  }
}

/** Before the pipeline has it, and can print what is secret in it, that is known to whoever shows what it prints. */
async function learned(core: StoreCore, value: unknown): Promise<void> {
  learnResult(core.redaction, value)
  await core.redaction.hidden.told
}

async function checkedResult<Value>({ schema }: StageOptions<Value>, value: Value, path: ScopePath): Promise<Value> {
  return schema === undefined ? value : checkSchema(schema, value, `the result of ${path}`)
}

/** It has the type of the stage's function: what that returned was encoded. */
const loadedResult = async <Value>(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): Promise<Value> =>
  (await readCheckpoint(core, checkpoint)) as Value

/** Records a failure, unless the run was only told to stop; a failure is never a result. The error thrown stays the user's own. */
export async function recordStageFailure(
  attempt: Attempt,
  path: ScopePath,
  startedAtMs: number,
  error: unknown,
  item?: string,
  index?: number,
): Promise<void> {
  const { core, run } = attempt.facts
  if (attempt.isHeldBack(error)) return
  attempt.noteFailure(error, {
    run,
    stage: path,
    ...(item === undefined ? {} : { item }),
    ...(index === undefined ? {} : { index }),
  })
  if (attempt.stopping) return
  const stored = core.redaction.thrown(error, item)
  attempt.emit({ type: 'stage.failed', stage: path, error: stored })
  const durationMs = core.clock.monotonicMs() - startedAtMs
  // If not even this can be written, the run ends with the first error all the same.
  const timings = attempt.timings.take()
  await attempt
    .append({ type: 'stage.failed', time: core.clock.now(), path, durationMs, error: stored, ...timings })
    .catch(() => {})
}

function stageContext(attempt: Attempt, path: ScopePath, signal: AbortSignal, metadata: Record<string, unknown>): StageContext {
  const draws = new ValueDraws(attempt, path)
  return {
    run: attempt.facts.run,
    path,
    attempt: attempt.facts.attempt,
    signal,
    log: scopeLogger(attempt, path),
    setMetadata: more => {
      Object.assign(metadata, more)
    },
    ...attempt.verbs(path, signal),
    ...eventVerbs(attempt.events, path),
    ...recordStreamVerbs(attempt.streams, path),
    now: name => draws.now(name),
    uuid: name => draws.uuid(name),
    random: name => draws.random(name),
  }
}

export function scopeLogger(attempt: Attempt, path: ScopePath) {
  return {
    info: (text: string) => attempt.emit({ type: 'log', stream: 'stdout', text, stage: path }),
    warn: (text: string) => attempt.emit({ type: 'log', stream: 'stderr', text, stage: path }),
  }
}

function usedAsEach(path: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${JSON.stringify(path)} is recorded as a pass over items (each), and is now called as a stage`,
    means: 'Its recorded items are untouched; the stage was not called.',
    remedy: 'Give the stage another name, or start the work anew with --fresh.',
  })
}
