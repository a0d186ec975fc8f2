import type { Restart } from '../model/recovery-type.ts'
import type { RunEvent } from '../model/run-events.ts'
import type { RunEnd } from './render/end-lines.ts'
import type { StoreChoice } from './store-choice.ts'

/** A run as somebody finds it who only watches. */
export interface WatchedRun {
  readonly run: string
  readonly pipeline: string
  readonly attempt: number
  /** Where it runs; undefined once nobody works on it. */
  readonly owner: { readonly host: string; readonly pid: number } | undefined
  /** Wall milliseconds when this attempt began, where that is known. */
  readonly startedAt: number | undefined
  /** Its stages in order, as far as they are declared. */
  readonly stages: readonly string[]
  readonly store: string
}

/** Tells what happens while a pipeline runs: on a terminal, as lines, as JSON. Told everything in order; never asked anything. */
export interface RunReporter {
  /** Which store is used and why. */
  store(choice: StoreChoice): void
  event(event: RunEvent, time: number): void
  /** The run belongs to another process, and is only looked at. */
  attach(watched: WatchedRun): void
  /** Says once how far it is: somebody asked with SIGUSR1. */
  status(): void
  /** A line that the user's code wrote. */
  userLine(stream: 'stdout' | 'stderr', text: string): void
  /** A signal asked to stop; the text says what happens and what a further one does. */
  stopping(text: string): void
  /** The next attempt begins after a pause. */
  restarting(text: string, restart: Restart): void
  /** Something the user should know. */
  notice(text: string): void
  /** Nothing is written to the screen until the next event: a question is asked there. */
  suspend(): void
  end(end: RunEnd): Promise<void>
}
