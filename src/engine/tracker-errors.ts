import { WaymarkError } from '../model/errors.ts'
import type { RunView } from '../model/run-view.ts'
import type { ScopePath } from '../model/scope.ts'

/** A hook beside an error must not take its place. */
export async function warnIfFails(hook: () => unknown): Promise<void> {
  try {
    await hook()
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}

/** It was left without an end. */
export function leftOpen(run: string, stage: ScopePath): WaymarkError {
  return new WaymarkError('failed', {
    message: `${stage} was left without complete()`,
    means: 'What was finished is recorded; the loop counts as failed, and the next attempt goes on with the rest.',
    remedy: 'Call await t.complete() as the last thing, or use store.track(options, async t => { … }).',
    details: { run, stage },
  })
}

/** Something was said after the end. */
export function over(run: string, stage: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${JSON.stringify(stage)} of run ${run} has ended`,
    means: 'What was recorded before the end stays; this was not noted.',
    remedy: 'Call it before complete(), and wait for all items first; or track the loop again.',
    details: { run, stage },
  })
}

/** Not every item of the total is finished. */
export function unfinished(run: string, stage: ScopePath, finished: number, total: number): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${stage} cannot be completed: ${finished} of ${total} items are finished`,
    means: 'What is finished is recorded; the loop can go on.',
    remedy: 'Call t.done, t.failed or t.skipped for every item; or t.setTotal(n) if there are fewer.',
    details: { run, stage, finished, total },
  })
}

/** The run is another kind of work. */
export function ofPipeline({ id, pipeline }: RunView): WaymarkError {
  return new WaymarkError('conflict', {
    message: `run ${id} is one of the pipeline ${pipeline}, not of loops of your own`,
    means: 'It is untouched; nothing was started.',
    remedy: `Choose another id; to go on with it: waymark resume ${id}`,
    details: { run: id, pipeline },
  })
}

/** Two loops of one name at once. */
export function twice(run: string, path: ScopePath): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${JSON.stringify(path)} of run ${run} is tracked already, in this process`,
    means: 'That loop goes on; the second did nothing. One name cannot hold the progress of two.',
    remedy: 'Wait until it has ended, or give the second another stage or key.',
    details: { run, stage: path },
  })
}
