import { AsyncLocalStorage } from 'node:async_hooks'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import { keySaltBytes } from '../model/key-digest.ts'
import type { OutputPosition } from '../model/output-position.ts'
import type { ItemCounts } from '../model/records.ts'
import { type ScopePath, stagePath } from '../model/scope.ts'
import type { ItemOutput, ItemTarget } from '../outputs/item-target.ts'
import type { Attempt } from './attempt.ts'
import { checkEachOptions } from './check-each.ts'
import { currentScope } from './current-scope.ts'
import { beginOutput, checkOutputKind, finishOutput, mustBeApart, outputTarget, writtenResults } from './each-output.ts'
import { EachProgress } from './each-progress.ts'
import { eachResults, storedResults } from './each-results.ts'
import { forkOutput } from './fork-output.ts'
import { inputChange, inputChangedError, needsAccepting } from './input-change.ts'
import type { BatchFunction, ItemFunction } from './item-caller.ts'
import { openItemInput } from './item-input.ts'
import { ItemLoop } from './item-loop.ts'
import type { ItemPass } from './item-pass.ts'
import type { LoopFailure } from './loop-failure.ts'
import { notePass } from './note-pass.ts'
import { ObservedPromise } from './observed-promise.ts'
import { PassTimings } from './pass-timings.ts'
import type { EachOptions, EachResult } from './run.ts'
import { recordStageFailure } from './stage.ts'
import { stopped } from './stopped.ts'

/** Starts a pass over items, goes on with one, or finds it recorded. */
export function runEach(
  attempt: Attempt,
  parent: ScopePath,
  name: string,
  items: unknown,
  fn: ItemFunction | BatchFunction,
  options: EachOptions<unknown, unknown> = {},
  signal: AbortSignal = attempt.signal,
): Promise<EachResult<unknown>> {
  const path = stagePath(parent, name)
  checkEachOptions(path, options)
  if (typeof fn !== 'function') throw noFunction(path, fn)
  const target = outputTarget(path, options.output)
  if (signal.aborted) throw stopped(signal)
  attempt.calls.enter(path, parent)
  const result = ObservedPromise.from(passOver(attempt, path, items, fn, options, target, signal))
  attempt.started.track({ path, settled: result.settled, observed: () => result.observed })
  return result
}

async function passOver(
  attempt: Attempt,
  path: ScopePath,
  items: unknown,
  fn: ItemFunction | BatchFunction,
  options: EachOptions<unknown, unknown>,
  target: ItemTarget<unknown> | undefined,
  signal: AbortSignal,
): Promise<EachResult<unknown>> {
  const { core, baseDirectory, recorded: run } = attempt.facts
  if (target !== undefined) await mustBeApart(core.files, baseDirectory, path, items, target)
  const input = await openItemInput(items, path, {
    files: core.files,
    baseDirectory,
    signal,
    hasKey: options.key !== undefined,
    fingerprint: options.input,
    before: run.stages.get(path)?.input,
    outside: AsyncLocalStorage.snapshot(),
  })
  const { recorded, redo: asked } = await attempt.stages.lookUp(path, options.version)
  if (recorded?.kind === 'stage') throw usedAsStage(path)
  const byKey = options.key !== undefined
  const change = recorded && inputChange(recorded.input, input.record, input.appended)
  const changed = change !== undefined
  if (recorded !== undefined && change !== undefined && asked === undefined) {
    const { finished, state } = recorded
    // Where nothing is recorded of it there is nothing that could be mixed up.
    const mayMatter = finished > 0 || state === 'completed'
    if (mayMatter && needsAccepting(change) && !attempt.facts.acceptInput)
      throw inputChangedError(change, { run: attempt.facts.run, stage: path, finished, byKey })
  }
  // By index nothing says which of the old items are among the new ones, unless these come behind them; by key the finished ones stay finished.
  const redo = asked ?? (changed && !byKey && change.kind !== 'appended' ? `its input changed: ${change.text}` : undefined)
  if (recorded !== undefined && redo === undefined) checkOutputKind(path, recorded, target)
  if (recorded?.state === 'completed' && redo === undefined && !changed) {
    attempt.emit({ type: 'stage.reused', stage: path, ...(recorded.counts === undefined ? {} : { counts: recorded.counts }) })
    attempt.check.note({ kind: 'reused', path, items: recorded.finished })
    return handle(attempt, path, recorded.counts ?? noCounts, recorded.output, target)
  }
  if (attempt.stopping || signal.aborted) throw stopped(signal)
  attempt.mustBeSelected(path)
  if (target !== undefined) await forkOutput(attempt, path, target, redo === undefined ? recorded : undefined)
  const order = attempt.stages.orderOf(path)
  const pass: ItemPass = {
    attempt,
    path,
    fn,
    options,
    input,
    recorded: redo === undefined ? recorded : undefined,
    redo,
    target,
    signal,
    timings: new PassTimings(core.clock),
  }
  const done = goOn(pass, order, run.stages.get(path)?.outputStart)
  if (redo !== undefined || changed) attempt.stages.redoing(path, order, done)
  return done
}

async function goOn(pass: ItemPass, order: number, outputStart: OutputPosition | undefined): Promise<EachResult<unknown>> {
  const { attempt, path, options, input, redo } = pass
  const { core } = attempt.facts
  const { timings } = pass
  await attempt.appendTimed(timings.timer, undefined, {
    type: 'stage.started',
    time: core.clock.now(),
    path,
    kind: 'each',
    order,
    input: input.record,
    ...(input.total === undefined ? {} : { total: input.total }),
    ...(options.key === undefined ? {} : { keySalt: core.random.bytes(keySaltBytes) }),
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(redo === undefined ? {} : { redo }),
  })
  if (redo !== undefined) attempt.stages.noteRedone(path)
  attempt.emit({ type: 'stage.started', stage: path, kind: 'each', ...(input.total === undefined ? {} : { total: input.total }) })
  const startedAt = core.clock.monotonicMs()
  let output: ItemOutput | undefined
  try {
    const { target } = pass
    if (target !== undefined) output = await timings.timer.during('output', () => beginOutput(pass, target, outputStart))
    return await work(pass, output, startedAt)
  } catch (error) {
    attempt.timings.add(path, timings.take())
    if (!(error instanceof ItemLoopEnd)) {
      await recordStageFailure(attempt, path, startedAt, error)
      throw error
    }
    const { failure } = error
    await recordStageFailure(attempt, path, startedAt, failure.error, failure.item, failure.index)
    throw failure.error
  } finally {
    // What counts is synced; a close that fails would only hide how the pass ended.
    await output?.close().catch(() => {})
  }
}

async function work(pass: ItemPass, output: ItemOutput | undefined, startedAt: number): Promise<EachResult<unknown>> {
  const { attempt, path, fn, options, input, recorded, timings } = pass
  const { core, recorded: run } = attempt.facts
  // An output may have known of more than the log: that is recorded by now.
  const before = run.stages.get(path)?.finished ?? 0
  const positionBefore = output?.position
  let position: OutputPosition | undefined
  const progress = new EachProgress({
    attempt,
    path,
    output,
    save: options.save ?? core.save ?? {},
    durability: options.durability,
    batch: options.batch,
    before: recorded?.counts,
    total: input.total,
    timings,
  })
  try {
    // What its output knew of is recorded by now: the items that are not are called again.
    if (recorded !== undefined) await attempt.streams.callAgain(path)
    const loop = new ItemLoop({ attempt, path, input, fn, options, recorded, progress, timings, signal: pass.signal })
    const failure = await currentScope.run(path, () => loop.run())
    await progress.flush()
    if (failure !== undefined) throw new ItemLoopEnd(failure)
    await progress.seal()
    const finish = async () => output && finishOutput(output)
    position = await timings.timer.during('output', finish)
    const { counts } = progress
    const durationMs = core.clock.monotonicMs() - startedAt
    attempt.timings.add(path, timings.take())
    await attempt.appendTimed(timings.timer, options.durability, {
      type: 'stage.done',
      time: core.clock.now(),
      path,
      durationMs,
      counts,
      ...(position === undefined ? {} : { output: position }),
      ...attempt.timings.take(),
    })
    attempt.timings.add(path, timings.take())
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
    await notePass(pass, progress, { before, positionBefore, position })
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
      eachResults(core.redaction, () => {
        if (target !== undefined && position !== undefined)
          return writtenResults(target, position, { files: core.files, baseDirectory })
        return storedResults(core, recorded.stages.get(path)?.results ?? [])
      }),
  }
}

function noFunction(path: ScopePath, fn: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `what run.each(${JSON.stringify(path)}) is to call is ${describe(fn)}, not a function`,
    means: 'Nothing of this stage was run.',
    remedy: 'run.each(name, items, item => …, options)',
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
