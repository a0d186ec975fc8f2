import type { Clock } from '../model/clock.ts'

/** After "stop now" a process gets this long before it is killed. */
const killAfterMs = 10_000

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** What each further signal asks for. */
export interface StopActions {
  /** The first: finish what is in flight, save, end. */
  readonly stop: (signal: StopSignal) => void
  /** The second: end now. */
  readonly abort: (signal: StopSignal) => void
  /** The third, or ten seconds after the second. */
  readonly kill: (why: string) => void
}

const exitCodes: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Escalates with every signal the supervisor gets. */
export class StopSignals {
  readonly #clock: Clock
  readonly #listeners = new Map<StopSignal, () => void>()
  #actions: StopActions | undefined
  #received = 0
  #first: StopSignal | undefined
  #cancelKill = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The signal that asked to stop, if one came. */
  get first(): StopSignal | undefined {
    return this.#first
  }

  /** The exit code of a run that ended cleanly on the first signal. */
  get exitCode(): number | undefined {
    return this.#first === undefined ? undefined : exitCodes[this.#first]
  }

  listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const listener = () => this.#receive(signal)
      this.#listeners.set(signal, listener)
      process.on(signal, listener)
    }
  }

  /** Says who carries the requests out from now on; those that came before are passed on at once. */
  direct(actions: StopActions): void {
    this.#actions = actions
    if (this.#first !== undefined) actions.stop(this.#first)
    if (this.#first !== undefined && this.#received > 1) actions.abort(this.#first)
  }

  close(): void {
    this.#cancelKill()
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
    this.#listeners.clear()
  }

  #receive(signal: StopSignal): void {
    this.#received++
    this.#first ??= signal
    if (this.#received === 1) this.#actions?.stop(signal)
    else if (this.#received === 2) {
      this.#actions?.abort(signal)
      this.#cancelKill = this.#clock.after(killAfterMs, () =>
        this.#actions?.kill(`it did not end within ${killAfterMs / 1000} s of the second ${signal}`),
      )
    } else {
      this.#actions?.kill(`by the supervisor, on the third ${signal}`)
    }
  }
}
