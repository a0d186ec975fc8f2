import { createInterface } from 'node:readline/promises'
import { processStartOf } from '../engine/process-identity.ts'
import type { ErrorJson } from '../model/errors.ts'
import type { EndCause } from '../model/records.ts'
import type { ChildOrder } from './child-protocol.ts'
import type { Context } from './context.ts'
import type { RunReporter } from './run-reporter.ts'
import { isTerminal } from './screen-of.ts'
import { supervise } from './supervise.ts'

/** Which pipeline with what, as `run` and `resume` find it out. */
export type PipelineRequest = Pick<ChildOrder, 'file' | 'shownFile' | 'params' | 'store' | 'fresh' | 'runId'>

/** Runs a pipeline under supervision and reports it as the user asked for; resolves to the exit code. */
export async function runPipeline(context: Context, request: PipelineRequest): Promise<number> {
  const { line, settings, clock } = context
  const processStart = processStartOf(process.pid)
  const order: ChildOrder = {
    ...request,
    kind: line.flags.on('plan') ? 'plan' : 'run',
    redo: line.flags.all('redo'),
    acceptChangedInput: line.flags.on('accept-changed-input'),
    acceptStale: line.flags.on('accept-stale'),
    supervisor: { pid: process.pid, ...(processStart === undefined ? {} : { processStart }) },
    ...(settings.staleAfterMs === undefined ? {} : { staleAfterMs: settings.staleAfterMs }),
  }
  const reporter = await reporterFor(context)
  const end = await supervise({
    order,
    restarts: settings.restart,
    reporter,
    clock,
    ask: canAsk(context) ? ask : undefined,
    recordCrash,
  })
  return end.exitCode
}

async function reporterFor({ output, settings, environment, clock }: Context): Promise<RunReporter> {
  if (output.json) return new (await import('./json-reporter.ts')).JsonReporter(output, clock)
  const draws = settings.progress === 'auto' && !output.quiet && isTerminal(process.stderr, environment)
  if (draws) return new (await import('./live-reporter.ts')).LiveReporter(output, clock)
  return new (await import('./plain-reporter.ts')).PlainReporter(output, clock, settings.progress !== 'none' && !output.quiet)
}

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

async function recordCrash(path: string, run: string, cause: EndCause): Promise<void> {
  const { open } = await import('../open.ts')
  const store = await open({ path, create: false })
  try {
    await store.recordCrash(run, cause)
  } finally {
    await store.close()
  }
}
