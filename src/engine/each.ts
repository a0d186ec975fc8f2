import { AsyncLocalStorage } from 'node:async_hooks'
import type { FileSystem } from '../files/file-system.ts'
import { describe } from '../model/describe.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { keySaltBytes } from '../model/key-digest.ts'
import type { OutputPosition } from '../model/output-position.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ItemCounts } from '../model/records.ts'
import { type ScopePath, stagePath } from '../model/scope.ts'
import { fileTarget } from '../outputs/file-target.ts'
import { isItemFile, itemFilePath } from '../outputs/item-file.ts'
import { type ItemOutput, type ItemTarget, isItemTarget, type OutputContext } from '../outputs/item-target.ts'
import { type Attempt, currentScope } from './attempt.ts'
import { checkEachOptions } from './check-each.ts'
import { EachProgress } from './each-progress.ts'
import { eachResults, storedResults } from './each-results.ts'
import { forkOutput } from './fork-output.ts'
import { inputChange, inputChangedError, needsAccepting } from './input-change.ts'
import type { BatchFunction, ItemFunction } from './item-caller.ts'
import { type ItemInput, openItemInput } from './item-input.ts'
import { ItemLoop, type LoopFailure } from './item-loop.ts'
import { ObservedPromise } from './observed-promise.ts'
import { recoveredAfter } from './recovered-progress.ts'
import { rowsAdded } from './recovery-rows.ts'
import type { EachOptions, EachResult } from './run.ts'
import { recordStageFailure } from './stage.ts'
import { stopped } from './stopped.ts'

/** A pass over items that is about to begin or go on. */
interface Pass {
  readonly attempt: Attempt
  readonly path: ScopePath
  readonly fn: ItemFunction | BatchFunction
  readonly options: EachOptions<unknown, unknown>
  readonly input: ItemInput
  /** What counts of earlier attempts. */
  readonly recorded: RecordedStage | undefined
  /** Why what was recorded is thrown away, if it is. */
  readonly redo: string | undefined
  readonly target: ItemTarget<unknown> | undefined
  /** Aborts with the run, or when the call it is made in is over. */
  readonly signal: AbortSignal
}

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
  const target = targetOf(path, options.output)
  if (signal.aborted) throw stopped(signal)
  attempt.enter(path, parent)
  const result = ObservedPromise.from(passOver(attempt, path, items, fn, options, target, signal))
  attempt.track({ path, settled: result.settled, observed: () => result.observed })
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
  const { recorded, redo: asked } = await attempt.lookUp(path, options.version)
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
  const order = attempt.orderOf(path)
  const pass: Pass = {
    attempt,
    path,
    fn,
    options,
    input,
    recorded: redo === undefined ? recorded : undefined,
    redo,
    target,
    signal,
  }
  const done = goOn(pass, order, run.stages.get(path)?.outputStart)
  if (redo !== undefined || changed) attempt.redoing(path, order, done)
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
    ...(input.total === undefined ? {} : { total: input.total }),
    ...(options.key === undefined ? {} : { keySalt: core.random.bytes(keySaltBytes) }),
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
    await recordStageFailure(attempt, path, startedAt, failure.error, failure.item, failure.index)
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
    clock: core.clock,
    store: core.storeId,
    run,
    stage: path,
    token: ownership.token,
    earlierOwnerDead: earlierOwnersDead,
    mustOwn: () => attempt.mustOwn(),
  }
  let position = recorded?.output
  if (position === undefined) {
    // A redo of a part that was appended begins where that part began.
    const appends = isItemFile(options.output) && options.output.append
    const again = redo !== undefined && appends && outputStart?.path === target.shown ? outputStart : undefined
    position = again ?? (await target.begin(context))
    // What follows happens to a file, which no record that is lost could explain.
    await attempt.appendAs('power', { type: 'output.started', time: core.clock.now(), path, output: position })
  }
  // An owner that was stalled until now must not touch what its successor writes.
  await attempt.mustOwn()
  const { output, recovered = [], notices = [] } = await target.open(context, position)
  try {
    if (recovered.length > 0) await attempt.appendAs('power', ...recoveredAfter(recorded, recovered))
    for (const message of notices) attempt.emit({ type: 'notice', message })
    return output
  } catch (error) {
    await output.close().catch(() => {})
    throw error
  }
}

async function work(pass: Pass, output: ItemOutput | undefined, startedAt: number): Promise<EachResult<unknown>> {
  const { attempt, path, fn, options, input, recorded } = pass
  const { core, recorded: run } = attempt.facts
  // An output may have known of more than the log: that is recorded by now.
  const before = run.stages.get(path)?.finished ?? 0
  const positionBefore = output?.position
  let position: OutputPosition | undefined
  const progress = new EachProgress({
    attempt,
    path,
    output,
    save: options.save ?? {},
    durability: options.durability,
    batch: options.batch,
    before: recorded?.counts,
    total: input.total,
  })
  try {
    const loop = new ItemLoop({ attempt, path, input, fn, options, recorded, progress, signal: pass.signal })
    const failure = await currentScope.run(path, () => loop.run())
    await progress.flush()
    if (failure !== undefined) throw new ItemLoopEnd(failure)
    await progress.seal()
    position = output && (await finished(output))
    const { counts } = progress
    const durationMs = core.clock.monotonicMs() - startedAt
    await attempt.appendAs(options.durability, {
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
    await noteResult(pass, progress, { before, positionBefore, position })
  }
}

/** Counts what a pass did, for the comparison with the plan. */
async function noteResult(
  { attempt, path, options, input, redo }: Pass,
  progress: EachProgress,
  { before, positionBefore, position }: Record<'positionBefore' | 'position', OutputPosition | undefined> & { before: number },
): Promise<void> {
  const { core, baseDirectory, recorded: run } = attempt.facts
  const stage = run.stages.get(path)
  const completed = stage?.state === 'completed'
  const isCounted = completed && position !== undefined && positionBefore !== undefined
  const added = isCounted
    ? await rowsAdded({ files: core.files, baseDirectory }, options.output, positionBefore, position)
    : undefined
  attempt.check.note({
    kind: 'pass',
    path,
    before,
    recordedNow: progress.recordedNow,
    after: stage?.finished ?? 0,
    counts: stage?.counts,
    completed,
    redo,
    rows: added === undefined ? undefined : { given: progress.resultsGiven, added },
  })
  if (completed && (await input.wasTouched?.()) === true)
    attempt.emit({
      type: 'notice',
      message: `${input.record.from} was changed while ${path} read it: its items may be of both versions`,
    })
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

/** An output is emptied before the first item is read: what the items come from must be something else. */
async function mustBeApart(
  files: FileSystem,
  baseDirectory: string,
  path: ScopePath,
  items: unknown,
  target: ItemTarget<unknown>,
): Promise<void> {
  const source = isItemFile(items)
    ? itemFilePath(items, baseDirectory)
    : isItemTarget(items)
      ? items.place(baseDirectory)
      : undefined
  if (source === undefined) return
  const place = target.place(baseDirectory)
  const [from, to] = await Promise.all([source, place].map(file => files.stat(file).catch(() => undefined)))
  const isSame = source === place || (from !== undefined && to !== undefined && from.identity === to.identity)
  if (!isSame) return
  throw new WaymarkError('conflict', {
    message: `${JSON.stringify(path)} reads its items from ${target.shown} and would write its results there too`,
    means: 'Nothing was read or written; the file is as it was.',
    remedy: 'Write to another file, and put it in the place of the first when the run is finished.',
    details: { stage: path, file: source },
  })
}

function noFunction(path: ScopePath, fn: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `what run.each(${JSON.stringify(path)}) is to call is ${describe(fn)}, not a function`,
    means: 'Nothing of this stage was run.',
    remedy: 'run.each(name, items, item => …, options)',
    details: { stage: path },
  })
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
    message: `the output of ${JSON.stringify(path)} is ${describe(output)}`,
    means: 'Nothing of this stage was run.',
    remedy: 'Pass jsonl(path), csv(path), parquet(path), folder(path), sqliteTable(…), postgresTable(…) or callback(…).',
    details: { stage: path },
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
