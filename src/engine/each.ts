import { AsyncLocalStorage } from 'node:async_hooks'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { RecordedStage } from '../model/recorded-run.ts'
import type { InputRecord, ItemCounts, OutputPosition } from '../model/records.ts'
import { type ScopePath, stagePath } from '../model/scope.ts'
import { fileTarget } from '../outputs/file-target.ts'
import { isItemFile } from '../outputs/item-file.ts'
import { type ItemOutput, type ItemTarget, isItemTarget, type OutputContext } from '../outputs/item-target.ts'
import { type Attempt, currentScope } from './attempt.ts'
import { EachProgress } from './each-progress.ts'
import { eachResults, storedResults } from './each-results.ts'
import { type ItemInput, openItemInput } from './item-input.ts'
import { type ItemFunction, ItemLoop, type LoopFailure } from './item-loop.ts'
import { ObservedPromise } from './observed-promise.ts'
import { checkRetry } from './retry.ts'
import type { EachOptions, EachResult } from './run.ts'
import { recordStageFailure } from './stage.ts'
import { stopped } from './stopped.ts'

/** A pass over items that is about to begin or go on. */
interface Pass {
  readonly attempt: Attempt
  readonly path: ScopePath
  readonly fn: ItemFunction
  readonly options: EachOptions<unknown, unknown>
  readonly input: ItemInput
  /** What counts of earlier attempts. */
  readonly recorded: RecordedStage | undefined
  /** Why what was recorded is thrown away, if it is. */
  readonly redo: string | undefined
  readonly target: ItemTarget<unknown> | undefined
}

/** Starts a pass over items, goes on with one, or finds it recorded. */
export function runEach(
  attempt: Attempt,
  parent: ScopePath,
  name: string,
  items: unknown,
  fn: ItemFunction,
  options: EachOptions<unknown, unknown> = {},
): Promise<EachResult<unknown>> {
  const path = stagePath(parent, name)
  checkOptions(path, options)
  const target = targetOf(path, options.output)
  attempt.enter(path, parent)
  const result = ObservedPromise.from(passOver(attempt, path, items, fn, options, target))
  attempt.track({ path, settled: result.settled, observed: () => result.observed })
  return result
}

async function passOver(
  attempt: Attempt,
  path: ScopePath,
  items: unknown,
  fn: ItemFunction,
  options: EachOptions<unknown, unknown>,
  target: ItemTarget<unknown> | undefined,
): Promise<EachResult<unknown>> {
  const { core, baseDirectory, recorded: run } = attempt.facts
  const input = await openItemInput(items, path, {
    files: core.files,
    baseDirectory,
    signal: attempt.signal,
    hasKey: options.key !== undefined,
    outside: AsyncLocalStorage.snapshot(),
  })
  const { recorded, redo: asked } = await attempt.lookUp(path, options.version)
  if (recorded?.kind === 'stage') throw usedAsStage(path)
  const changed = recorded !== undefined && inputChanged(recorded.input, input.record)
  if (changed && asked === undefined && input.record.kind === 'file' && !attempt.facts.acceptChangedInput) {
    throw inputChangedError(attempt, path, recorded)
  }
  // By index nothing says which of the old items are among the new ones; by key the finished ones stay finished.
  const redo = asked ?? (changed && options.key === undefined ? 'its input changed' : undefined)
  if (recorded !== undefined && redo === undefined) checkOutputKind(path, recorded, target)
  if (recorded?.state === 'completed' && redo === undefined && !changed) {
    attempt.emit({ type: 'stage.reused', stage: path, ...(recorded.counts === undefined ? {} : { counts: recorded.counts }) })
    return handle(attempt, path, recorded.counts ?? noCounts, recorded.output, target)
  }
  if (attempt.stopping) throw stopped(attempt.signal)
  const order = attempt.orderOf(path)
  const pass: Pass = { attempt, path, fn, options, input, recorded: redo === undefined ? recorded : undefined, redo, target }
  const done = goOn(pass, order, run.stages.get(path)?.outputStart)
  if (redo !== undefined) attempt.redoing(order, done)
  return done
}

async function goOn(pass: Pass, order: number, outputStart: OutputPosition | undefined): Promise<EachResult<unknown>> {
  const { attempt, path, options, input, redo } = pass
  const { core } = attempt.facts
  await attempt.append({
    type: 'stage.started',
    time: core.clock.now(),
    path,
    kind: 'each',
    order,
    input: input.record,
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(redo === undefined ? {} : { redo }),
  })
  if (redo !== undefined) attempt.noteRedone(path)
  attempt.emit({ type: 'stage.started', stage: path, kind: 'each', ...(input.total === undefined ? {} : { total: input.total }) })
  const startedAt = core.clock.monotonicMs()
  let output: ItemOutput | undefined
  try {
    output = pass.target === undefined ? undefined : await beginOutput(pass, pass.target, outputStart)
    return await work(pass, output, startedAt)
  } catch (error) {
    if (!(error instanceof ItemLoopEnd)) {
      await recordStageFailure(attempt, path, startedAt, error)
      throw error
    }
    const { failure } = error
    await recordStageFailure(attempt, path, startedAt, failure.error, failure.item)
    throw failure.error
  } finally {
    // What counts is synced; a close that fails would only hide how the pass ended.
    await output?.close().catch(() => {})
  }
}

/** Opens the output where the record says; a start nobody recorded yet is recorded before anything is touched. */
async function beginOutput(
  pass: Pass,
  target: ItemTarget<unknown>,
  outputStart: OutputPosition | undefined,
): Promise<ItemOutput> {
  const { attempt, path, recorded, redo, options } = pass
  const { core, baseDirectory, ownership, earlierOwnersDead, run } = attempt.facts
  attempt.takeOutput(target.place(baseDirectory), path)
  const context: OutputContext = {
    files: core.files,
    baseDirectory,
    run,
    stage: path,
    token: ownership.token,
    earlierOwnerDead: earlierOwnersDead,
  }
  let position = recorded?.output
  if (position === undefined) {
    // A redo of a part that was appended begins where that part began.
    const appends = isItemFile(options.output) && options.output.append
    const again = redo !== undefined && appends && outputStart?.path === target.shown ? outputStart : undefined
    position = again ?? (await target.begin(context))
    await attempt.append({ type: 'output.started', time: core.clock.now(), path, output: position })
  }
  // An owner that was stalled until now must not touch what its successor writes.
  await attempt.mustOwn()
  const { output, recovered = [], notices = [] } = await target.open(context, position)
  try {
    if (recovered.length > 0) await attempt.append(...recovered)
    for (const message of notices) attempt.emit({ type: 'notice', message })
    return output
  } catch (error) {
    await output.close().catch(() => {})
    throw error
  }
}

async function work(pass: Pass, output: ItemOutput | undefined, startedAt: number): Promise<EachResult<unknown>> {
  const { attempt, path, fn, options, input, recorded } = pass
  const { core } = attempt.facts
  const progress = new EachProgress({
    attempt,
    path,
    byKey: options.key !== undefined,
    output,
    save: options.save ?? {},
    before: recorded?.counts,
    total: input.total,
  })
  try {
    const loop = new ItemLoop({ attempt, path, input, fn, options, recorded, progress })
    const failure = await currentScope.run(path, () => loop.run())
    await progress.flush()
    if (failure !== undefined) throw new ItemLoopEnd(failure)
    const position = output && (await finished(output))
    const { counts } = progress
    const durationMs = core.clock.monotonicMs() - startedAt
    await attempt.append({
      type: 'stage.done',
      time: core.clock.now(),
      path,
      durationMs,
      counts,
      ...(position === undefined ? {} : { output: position }),
    })
    attempt.emit({
      type: 'stage.completed',
      stage: path,
      durationMs,
      counts,
      ...(position === undefined ? {} : { output: position.path }),
    })
    return handle(attempt, path, counts, position, pass.target)
  } finally {
    progress.tell()
    progress.close()
  }
}

/** The position of an output that is whole. It is durable before the file is closed, so whether that succeeds changes nothing. */
async function finished(output: ItemOutput): Promise<OutputPosition> {
  try {
    return await output.finish()
  } catch (error) {
    if (isWaymarkError(error)) throw error
    return output.position
  }
}

/** Carries how a loop ended past the flush that follows it. */
class ItemLoopEnd extends Error {
  readonly failure: LoopFailure
  constructor(failure: LoopFailure) {
    super('the loop over items ended early')
    this.failure = failure
  }
}

const noCounts: ItemCounts = { done: 0, skipped: 0, setAside: 0, retries: 0 }

function handle(
  attempt: Attempt,
  path: ScopePath,
  counts: ItemCounts,
  position: OutputPosition | undefined,
  target: ItemTarget<unknown> | undefined,
): EachResult<unknown> {
  const { core, baseDirectory, recorded } = attempt.facts
  return {
    done: counts.done,
    skipped: counts.skipped,
    setAside: counts.setAside,
    results: () =>
      eachResults(() => {
        if (target !== undefined && position !== undefined) return written(target, position, { files: core.files, baseDirectory })
        return storedResults(core, recorded.stages.get(path)?.results ?? [])
      }),
  }
}

/** Results as the output holds them. */
function written(
  target: ItemTarget<unknown>,
  position: OutputPosition,
  context: Pick<OutputContext, 'files' | 'baseDirectory'>,
): AsyncIterable<unknown> {
  if (target.results !== undefined) return target.results(context, position)
  throw new WaymarkError('unsupported', {
    message: `results() cannot read back what was written to ${position.path}`,
    means: 'The results are there; nothing was changed.',
    remedy: 'Read them from where they were written.',
  })
}

function targetOf(path: ScopePath, output: unknown): ItemTarget<unknown> | undefined {
  if (output === undefined) return undefined
  if (isItemFile(output)) return fileTarget(output)
  if (isItemTarget(output)) return output
  throw new WaymarkError('invalid', {
    message: `the output of ${JSON.stringify(path)} is ${typeof output === 'string' ? `the text ${JSON.stringify(output.slice(0, 60))}` : `a ${typeof output}`}`,
    means: 'Nothing of this stage was run.',
    remedy: 'Pass jsonl(path), csv(path), parquet(path), folder(path), sqliteTable(…), postgresTable(…) or callback(…).',
    details: { stage: path },
  })
}

function checkOptions(path: ScopePath, options: EachOptions<unknown, unknown>): void {
  checkRetry(options.retry)
  const { concurrency } = options
  if (concurrency === undefined || (Number.isInteger(concurrency) && concurrency >= 1)) return
  throw new WaymarkError('invalid', {
    message: `the concurrency of ${JSON.stringify(path)} must be a whole number of at least 1, not ${concurrency}`,
    means: 'Nothing of this stage was run.',
    remedy: 'concurrency: 16 means at most sixteen calls at a time.',
  })
}

const inputChanged = (before: InputRecord | undefined, now: InputRecord): boolean =>
  before !== undefined && (before.kind !== now.kind || before.digest !== now.digest)

function inputChangedError(attempt: Attempt, path: ScopePath, recorded: RecordedStage): WaymarkError {
  const { run } = attempt.facts
  const effect =
    recorded.keys.size > 0
      ? 'items whose keys are recorded stay done, new ones are called'
      : 'all its items are called again, and its output is replaced'
  return new WaymarkError('input_changed', {
    message: `${recorded.input?.from ?? 'the input'} of ${path} is not the file that run ${run} began with (its digest differs)`,
    means: `Nothing was run; ${recorded.finished} recorded items are kept. If the change is accepted, ${effect}.`,
    remedy: 'Accept it with --accept-changed-input, put back the old file, or start anew with --fresh.',
    details: { run, stage: path, recorded: recorded.input?.digest },
  })
}

function checkOutputKind(path: ScopePath, recorded: RecordedStage, output: ItemTarget | undefined): void {
  if (recorded.finished === 0 || (recorded.output === undefined) === (output === undefined)) return
  throw new WaymarkError('conflict', {
    message:
      output === undefined
        ? `${path} wrote its first ${recorded.finished} results to ${recorded.output?.path}, and now has no output`
        : `${path} kept its first ${recorded.finished} results in the store, and now has the output ${output.shown}`,
    means: 'Nothing was run: one part of the results would be in another place than the rest.',
    remedy: `Put the output option back as it was, or run the stage again with --redo ${path}.`,
    details: { stage: path },
  })
}

function usedAsStage(path: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${JSON.stringify(path)} is recorded as a stage, and is now called as a pass over items (each)`,
    means: 'Its recorded result is untouched; no item was called.',
    remedy: 'Give the pass another name, or start the work anew with --fresh.',
  })
}
