import type { RunSummary } from '../../engine/run-summary.ts'
import { shownIdLength } from '../../model/ids.ts'
import type { EndCause } from '../../model/records.ts'
import type { ShownState } from './state-marks.ts'

/** The state a person is shown: a run whose process was seen to die crashed, whoever wrote that down. */
export function shownStateOf(run: Pick<RunSummary, 'shownState' | 'cause'>): ShownState {
  return run.shownState === 'failed' && run.cause !== undefined && isDeath(run.cause) ? 'crashed' : run.shownState
}

const isDeath = (cause: EndCause): boolean => cause.kind === 'signal' || cause.kind === 'exit' || cause.kind === 'supervisor-gone'

/** Ids as shown: as short as they can be and still tell these apart. Ids given by the caller are shown whole. */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const shown = new Map<string, string>()
  for (const id of ids) {
    let length = shownIdLength
    while (length < id.length && ids.some(other => other !== id && other.startsWith(id.slice(0, length)))) length++
    shown.set(id, isDrawn(id) ? id.slice(0, length) : id)
  }
  return shown
}

export const shortId = (id: string): string => shortIds([id]).get(id) ?? id

/** Twelve letters and digits: drawn by Waymark. Anything else was chosen by somebody who knows it by that name. */
const isDrawn = (id: string): boolean => /^[0-9a-hjkmnp-tv-z]{12}$/.test(id)

/** How a process ended, in words. */
export function causeText(cause: EndCause): string {
  const likely = cause.likely === undefined ? '' : `, likely ${cause.likely}`
  const evidence = cause.evidence === undefined ? '' : ` (${cause.evidence})`
  switch (cause.kind) {
    case 'signal':
      return `killed by ${cause.signal ?? 'a signal'}${likely}${evidence}`
    case 'exit':
      return `the process exited with code ${cause.exitCode ?? '?'} before the run ended${likely}${evidence}`
    case 'supervisor-gone':
      return `the supervising process was gone${evidence}`
    case 'abort':
      return `stopped on request${evidence}`
  }
}
