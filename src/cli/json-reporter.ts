import type { Clock } from '../model/clock.ts'
import type { Restart } from '../model/recovery-type.ts'
import type { RunEvent } from '../model/run-events.ts'
import { eventLine, exitLine } from './json-shapes.ts'
import type { Output } from './output.ts'
import { streamSummaryShape } from './record-shapes.ts'
import type { RunEnd } from './render/end-lines.ts'
import { shortId } from './render/run-label.ts'
import type { RunReporter, WatchedRun } from './run-reporter.ts'
import type { StoreChoice } from './store-choice.ts'

/** `--json`: one object a line, and nothing else on stdout. */
export class JsonReporter implements RunReporter {
  readonly #output: Output
  readonly #clock: Clock
  #run: string | undefined

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
  }

  store(choice: StoreChoice): void {
    this.#write({ type: 'store', ...choice })
  }

  event(event: RunEvent, time: number): void {
    if (event.type === 'plan') this.#run = event.plan.run
    const shaped =
      event.type === 'run.ended' && event.records !== undefined
        ? { ...event, records: event.records.map(streamSummaryShape) }
        : event
    this.#output.jsonLine(eventLine(time, this.#run, shaped))
  }

  attach({ run, ...watched }: WatchedRun): void {
    this.#run = run
    this.#write({ type: 'watching', ...watched })
  }

  /** Every event is told as it comes. */
  status(): void {}

  userLine(stream: 'stdout' | 'stderr', text: string): void {
    this.#write({ type: 'log', stream, text })
  }

  stopping(text: string): void {
    this.#write({ type: 'stopping', message: text })
  }

  restarting(text: string, restart: Restart): void {
    this.#write({ type: 'restarting', message: text, ...restart })
  }

  notice(text: string): void {
    this.#write({ type: 'notice', message: text })
  }

  suspend(): void {}

  async end(end: RunEnd): Promise<void> {
    if (end.state === 'completed') {
      const value: unknown = end.value?.json === undefined ? undefined : JSON.parse(end.value.json)
      this.#write({ type: 'result', setAside: end.setAside, ...(value === undefined ? {} : { value }) })
    }
    const run = end.run ?? this.#run
    const hint = run === undefined || end.kept === false ? undefined : hintOf(end, run)
    const error = end.error === undefined ? undefined : { ...end.error, ...(end.cause === undefined ? {} : { cause: end.cause }) }
    this.#output.jsonLine(exitLine(this.#clock.now(), run, end.exitCode, error, hint))
  }

  #write(event: { readonly type: string; readonly [field: string]: unknown }): void {
    this.#output.jsonLine(eventLine(this.#clock.now(), this.#run, event))
  }
}

/** What to do next, where that is a command. */
function hintOf({ state, next }: RunEnd, run: string): { readonly command: string } | undefined {
  if (state === 'completed') return { command: `waymark show ${shortId(run)}` }
  const command = next ?? `waymark resume ${shortId(run)}`
  return command.startsWith('waymark ') ? { command } : undefined
}
