import { createInterface } from 'node:readline/promises'
import { processStartOf } from '../engine/process-identity.ts'
import { Redaction } from '../engine/redaction.ts'
import { runLogOf } from '../engine/run-log-of.ts'
import { systemRandom } from '../model/clock.ts'
import type { ErrorJson } from '../model/errors.ts'
import type { EndCause } from '../model/records.ts'
import { type Backoff, defaultBackoff } from '../model/restart-pause.ts'
import type { ChildOpenOptions, ChildOrder } from './child-protocol.ts'
import type { Flags } from './command-line.ts'
import type { Context } from './context.ts'
import { childKey, keyOf } from './given-key.ts'
import { namedParams } from './param-arguments.ts'
import { reporterFor } from './reporter-for.ts'
import type { RunReporter } from './run-reporter.ts'
import { isTerminal } from './screen-of.ts'
import { type Settings, savingOf } from './settings.ts'
import { supervise } from './supervise.ts'

/** Which pipeline with what, as `run` and `resume` find it out. */
export type PipelineRequest = Pick<
  ChildOrder,
  'file' | 'shownFile' | 'params' | 'store' | 'fresh' | 'runId' | 'resumePaused' | 'asksToResume'
>

/** Runs a pipeline under supervision and reports it as the user asked for; resolves to the exit code. */
export async function runPipeline(context: Context, request: PipelineRequest): Promise<number> {
  const { line, settings, clock } = context
  const processStart = processStartOf(process.pid)
  const { durability } = settings
  // Whoever names an older run means what is kept of it.
  const keepsNothing = settings.checkpoints === false && request.resumePaused !== true
  // Nothing of it is written down that could be sealed.
  const key = keepsNothing ? undefined : await childKey(context, request.store)
  const order: ChildOrder = {
    ...request,
    kind: line.flags.on('plan') ? 'plan' : 'run',
    redo: line.flags.all('redo'),
    ...selectionOf(line.flags),
    acceptInput: line.flags.on('accept-input'),
    acceptStale: line.flags.on('accept-stale'),
    supervisor: { pid: process.pid, ...(processStart === undefined ? {} : { processStart }) },
    ...(settings.staleAfterMs === undefined ? {} : { staleAfterMs: settings.staleAfterMs }),
    ...(durability === undefined ? {} : { durability }),
    open: openOptionsOf(settings, keepsNothing),
    ...(settings.retention === undefined ? {} : { retention: settings.retention }),
    ...(key === undefined ? {} : { key }),
    ...(settings.redact === undefined ? {} : { redact: settings.redact }),
  }
  const redaction = new Redaction(settings.redact)
  redaction.shown('params', 'input' in order.params ? order.params.input : namedParams(order.params.raw))
  context.output.showWith(redaction)
  const reporter = await reporterOf(context, order)
  const end = await supervise({
    order,
    restarts: settings.restart,
    backoff: { ...defaultBackoff, ...(settings.backoffMs === undefined ? {} : backoffFrom(settings.backoffMs)) },
    random: systemRandom,
    allowSetAside: line.flags.count('allow-set-aside') ?? 0,
    reporter,
    onHidden: text => redaction.hidden.addAllOf(text),
    onRedact: paths => redaction.add(paths),
    clock,
    ask: canAsk(context) ? ask : undefined,
    recordCrash: async (path, run, cause, finished) => {
      if (!keepsNothing) await recordCrash({ context, reporter, path }, run, cause, finished)
    },
  })
  return end.exitCode
}

/** What the processes of the run print goes into the log files, where there are some. */
async function reporterOf(context: Context, { kind }: ChildOrder): Promise<RunReporter> {
  const reporter = await reporterFor(context)
  const {
    settings: { logs },
    output: { shownText },
    clock,
  } = context
  if (logs === undefined || kind !== 'run') return reporter
  const { loggingReporter } = await import('./logging-reporter.ts')
  return loggingReporter(reporter, { logs, shownText, clock })
}

const openOptionsOf = (settings: Settings, keepsNothing: boolean): ChildOpenOptions => ({
  ...savingOf(settings),
  ...(settings.save && { save: settings.save }),
  ...(keepsNothing && { inMemory: true }),
  ...(settings.logs && { logs: settings.logs }),
})

/** Which stages it is asked to keep to. */
function selectionOf(flags: Flags): Pick<ChildOrder, 'from' | 'only' | 'until'> {
  const [from, only, until] = [flags.text('from'), flags.all('only'), flags.text('until')]
  return {
    ...(from === undefined ? {} : { from }),
    ...(only.length === 0 ? {} : { only }),
    ...(until === undefined ? {} : { until }),
  }
}

/** A first pause that is longer than the longest raises that too. */
const backoffFrom = (firstMs: number): Backoff => ({ firstMs, longestMs: Math.max(firstMs, defaultBackoff.longestMs) })

const canAsk = ({ output, environment }: Context): boolean =>
  !output.json && process.stdin.isTTY === true && isTerminal(process.stderr, environment)

async function ask(error: ErrorJson): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${error.message}\n${error.means}\nGo on all the same? [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    // Ctrl-C and the end of the input are a no.
    return false
  } finally {
    terminal.close()
  }
}

async function recordCrash(
  { context, reporter, path }: { readonly context: Context; readonly reporter: RunReporter; readonly path: string },
  run: string,
  cause: EndCause,
  finished: ReadonlyMap<string, number>,
): Promise<void> {
  const { open } = await import('../open.ts')
  const { logs } = context.settings
  const store = await open({ path, create: false, ...(await keyOf(context)), ...(logs && { logs }) })
  // The pipeline's process cannot write these lines any more.
  runLogOf(store)?.watchedBy({
    notice: text => reporter.notice(text),
    console: text => reporter.userLine('stderr', text),
    redaction: context.output.redaction,
  })
  try {
    await store.recordCrash(run, cause, finished)
  } finally {
    await store.close()
  }
}
