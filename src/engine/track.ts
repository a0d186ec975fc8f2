import { describe } from '../model/describe.ts'
import { isWaymarkError, type WaymarkError } from '../model/errors.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ScopePath } from '../model/scope.ts'
import { loopStart } from './loop-start.ts'
import { stopped } from './stopped.ts'
import type { StoreCore } from './store-core.ts'
import { trackedInput } from './track-input.ts'
import { bad, checkTrackOptions, type TrackOptions } from './track-options.ts'
import { enterTrackedRun, type TrackedRun } from './tracked-run.ts'
import { Tracker } from './tracker.ts'
import { warnIfFails } from './tracker-errors.ts'

/** Begins a loop of the caller's own or goes on with it; with a function, up to its end. */
export async function track(core: StoreCore, options: TrackOptions, fn?: (tracker: Tracker) => unknown): Promise<unknown> {
  const path = checkTrackOptions(options)
  if (fn !== undefined && typeof fn !== 'function')
    throw bad('store.track', `the second argument is ${describe(fn)}, not a function`, 'store.track(options, async t => { … })')
  const tracker = await openTracker(core, path, options)
  return fn === undefined ? tracker : carryOut(tracker, fn)
}

export async function openTracker(core: StoreCore, path: ScopePath, options: TrackOptions): Promise<Tracker> {
  const run = await enterTrackedRun(core, path, options)
  try {
    return await startLoop(core, run, path, options)
  } catch (error) {
    await run.leave(path, { state: isWaymarkError(error, 'input_changed') ? 'paused' : 'failed', error })
    throw error
  }
}

async function startLoop(core: StoreCore, run: TrackedRun, path: ScopePath, options: TrackOptions): Promise<Tracker> {
  const { attempt } = run
  if (run.begunWith === path) {
    run.begunWith = undefined
    return new Tracker({ run, path, recorded: started(run, path), redo: undefined, total: options.total, options })
  }
  const { recorded: before, redo: asked } = await attempt.stages.lookUp(path, undefined)
  const { record, redo: changed } = await trackedInput(options.input, {
    core,
    run: attempt.facts.run,
    path,
    recorded: asked === undefined ? before : undefined,
    accepted: options.acceptInput === true,
  })
  const redo = asked ?? changed
  const total = options.total ?? (redo === undefined ? before?.total : undefined)
  await attempt.append(...loopStart(attempt, path, options, { input: record, total, redo }))
  return new Tracker({ run, path, recorded: started(run, path), redo, total, options })
}

function started({ attempt }: TrackedRun, path: ScopePath): RecordedStage {
  const recorded = attempt.facts.recorded.stages.get(path)
  if (recorded === undefined) throw new TypeError(`${path} was started, and is not recorded`)
  return recorded
}

/** Calls the function, and records how it ended. Its own error comes back as it is. */
async function carryOut(tracker: Tracker, fn: (tracker: Tracker) => unknown): Promise<unknown> {
  try {
    const value = await fn(tracker)
    if (!tracker.ended) await endAfterReturn(tracker, value)
    return value
  } catch (error) {
    if (tracker.ended) throw error
    if (!tracker.signal.aborted) {
      // A save that failed is told beside it, unless that is the error itself.
      await warnIfFails(() => tracker.fail(error).catch(fault => (fault === error ? undefined : Promise.reject(fault))))
      throw error
    }
    await tracker.pause()
    throw isWaymarkError(error, 'cancelled') ? error : stopReason(tracker)
  }
}

/** The function has returned: all is done, unless it was told to stop before that. A value that cannot be kept does not undo the work. */
async function endAfterReturn(tracker: Tracker, value: unknown): Promise<void> {
  const { done, skipped, failed, total } = tracker.progress()
  if (tracker.signal.aborted && (total === undefined || done + skipped + failed < total)) throw stopReason(tracker)
  try {
    await tracker.complete(value)
  } catch (error) {
    if (!isWaymarkError(error, 'invalid') || tracker.ended) throw error
    process.emitWarning(`${tracker.stage}: what the function returned is not kept: ${error.message}`)
    await tracker.complete()
  }
}

/** Why the loop was stopped. */
function stopReason({ signal }: Tracker): WaymarkError {
  return isWaymarkError(signal.reason) ? signal.reason : stopped(signal)
}
