import type { LogEvent } from '../../engine/log-events.ts'
import type { Redaction } from '../../engine/redaction.ts'
import { RunRedaction } from '../../engine/run-redaction.ts'
import type { Store } from '../../engine/store.ts'
import { stageOf } from '../../model/apply-record.ts'
import { isInside } from '../../model/scope.ts'
import { addressedStage } from '../addressed-stage.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { eventLine, exitLine, recordShape } from '../json-shapes.ts'
import { recordLine } from '../render/record-line.ts'
import { withStore } from '../with-store.ts'

/** `waymark events ADDRESS --raw`: the records of a run, as they stand in the log. */
export async function rawEventsCommand(context: Context, address: string): Promise<number> {
  const { line, output, clock } = context
  return withStore(context, async store => {
    const found = await store.resolve(address)
    const { run } = found
    const { path: stage, isItem } = await addressedStage(store, found)
    if (isItem)
      throw wrongUsage('--raw shows records of a run or a stage, not of one item; leave out the key, or --raw', line.command)
    // Before the first record is shown: a later one may say what is secret in it.
    output.showWith((await RunRedaction.of(store, run.id)).redaction)
    for await (const event of wanted(store, run.id, stage, line.flags.count('limit') || undefined)) {
      if (output.json) output.jsonLine(eventLine(event.time, run.id, recordShape(event)))
      else process.stdout.write(`${output.shownText(recordLine(redactedParams(event, output.redaction)))}\n`)
    }
    if (output.json) output.jsonLine(exitLine(clock.now(), run.id, 0))
    return 0
  })
}

function redactedParams(event: LogEvent, redaction: Redaction | undefined): LogEvent {
  if (event.type !== 'run.created' || redaction === undefined) return event
  return { ...event, params: redaction.shown('params', event.params) }
}

async function* wanted(
  store: Store,
  run: string,
  stage: string | undefined,
  limit: number | undefined,
): AsyncIterableIterator<LogEvent> {
  const last: LogEvent[] = []
  for await (const event of store.events(run)) {
    const path = stageOf(event)
    if (stage !== undefined && (path === undefined || (path !== stage && !isInside(path, stage)))) continue
    if (limit === undefined) {
      yield event
      continue
    }
    last.push(event)
    if (last.length > limit) last.shift()
  }
  yield* last
}
