import { createLogUpdate } from 'log-update'
import type { Clock } from '../model/clock.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { Output } from './output.ts'
import { cancelledLines, completedLines, failedLines, pausedLines, type RunEnd } from './render/end-lines.ts'
import { liveArea } from './render/live-area.ts'
import { paintLine } from './render/paint.ts'
import { planLines } from './render/plan-lines.ts'
import { shortId } from './render/run-label.ts'
import { isTopLevel, RunProgress } from './render/run-progress.ts'
import { type Line, lasting, line, type Screen } from './render/screen.ts'
import { completedLine, failedLine, reusedLine } from './render/stage-line.ts'
import { statusLine } from './render/state-lines.ts'
import type { RunReporter, WatchedRun } from './run-reporter.ts'
import { type StoreChoice, shown } from './store-choice.ts'

const redrawEveryMs = 100
/** So many stages get a lasting line; after that only those that took a while. */
const announcedStages = 50
const longStageMs = 1_000
/** Lines waiting to be written above the live area before they are written without waiting for the next redraw. */
const maxPending = 500

/** On a terminal: lasting lines scroll, and below them an area of at most 8 lines is redrawn in place, ten times a second. */
export class LiveReporter implements RunReporter {
  readonly #output: Output
  readonly #clock: Clock
  readonly #progress = new RunProgress()
  readonly #draw = createLogUpdate(process.stderr)
  #pending: { readonly stream: 'stdout' | 'stderr'; readonly text: string }[] = []
  #cancelTick: (() => void) | undefined
  #announced = 0

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
  }

  store({ path, why }: StoreChoice): void {
    this.#progress.store = path
    this.#above(line(`store ${shown(path)} (${why})`, 'quiet'))
  }

  event(event: RunEvent, time: number): void {
    this.#progress.apply(event, time)
    const screen = this.#screen()
    switch (event.type) {
      case 'plan':
        for (const one of planLines(event.plan, shortId(event.plan.run), screen)) this.#above(one)
        this.#flush()
        return
      case 'run.started':
        this.#startDrawing()
        return
      case 'stage.completed':
        if (this.#announces(event.stage, event.durationMs)) this.#above(completedLine(event, screen))
        return
      case 'stage.reused':
        if (this.#announces(event.stage, 0)) this.#above(reusedLine(event.stage, event.counts, screen))
        return
      case 'stage.failed':
        this.#above(failedLine(event.stage, event.error.message.split('\n')[0] ?? '', screen))
        return
      case 'stopping':
        this.stopping(event.message)
        return
      case 'notice':
        this.notice(event.message)
        return
      case 'log':
        this.userLine(event.stream, event.text)
        return
      default:
    }
  }

  attach(watched: WatchedRun): void {
    const { run, pipeline, attempt, owner } = watched
    this.#progress.attach(watched, this.#clock.now())
    const where = owner === undefined ? '' : ` ${this.#screen().glyphs.separator} process ${owner.pid} on ${owner.host}`
    this.#above(
      line(`watching ${pipeline} ${shortId(run)} ${this.#screen().glyphs.separator} attempt ${attempt}${where}`, 'quiet'),
    )
    this.#startDrawing()
  }

  /** The line stays above the live area, so that it can be copied. */
  status(): void {
    this.#above(line(statusLine(this.#progress, this.#clock.now()), 'plain'))
  }

  userLine(stream: 'stdout' | 'stderr', text: string): void {
    // What goes to a file or a program goes there at once, and as it is.
    if (stream === 'stdout' && !process.stdout.isTTY) {
      process.stdout.write(`${text}\n`)
      return
    }
    this.#pend(stream, text)
  }

  stopping(text: string): void {
    this.#progress.stopping = text
    this.#above(line(text, 'waiting'))
    this.#flush()
  }

  restarting(text: string): void {
    this.#stopDrawing()
    this.#above(line(text, 'waiting'))
    this.#flush()
  }

  notice(text: string): void {
    this.#above(line(`note  ${text}`, 'waiting'))
  }

  suspend(): void {
    this.#stopDrawing()
  }

  async end(end: RunEnd): Promise<void> {
    this.#stopDrawing()
    if (end.state === 'planned') return
    if (end.state === 'completed') return this.#output.result(completedLines(end, this.#progress, this.#output.stdoutScreen))
    if (end.state === 'cancelled') return this.#output.message(cancelledLines(end, this.#progress, this.#output.stderrScreen))
    if (end.state === 'paused') return this.#output.message(pausedLines(end, this.#progress, this.#output.stderrScreen))
    await this.#output.message(failedLines(end, this.#output.stderrScreen, this.#output.debug, this.#progress))
  }

  /** The size of the terminal may change while it is drawn on. */
  #screen(): Screen {
    return { ...this.#output.stderrScreen, columns: process.stderr.columns ?? 80, rows: process.stderr.rows ?? 24 }
  }

  #announces(stage: string, durationMs: number): boolean {
    if (!isTopLevel(stage)) return false
    return ++this.#announced <= announcedStages || durationMs >= longStageMs
  }

  #above(one: Line): void {
    this.#pend('stderr', paintLine(one, lasting(this.#screen())))
  }

  #pend(stream: 'stdout' | 'stderr', text: string): void {
    this.#pending.push({ stream, text })
    if (this.#pending.length >= maxPending) this.#flush()
  }

  /** Writes what waits above the live area, and the area again below it. */
  #flush(): void {
    const drawing = this.#cancelTick !== undefined
    if (this.#pending.length > 0) {
      if (drawing) this.#draw.clear()
      for (const { stream, text } of this.#pending) process[stream].write(`${text}\n`)
      this.#pending = []
    }
    if (drawing) this.#draw(this.#areaText())
  }

  #areaText(): string {
    const screen = this.#screen()
    return liveArea(this.#progress, this.#clock.now(), screen)
      .map(one => paintLine(one, screen))
      .join('\n')
  }

  #startDrawing(): void {
    if (this.#cancelTick !== undefined) return
    let cancel = () => {}
    const next = () => {
      cancel = this.#clock.after(
        redrawEveryMs,
        () => {
          this.#flush()
          next()
        },
        { background: true },
      )
    }
    this.#cancelTick = () => cancel()
    next()
  }

  #stopDrawing(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    this.#draw.clear()
    this.#draw.done()
    this.#flush()
  }
}
