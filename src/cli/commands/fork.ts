import type { ForkedRun } from '../../engine/fork-run.ts'
import type { Store } from '../../engine/store.ts'
import { checkpointByPrefix, isCheckpoint, isNotFound } from '../checkpoint-by-prefix.ts'
import type { Context } from '../context.ts'
import { forkedParams } from '../forked-params.ts'
import { document, isoTime } from '../json-shapes.ts'
import { counted } from '../render/quantities.ts'
import { shortId } from '../render/run-label.ts'
import { line, span } from '../render/screen.ts'
import { withStore } from '../with-store.ts'

/** `waymark fork ADDRESS` */
export async function forkCommand(context: Context): Promise<number> {
  const { flags, arguments: words } = context.line
  const [address = ''] = words
  const [before, runId, given] = [flags.text('before'), flags.text('run-id'), flags.all('param')]
  const forked = await withStore(context, async (store, choice) => {
    const place = await placeOf(store, address)
    const params = given.length === 0 ? undefined : await forkedParams(await runAt(store, place), choice, given)
    return store.fork(place, {
      ...(before === undefined ? {} : { before }),
      ...(runId === undefined ? {} : { runId }),
      ...(params === undefined ? {} : { params }),
    })
  })
  await tell(context, forked)
  return 0
}

/** An address of a run as it is; the beginning of a checkpoint's id in full. */
async function placeOf(store: Store, address: string): Promise<string> {
  if (/[/@]/.test(address) || (await isCheckpoint(store, address))) return address
  try {
    await store.resolve(address)
    return address
  } catch (error) {
    if (!isNotFound(error)) throw error
    return checkpointByPrefix(store, address).catch(other => {
      throw isNotFound(other) ? error : other
    })
  }
}

/** The run whose params those of the fork are made from. */
async function runAt(store: Store, place: string) {
  const isOne = !/[/@]/.test(place) && (await isCheckpoint(store, place))
  const { run } = isOne ? await store.info(place) : { run: undefined }
  return (await store.resolve(run ?? place)).run
}

/** `new run 8dd1c from 7kq2m ◆ c54, original untouched → waymark resume 8dd1c` */
async function tell({ output }: Context, { run, pipeline, params, forkedFrom, stages, items, live }: ForkedRun): Promise<void> {
  const next = `waymark resume ${shortId(run)}`
  if (output.json) {
    const origin = { ...forkedFrom, time: isoTime(forkedFrom.time) }
    output.jsonLine(document('fork', { run, pipeline, params, forkedFrom: origin, stages, items, live }, { command: next }))
    return
  }
  const { glyphs } = output.stdoutScreen
  const { checkpoint, stage, before, changedParams = [] } = forkedFrom
  const place = checkpoint === undefined ? '' : ` ${glyphs.checkpoint} ${checkpoint}`
  const at = stage === undefined ? '' : ` (${before === true ? 'before' : 'at'} ${stage})`
  const has = [counted(stages, 'stage'), ...(items === 0 ? [] : [counted(items, 'item')])].join(' and ')
  await output.result([
    [
      span(`${glyphs.completed} new run ${shortId(run)}`, 'good'),
      span(` from ${shortId(forkedFrom.run)}${place}${at}, original untouched`),
    ],
    line(`  has      ${has} recorded; nothing was copied`, 'quiet'),
    ...(changedParams.length === 0 ? [] : [line(`  params   ${changedParams.join(', ')} changed from here on`, 'quiet')]),
    ...(live
      ? [line('  note     a process works on the original: what it records from now on does not count here', 'waiting')]
      : []),
    line(`next: ${next}`, 'quiet'),
  ])
}
