import type { RunSummary } from '../engine/run-summary.ts'
import type { StopOptions, StopReport } from '../engine/stop-run.ts'
import type { Store } from '../engine/store.ts'
import type { RunView } from '../model/run-view.ts'
import type { Context } from './context.ts'
import { document, runShape } from './json-shapes.ts'
import { nextActions } from './render/next-action.ts'
import { line } from './render/screen.ts'
import { stopLines } from './render/stop-lines.ts'
import { timeSpan } from './time-span.ts'
import { withStore } from './with-store.ts'

/** Asks for a stop, waits, and says what is recorded and what to do next. */
export async function stopCommand(
  context: Context,
  command: 'pause' | 'cancel',
  stop: (store: Store, run: string, options: StopOptions) => Promise<StopReport>,
): Promise<number> {
  const { line: typed, output, clock, settings } = context
  const [address = ''] = typed.arguments
  const timeout = typed.flags.text('timeout')
  const reason = typed.flags.text('reason')
  const options: StopOptions = {
    wait: !typed.flags.on('no-wait'),
    onWait: (what, run) => tellWaiting(context, what, run),
    ...(timeout === undefined ? {} : { timeoutMs: timeSpan(timeout, 'timeout', typed.command) }),
    ...(reason === undefined ? {} : { reason }),
  }
  return withStore(context, async store => {
    const report = await stop(store, (await store.resolve(address)).run.id, options)
    const run = await store.run(report.run)
    const [next] = nextActions(run, { staleAfterMs: settings.staleAfterMs, now: clock.now() })
    if (output.json) {
      output.jsonLine(document(command, { run: runShape(run), how: report.how }, hintOf(next)))
      return 0
    }
    const stages = await store.stages(run.id)
    await output.result(stopLines(command, report, run, stages, next, clock.now(), output.stdoutScreen))
    return 0
  })
}

const hintOf = (next: string | undefined): { readonly command: string } | undefined =>
  next?.startsWith('waymark ') === true ? { command: next } : undefined

function tellWaiting({ output }: Context, what: 'asked' | 'seen', run: RunView | RunSummary): void {
  if (output.json || output.quiet) return
  const who = `process ${run.owner?.pid} on ${run.owner?.host}`
  const text =
    what === 'asked'
      ? `asked ${who}; waiting until it has stopped (Ctrl-C only stops the waiting)`
      : `${who} has seen it and is ending`
  void output.message([line(text, 'quiet')])
}
