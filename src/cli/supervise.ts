import type { Clock, Random } from '../model/clock.ts'
import { type ErrorCode, type ErrorJson, exitCodeOf, WaymarkError } from '../model/errors.ts'
import { randomFraction } from '../model/random-fraction.ts'
import type { EndCause, StoredError } from '../model/records.ts'
import type { Restart } from '../model/recovery-type.ts'
import { type Backoff, restartPauseMs } from '../model/restart-pause.ts'
import { stageNameOf } from '../model/scope.ts'
import { type ChildReport, PipelineProcess } from './child-process.ts'
import type { ChildOrder, ChildOutcome } from './child-protocol.ts'
import { crashCause, crashError, type ProcessEnd } from './crash-cause.ts'
import type { RunEnd } from './render/end-lines.ts'
import { duration } from './render/quantities.ts'
import { handled, isTopLevel } from './render/run-progress.ts'
import type { RunReporter } from './run-reporter.ts'
import { onceTogether, onStatusSignal } from './status-signal.ts'
import { type StopSignal, StopSignals } from './stop-signals.ts'

export interface Supervision {
  readonly order: ChildOrder
  /** How often a crashed or failed run is started again. */
  readonly restarts: number
  /** How long it waits before that. */
  readonly backoff: Backoff
  readonly random: Random
  /** So many items set aside are no reason for exit code 4. */
  readonly allowSetAside: number
  readonly reporter: RunReporter
  /** The pipeline's process says that a text is not to be shown. */
  readonly onHidden?: (text: string) => void
  /** It says which paths are not. */
  readonly onRedact?: (paths: readonly string[]) => void
  readonly clock: Clock
  /** Asks whether to go on all the same; undefined where nobody can be asked. */
  readonly ask: ((error: ErrorJson) => Promise<boolean>) | undefined
  /** Records why a process that is dead ended. */
  readonly recordCrash: (store: string, run: string, cause: EndCause, finished: ReadonlyMap<string, number>) => Promise<void>
}

interface StatusSupervision extends Supervision {
  /** Says how far it is; asked several times at once, once. */
  readonly status: () => void
}

/** Errors that another attempt may get over without anybody doing anything. */
const worthRestarting: readonly ErrorCode[] = ['failed', 'unavailable', 'disk_full', 'limit']

/** Runs a pipeline in processes of its own until it is completed, stopped, or has failed for good. Always ends the reporter. */
export async function supervise(supervision: Supervision): Promise<RunEnd> {
  const signals = new StopSignals(supervision.clock)
  const status = onceTogether(supervision.clock, () => supervision.reporter.status())
  const closeStatus = onStatusSignal(supervision.clock, status)
  signals.listen()
  try {
    const ended = await superviseUntilEnd({ ...supervision, status }, signals)
    const end = supervision.order.open?.inMemory === true ? withoutStore(ended) : ended
    await supervision.reporter.end(end)
    return end
  } finally {
    signals.close()
    closeStatus()
  }
}

/** Nothing of it can be gone on with or looked at. */
function withoutStore({ error, ...end }: RunEnd): RunEnd {
  if (error === undefined || end.run === undefined) return { ...end, ...(error && { error }), kept: false }
  const remedy = /waymark (resume|show|events|items)\b/.test(error.remedy)
    ? 'Mend the cause and run the same command again: it begins anew.'
    : error.remedy
  return { ...end, error: { ...error, means: 'Checkpoints are off: nothing of the run is kept.', remedy }, kept: false }
}

async function superviseUntilEnd(supervision: StatusSupervision, signals: StopSignals): Promise<RunEnd> {
  const { reporter, clock } = supervision
  const startedAt = clock.monotonicMs()
  let { order } = supervision
  let run: string | undefined
  for (let restarts = 0; ; ) {
    const attempt = new AttemptWatch(order, supervision, signals)
    const result = await attempt.finish()
    run = attempt.run ?? run
    const durationMs = clock.monotonicMs() - startedAt
    if (result.state !== 'failed') return endOf(result, run, durationMs, supervision.allowSetAside)
    const { error, cause } = result
    if (signals.exitCode !== undefined && error.code === 'cancelled') {
      const known = run ?? order.runId
      if (known === undefined)
        return { state: 'failed', exitCode: signals.exitCode, run: undefined, durationMs, setAside: 0, error }
      return { state: 'paused', exitCode: signals.exitCode, run: known, durationMs, setAside: 0 }
    }
    const held = heldOption(error)
    // It did what was asked of it.
    if (held !== undefined) return { state: 'paused', exitCode: 0, run, durationMs, setAside: 0, held }
    const stopped = stopOnRequest(error)
    if (stopped !== undefined) return { ...stopped, run, durationMs, setAside: 0, error }
    const accepted = await askedAndAccepted(error, supervision, signals)
    if (accepted !== undefined) {
      order = { ...order, ...accepted }
      continue
    }
    const failed: RunEnd = {
      state: 'failed',
      exitCode: exitCodeOf[error.code],
      run,
      durationMs,
      setAside: 0,
      error,
      ...(cause === undefined ? {} : { cause }),
    }
    if (
      restarts >= supervision.restarts ||
      run === undefined ||
      signals.first !== undefined ||
      !worthRestarting.includes(error.code)
    )
      return failed
    const backoffMs = Math.round(restartPauseMs(restarts + 1, supervision.backoff, randomFraction(supervision.random)))
    restarts++
    const restart: Restart = { restart: restarts, restarts: supervision.restarts, backoffMs }
    const why = error.message.split('\n')[0]
    reporter.restarting(`${why}; restart ${restarts} of ${supervision.restarts} in ${duration(backoffMs)}`, restart)
    if (!(await pause(clock, backoffMs, signals))) return failed
    order = nextOrder(order, run, attempt.redoLeft, restart)
  }
}

function endOf(
  outcome: Exclude<ChildOutcome, { state: 'failed' }>,
  run: string | undefined,
  durationMs: number,
  allowSetAside: number,
): RunEnd {
  if (outcome.state === 'planned') return { state: 'planned', exitCode: 0, run, durationMs, setAside: 0 }
  return {
    state: 'completed',
    exitCode: outcome.setAside > allowSetAside ? 4 : 0,
    run: outcome.run,
    durationMs,
    setAside: outcome.setAside,
    value: outcome.value,
  }
}

/** The next attempt goes on with this run: a fresh start, and a redo that has begun, happened already. */
function nextOrder(order: ChildOrder, run: string, redo: readonly string[], restart: Restart): ChildOrder {
  const { from: _from, ...rest } = order
  // What was paused since is not taken up again.
  return { ...rest, runId: run, fresh: false, redo, restart, acceptStale: true, resumePaused: false }
}

/** How the run ended if another process asked it to; one that stood still before anything began is an error. */
function stopOnRequest({ code, details }: ErrorJson): Pick<RunEnd, 'state' | 'exitCode'> | undefined {
  if (details?.['stopped'] !== true) return undefined
  if (code === 'paused') return { state: 'paused', exitCode: exitCodeOf[code] }
  return code === 'cancelled' ? { state: 'cancelled', exitCode: exitCodeOf[code] } : undefined
}

/** The option for which the run stopped before a stage, if it did. */
function heldOption({ code, details }: ErrorJson): string | undefined {
  const { held, stage } = details ?? {}
  return code === 'cancelled' && typeof held === 'string' ? `before ${stage}, as asked with ${held}` : undefined
}

async function askedAndAccepted(
  error: ErrorJson,
  supervision: Supervision,
  signals: StopSignals,
): Promise<Pick<ChildOrder, 'acceptStale'> | Pick<ChildOrder, 'acceptInput'> | undefined> {
  if (supervision.ask === undefined || signals.first !== undefined) return undefined
  if (error.code !== 'stale' && error.code !== 'input_changed') return undefined
  supervision.reporter.suspend()
  if (!(await supervision.ask(error))) return undefined
  return error.code === 'stale' ? { acceptStale: true } : { acceptInput: true }
}

/** False if a signal ended the pause. */
function pause(clock: Clock, pauseMs: number, signals: StopSignals): Promise<boolean> {
  return new Promise(resolve => {
    const cancel = clock.after(pauseMs, () => resolve(true))
    const giveUp = () => {
      cancel()
      resolve(false)
    }
    signals.direct({ stop: giveUp, abort: giveUp, kill: giveUp })
  })
}

/** One process of a run and what it tells. */
class AttemptWatch {
  run: string | undefined
  /** Stages that were to be thrown away, and were not yet. */
  readonly #redoLeft = new Set<string>()
  /** Items that it told of as finished, of each of the run's own passes that go on. */
  readonly #finished = new Map<string, number>()
  readonly #supervision: StatusSupervision
  readonly #order: ChildOrder
  readonly #process: PipelineProcess
  readonly #signals: StopSignals
  readonly #startedAt: number
  #store: string | undefined

  constructor(order: ChildOrder, supervision: StatusSupervision, signals: StopSignals) {
    const { reporter, clock } = supervision
    this.#supervision = supervision
    this.#order = order
    this.#signals = signals
    this.#startedAt = clock.monotonicMs()
    this.#process = new PipelineProcess(
      order,
      { onMessage: message => this.#receive(message), onLine: (stream, text) => reporter.userLine(stream, text) },
      clock,
    )
    signals.direct({
      stop: signal => {
        this.#process.stop()
        reporter.stopping(stopText(signal))
      },
      abort: signal => {
        this.#process.abort()
        reporter.stopping(`stopping now: saving what is finished; ${again(signal)} kills it`)
      },
      kill: why => this.#process.kill(why),
    })
  }

  get redoLeft(): readonly string[] {
    return [...this.#redoLeft]
  }

  async finish(): Promise<ChildOutcome> {
    const end = await this.#process.ended
    return end.kind === 'outcome' ? end.outcome : this.#died(end.end, end.thrown)
  }

  #receive(message: ChildReport): void {
    if (message.type === 'store') {
      this.#store = message.store.path
      this.#supervision.reporter.store(message.store)
    }
    if (message.type === 'hidden') this.#supervision.onHidden?.(message.text)
    if (message.type === 'redact') this.#supervision.onRedact?.(message.paths)
    if (message.type === 'status') this.#supervision.status()
    if (message.type !== 'event') return
    const { event } = message
    if (event.type === 'plan') {
      this.run = event.plan.run
      for (const stage of event.plan.stages) if (stage.asked === true) this.#redoLeft.add(stage.path)
      // Stages inside others are in no plan.
      for (const name of this.#order.redo) if (name.includes('/')) this.#redoLeft.add(name)
    }
    if (event.type === 'progress' && isTopLevel(event.stage)) this.#finished.set(event.stage, handled(event.counts))
    if (event.type === 'stage.completed' || event.type === 'stage.failed') this.#finished.delete(event.stage)
    if (event.type === 'stage.started') {
      this.#redoLeft.delete(event.stage)
      this.#redoLeft.delete(stageNameOf(event.stage))
    }
    this.#supervision.reporter.event(event, message.time)
  }

  async #died(end: ProcessEnd, thrown: StoredError | undefined): Promise<ChildOutcome> {
    const { reporter, clock } = this.#supervision
    const first = this.#signals.first
    // Ctrl-C reaches the process too, which cannot say anything while it is loading.
    if (this.run === undefined && first !== undefined && end.signal === first)
      return { state: 'failed', error: stoppedWhileLoading(first) }
    const cause = crashCause(end)
    const error = crashError(this.run, cause, end.lastWords, this.#order.runId)
    if (this.run !== undefined) {
      const durationMs = clock.monotonicMs() - this.#startedAt
      reporter.event({ type: 'run.ended', state: 'failed', durationMs, error, cause, setAside: 0 }, clock.now())
      await this.#recordCrash(this.run, cause)
    }
    return { state: 'failed', error, ...(thrown === undefined ? {} : { cause: thrown }) }
  }

  async #recordCrash(run: string, cause: EndCause): Promise<void> {
    try {
      if (this.#store !== undefined) await this.#supervision.recordCrash(this.#store, run, cause, this.#finished)
    } catch (error) {
      // The crash still shows: its owner is dead. Only the cause is missing from the record.
      const why = error instanceof Error ? error.message : String(error)
      this.#supervision.reporter.notice(`why the process ended could not be recorded: ${why}`)
    }
  }
}

const stopText = (signal: StopSignal): string => `${signal}: finishing what is in flight, then saving; ${again(signal)} stops now`
const again = (signal: StopSignal): string => (signal === 'SIGINT' ? 'Ctrl-C again' : `a further ${signal}`)

const stoppedWhileLoading = (signal: StopSignal): ErrorJson =>
  new WaymarkError('cancelled', {
    message: `stopped by ${signal} while the pipeline was being loaded`,
    means: 'No run was begun.',
    remedy: 'Run the same command again.',
  }).toJSON()
