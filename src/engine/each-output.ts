import type { FileSystem } from '../files/file-system.ts'
import { describe } from '../model/describe.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { OutputPosition } from '../model/output-position.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ScopePath } from '../model/scope.ts'
import { fileTarget } from '../outputs/file-target.ts'
import { isItemFile, itemFilePath } from '../outputs/item-file.ts'
import { type ItemOutput, type ItemTarget, isItemTarget, type OutputContext } from '../outputs/item-target.ts'
import type { ItemPass } from './item-pass.ts'
import { recoveredAfter } from './recovered-progress.ts'
import { timedFiles } from './timed-files.ts'

/** @throws WaymarkError `invalid` if the option `output` names no output */
export function outputTarget(path: ScopePath, output: unknown): ItemTarget<unknown> | undefined {
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

/** @throws WaymarkError `conflict` if earlier results are in the store and the next would go to an output, or the other way round */
export function checkOutputKind(path: ScopePath, recorded: RecordedStage, output: ItemTarget | undefined): void {
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

/** @throws WaymarkError `conflict` if the items come from where the results would go: an output is emptied before the first item is read */
export async function mustBeApart(
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

/** Opens the output where the record says; a start nobody recorded yet is recorded before anything is touched. */
export async function beginOutput(
  pass: ItemPass,
  target: ItemTarget<unknown>,
  outputStart: OutputPosition | undefined,
): Promise<ItemOutput> {
  const { attempt, path, recorded, redo, options } = pass
  const { core, baseDirectory, ownership, earlierOwnersDead, run } = attempt.facts
  attempt.calls.takeOutput(target.place(baseDirectory), path)
  const context: OutputContext = {
    files: timedFiles(core.files, pass.timings.timer, 'output'),
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

/** The position of an output that is whole. It is durable before the file is closed, so whether that succeeds changes nothing. */
export async function finishOutput(output: ItemOutput): Promise<OutputPosition> {
  try {
    return await output.finish()
  } catch (error) {
    if (isWaymarkError(error)) throw error
    return output.position
  }
}

/** Results as the output holds them. */
export function writtenResults(
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
