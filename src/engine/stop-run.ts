import { sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RunView } from '../model/run-view.ts'
import { pausedOnPurpose, type StopKind, type StopRequest } from '../model/stop-request.ts'
import { leaseHeld, runLiveness } from './ownership.ts'
import { recordStop } from './record-stop.ts'
import type { StoreCore } from './store-core.ts'

export interface StopOptions {
  /** False: only asks, and does not wait until the run has stopped. Default true. */
  readonly wait?: boolean
  /** How long to wait for items in flight. Default 10 minutes. A process that does not even notice within 15 seconds is waited for no longer. */
  readonly timeoutMs?: number
  /** Kept with the run and shown. */
  readonly reason?: string
  /** Stops waiting; what was asked stays asked. */
  readonly signal?: AbortSignal
  /** Told once each: what is waited for. */
  readonly onWait?: (what: 'asked' | 'seen', run: RunView) => void
}

export interface PauseOptions extends StopOptions {
  /** Abort items in flight instead of finishing them. Default false. */
  readonly now?: boolean
}

/** How a request to stop ended. */
export interface StopReport {
  readonly run: string
  /** What the run is now. `running`: it was only asked. */
  readonly state: 'paused' | 'cancelled' | 'completed' | 'running'
  /**
   * `obeyed`: by the process that works on it. `recorded`: no process worked on it, so it is written down here. `already`: it was so before. `overtaken`: it ended otherwise meanwhile. `asked`: not
   * waited for.
   */
  readonly how: 'obeyed' | 'recorded' | 'already' | 'overtaken' | 'asked'
}

const defaultTimeoutMs = 600_000
const noticeMs = 15_000
const pollMs = 100

/**
 * Asks the process that works on a run to stop, and waits until it has; where none does, writes the end down itself. Asking twice, or from two processes, is asking once.
 *
 * @throws WaymarkError `lease_held` with what is known if its process does not stop in time: it still may; `cancelled` by the signal; `invalid`, `not_found`
 */
export async function stopRun(core: StoreCore, id: string, kind: StopKind, options: StopOptions): Promise<StopReport> {
  checkOptions(options)
  const { clock, self } = core
  const startedMs = clock.monotonicMs()
  const { reason } = options
  const by = { host: self.host, pid: self.pid }
  const request: StopRequest = { kind, time: clock.now(), by, ...(reason === undefined ? {} : { reason }) }
  let asked: Asked | undefined
  for (;;) {
    const run = await freshView(core, id)
    const ended = endOf(run, kind, asked !== undefined)
    if (ended !== undefined) {
      if (asked !== undefined) await core.requests.forget(id, asked.attempt)
      return ended
    }
    if ((await runLiveness(core, run)) !== 'alive') {
      if (await recordStop(core, run, request)) return { run: id, state: stateOf(kind), how: 'recorded' }
    } else if (asked?.attempt !== run.attempt) {
      await core.requests.ask(id, run.attempt, request)
      asked = { attempt: run.attempt, atMs: clock.monotonicMs(), seen: false }
      if (options.wait === false) return { run: id, state: 'running', how: 'asked' }
      options.onWait?.('asked', run)
    } else {
      await watchOver(core, run, kind, asked, startedMs, options)
    }
    await sleep(clock, pollMs, options.signal).catch(() => {
      throw notWaitedFor(id, kind)
    })
  }
}

interface Asked {
  readonly attempt: number
  readonly atMs: number
  seen: boolean
}

const stateOf = (kind: StopKind): 'paused' | 'cancelled' => (kind === 'cancel' ? 'cancelled' : 'paused')

async function freshView(core: StoreCore, id: string): Promise<RunView> {
  await core.feed.refresh()
  const run = await core.feed.query(catalog => catalog.run(id))
  if (run !== undefined) return run
  throw new WaymarkError('not_found', {
    message: `there is no run ${id} in this store`,
    means: 'Nothing was changed.',
    remedy: 'waymark ls  lists the runs',
  })
}

/** Nothing is left to ask of a run that is over, or stands still on purpose. One that was stopped by a signal, failed or died does not: the next timer would begin it again. */
function endOf(run: RunView, kind: StopKind, wasAsked: boolean): StopReport | undefined {
  if (run.owner !== undefined) return undefined
  if (run.state === 'completed' || run.state === 'cancelled') {
    const how = !wasAsked ? 'already' : run.state === stateOf(kind) ? 'obeyed' : 'overtaken'
    return { run: run.id, state: run.state, how }
  }
  if (kind === 'cancel' || pausedOnPurpose(run) === undefined) return undefined
  return { run: run.id, state: 'paused', how: wasAsked ? 'obeyed' : 'already' }
}

/** Looks whether the request was noticed, and gives up when the time is over. */
async function watchOver(
  core: StoreCore,
  run: RunView,
  kind: StopKind,
  asked: Asked,
  startedMs: number,
  { timeoutMs = defaultTimeoutMs, onWait }: StopOptions,
): Promise<void> {
  if (!asked.seen && (await core.requests.wasSeen(run.id, run.attempt, kind))) {
    asked.seen = true
    onWait?.('seen', run)
  }
  const now = core.clock.monotonicMs()
  if (now - startedMs > timeoutMs) throw tooSlow(core, run, kind, asked, now - startedMs)
  if (!asked.seen && now - asked.atMs > noticeMs) throw tooSlow(core, run, kind, asked, now - startedMs)
}

function tooSlow(core: StoreCore, run: RunView, kind: StopKind, { seen }: Asked, waitedMs: number): WaymarkError {
  const held = leaseHeld(core, run)
  const where = `process ${run.owner?.pid} on ${run.owner?.host}`
  const what = kind === 'cancel' ? 'cancelled' : 'paused'
  const why = seen
    ? `${where} has seen it and is still ${kind === 'pause' ? 'finishing items in flight' : 'ending'}`
    : `${where} lives, but has not looked: it is stopped (SIGSTOP), or busy without a pause`
  const force = kind === 'pause' && seen ? `waymark pause ${run.id} --now  aborts them; or wait longer with --timeout` : undefined
  return new WaymarkError('lease_held', {
    message: `run ${run.id} is not ${what} after ${Math.round(waitedMs / 1000)} s: ${why}`,
    means: 'The request stays and is obeyed when that process comes to it; everything recorded is safe.',
    remedy: force ?? `Wait; or end that process (kill -9 ${run.owner?.pid}), then ask again: what it recorded is safe.`,
    retryable: true,
    details: { ...held.details, seen, kind },
  })
}

const notWaitedFor = (id: string, kind: StopKind): WaymarkError =>
  new WaymarkError('cancelled', {
    message: `it was not waited until run ${id} is ${stateOf(kind)}`,
    means: 'The request stays: the run stops when its process comes to it.',
    remedy: `waymark show ${id}`,
    retryable: true,
    details: { run: id },
  })

function checkOptions({ timeoutMs, reason, wait }: StopOptions): void {
  const wrong =
    timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)
      ? 'timeoutMs is a number of milliseconds from 0'
      : reason !== undefined && typeof reason !== 'string'
        ? 'reason is a text'
        : wait !== undefined && typeof wait !== 'boolean'
          ? 'wait is true or false'
          : undefined
  if (wrong === undefined) return
  throw new WaymarkError('invalid', {
    message: wrong,
    means: 'Nothing was asked or changed.',
    remedy: "store.pause('7kq2m4', { timeoutMs: 60_000 })",
  })
}
