import type { Clock } from '../model/clock.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { Output } from './output.ts'
import { cancelledLines, completedLines, failedLines, pausedLines, type RunEnd } from './render/end-lines.ts'
import { logLine } from './render/logfmt.ts'
import { paintLines } from './render/paint.ts'
import { planLines } from './render/plan-lines.ts'
import { shortId } from './render/run-label.ts'
import { handled, RunProgress } from './render/run-progress.ts'
import { type Line, lasting } from './render/screen.ts'
import { progressLine, progressLines, stateLine, statusLine } from './render/state-lines.ts'
import type { RunReporter, WatchedRun } from './run-reporter.ts'
import { type StoreChoice, shown } from './store-choice.ts'

const progressEveryMs = 30_000
/** So many stages are announced one by one; after that only those that took a while, so that ten thousand short ones do not fill a log. */
const announcedStages = 200
const longStageMs = 1_000

/** Off a terminal: a line for a change of state, else at most one a stage each half minute. */
export class PlainReporter implements RunReporter {
  readonly #output: Output
  readonly #clock: Clock
  readonly #progress = new RunProgress()
  /** False for `--quiet` and `--progress none`: only what the user's code writes, errors and the end. */
  readonly #speaks: boolean
  #cancelTick: (() => void) | undefined
  #announced = 0
  /** A line is due for a stage after so many items, if it is. */
  readonly #every: number | undefined
  readonly #told = new Map<string, number>()

  constructor(
    output: Output,
    clock: Clock,
    { speaks, every }: { readonly speaks: boolean; readonly every?: number | undefined },
  ) {
    this.#every = every
    this.#output = output
    this.#clock = clock
    this.#speaks = speaks
  }

  store({ path, why }: StoreChoice): void {
    this.#progress.store = path
    this.#say(logLine(this.#clock.now(), 'store', { path: shown(path), why }))
  }

  event(event: RunEvent, time: number): void {
    this.#progress.apply(event, time)
    if (event.type === 'plan') {
      if (this.#speaks) this.#write(planLines(event.plan, shortId(event.plan.run), this.#output.stderrScreen))
      return
    }
    if (event.type === 'run.started') this.#cancelTick ??= this.#tick()
    if (event.type === 'progress') return this.#tellEvery(event.stage, time)
    if (event.type === 'stopping') return this.stopping(event.message)
    if (event.type === 'log') return this.userLine(event.stream, event.text)
    const text = stateLine(event, this.#progress, time)
    if (text === undefined) return
    const isStage = event.type === 'stage.completed' || event.type === 'stage.reused'
    if (isStage && ++this.#announced > announcedStages && !(event.type === 'stage.completed' && event.durationMs >= longStageMs))
      return
    this.#say(text)
  }

  attach(watched: WatchedRun): void {
    const { run, pipeline, attempt, owner } = watched
    this.#progress.attach(watched, this.#clock.now())
    this.#say(logLine(this.#clock.now(), 'watch', { run, pipeline, attempt, pid: owner?.pid, host: owner?.host }))
    this.#cancelTick ??= this.#tick()
  }

  /** Asked for, so it is said also where nothing else is. */
  status(): void {
    process.stderr.write(`${statusLine(this.#progress, this.#clock.now())}\n`)
  }

  userLine(stream: 'stdout' | 'stderr', text: string): void {
    process[stream].write(`${text}\n`)
  }

  stopping(text: string): void {
    this.#say(logLine(this.#clock.now(), 'stopping', { msg: text }))
  }

  restarting(text: string): void {
    this.#say(logLine(this.#clock.now(), 'restarting', { msg: text }))
  }

  notice(text: string): void {
    this.#say(logLine(this.#clock.now(), 'notice', { msg: text }))
  }

  suspend(): void {}

  async end(end: RunEnd): Promise<void> {
    this.#cancelTick?.()
    if (end.state === 'planned') return
    if (end.state === 'completed') {
      const lines = completedLines(end, this.#progress, this.#output.stdoutScreen)
      return this.#output.result(this.#output.quiet ? lines.slice(0, 1) : lines)
    }
    if (end.state === 'cancelled') return this.#output.message(cancelledLines(end, this.#progress, this.#output.stderrScreen))
    if (end.state === 'paused') return this.#output.message(pausedLines(end, this.#progress, this.#output.stderrScreen))
    await this.#output.message(failedLines(end, this.#output.stderrScreen, this.#output.debug, this.#progress))
  }

  #tellEvery(path: string, time: number): void {
    const stage = this.#progress.stageOf(path)
    if (this.#every === undefined || stage?.counts === undefined) return
    const done = handled(stage.counts)
    const told = this.#told.get(stage.name) ?? stage.reused
    // Items recorded by earlier attempts are no news, and a stage that is redone begins anew.
    if (done >= told && Math.floor(done / this.#every) === Math.floor(told / this.#every)) return
    this.#told.set(stage.name, done)
    this.#say(progressLine(stage, time))
  }

  #tick(): () => void {
    let cancel = () => {}
    const next = () => {
      cancel = this.#clock.after(
        progressEveryMs,
        () => {
          for (const text of progressLines(this.#progress, this.#clock.now())) this.#say(text)
          next()
        },
        { background: true },
      )
    }
    next()
    return () => cancel()
  }

  #write(lines: readonly Line[]): void {
    process.stderr.write(paintLines(lines, lasting(this.#output.stderrScreen)))
  }

  #say(text: string): void {
    if (this.#speaks) process.stderr.write(`${text}\n`)
  }
}
