import type { RunState } from './run-view.ts'

/** `pause`: items in flight are finished first. `pause-now`, `cancel`: they are aborted; a cancelled run does not come back. */
export type StopKind = 'pause' | 'pause-now' | 'cancel'

/** What somebody asked of a run, perhaps from another process than the one that works on it. */
export interface StopRequest {
  readonly kind: StopKind
  /** Wall milliseconds. */
  readonly time: number
  /** The process that asked; undefined where that could not be read. */
  readonly by?: { readonly host: string; readonly pid: number }
  /** Why, in the words of whoever asked. */
  readonly reason?: string
}

const strengths: Readonly<Record<StopKind, number>> = { pause: 1, 'pause-now': 2, cancel: 3 }

/** Whether a request asks for more than the one that is obeyed already. */
export const asksForMore = (request: StopRequest, obeyed: StopRequest | undefined): boolean =>
  obeyed === undefined || strengths[request.kind] > strengths[obeyed.kind]

/** The request that a paused run stands still for; undefined where it is not paused, or only by a signal: then it goes on with the next attempt, without being asked to. */
export const pausedOnPurpose = (run: { readonly state: RunState; readonly request?: StopRequest }): StopRequest | undefined =>
  run.state === 'paused' && run.request?.kind !== 'cancel' ? run.request : undefined

/** `process 4121 on box (the disk needs space)`. */
export function requestText({ by, reason }: StopRequest): string {
  const who = by === undefined ? 'another process' : `process ${by.pid} on ${by.host}`
  return reason === undefined ? who : `${who} (${reason})`
}
