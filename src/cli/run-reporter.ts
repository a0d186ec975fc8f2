import type { RunEvent } from '../model/run-events.ts'
import type { RunEnd } from './render/end-lines.ts'
import type { StoreChoice } from './store-choice.ts'

/** Tells what happens while a pipeline runs: on a terminal, as lines, as JSON. Told everything in order; never asked anything. */
export interface RunReporter {
  /** Which store is used and why. */
  store(choice: StoreChoice): void
  event(event: RunEvent, time: number): void
  /** A line that the user's code wrote. */
  userLine(stream: 'stdout' | 'stderr', text: string): void
  /** A signal asked to stop; the text says what happens and what a further one does. */
  stopping(text: string): void
  /** The next attempt begins after a pause. */
  restarting(text: string): void
  /** Something the user should know. */
  notice(text: string): void
  /** Nothing is written to the screen until the next event: a question is asked there. */
  suspend(): void
  end(end: RunEnd): Promise<void>
}
