import type { RunSummary } from '../../engine/run-summary.ts'
import { pausedOnPurpose } from '../../model/stop-request.ts'
import { shortId, shownStateOf } from './run-label.ts'
import type { ShownState } from './state-marks.ts'

export interface StaleRule {
  /** Undefined: 24 hours. */
  readonly staleAfterMs: number | undefined
  readonly now: number
}

const dayMs = 24 * 3_600_000
const openStates: ReadonlySet<string> = new Set(['initialized', 'running', 'paused', 'failed', 'recovering'])

/** Whether nobody works on it, it is not finished, and nothing was recorded of it for so long that it does not go on unasked. */
export const isStale = (run: RunSummary, { staleAfterMs = dayMs, now }: StaleRule): boolean =>
  openStates.has(run.state) && run.liveness !== 'alive' && now - run.updatedAt > staleAfterMs

/** What to do next with a run, the most likely first (B6). */
export function nextActions(run: RunSummary, rule: StaleRule): readonly string[] {
  const id = shortId(run.id)
  if (isStale(run, rule)) return [`waymark resume ${id} --accept-stale`, `waymark cancel ${id}`]
  const commands = nextCommands(shownStateOf(run), run.id)
  if (run.file !== undefined || !commands[0]?.startsWith('waymark resume')) return commands
  // `waymark run` did not start it, so it does not know how to.
  return [pausedOnPurpose(run) === undefined ? 'run its program again' : 'run its program again, with resumePaused: true']
}

/** The same for a state. */
export function nextCommands(state: ShownState, run: string): readonly string[] {
  const id = shortId(run)
  switch (state) {
    case 'completed':
      return [`waymark events ${id}`, 'waymark ls']
    case 'cancelled':
      return [`waymark resume ${id} --fresh`, `waymark events ${id}`]
    case 'running':
    case 'recovering':
      return [`waymark watch ${id}`, `waymark pause ${id}`]
    default:
      return [`waymark resume ${id}`, `waymark resume ${id} --plan`]
  }
}
