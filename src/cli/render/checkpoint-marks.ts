import type { CheckpointStatus } from '../../model/checkpoint-status.ts'
import type { Tone } from './screen.ts'

export const statusTones: Readonly<Record<CheckpointStatus, Tone>> = {
  active: 'plain',
  completed: 'good',
  expired: 'waiting',
  archived: 'quiet',
  damaged: 'bad',
}

/** A drawn id of a checkpoint: `c` and sixteen letters and digits. */
const isDrawn = (id: string): boolean => /^c[0-9a-hjkmnp-tv-z]{16}$/.test(id)
const shownLength = 8

/** Ids as short as they can be and still tell these apart. Given ids are shown whole. */
export function shortCheckpointIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const shown = new Map<string, string>()
  const sorted = [...ids].sort()
  for (const [place, id] of sorted.entries()) {
    if (!isDrawn(id)) {
      shown.set(id, id)
      continue
    }
    const shared = Math.max(...[sorted[place - 1], sorted[place + 1]].map(other => sharedLength(id, other ?? '')))
    shown.set(id, id.slice(0, Math.max(shownLength, shared + 1)))
  }
  return shown
}

function sharedLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}
