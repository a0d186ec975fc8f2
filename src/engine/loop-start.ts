import { keySaltBytes } from '../model/key-digest.ts'
import type { InputRecord, RunRecord } from '../model/records.ts'
import type { ScopePath } from '../model/scope.ts'
import type { Attempt } from './attempt.ts'
import type { TrackOptions } from './track-options.ts'

export interface LoopStart {
  readonly input: InputRecord | undefined
  readonly total: number | undefined
  readonly redo: string | undefined
}

/** The records that a tracked loop begins with. */
export function loopStart(
  attempt: Attempt,
  path: ScopePath,
  { metadata }: TrackOptions,
  { input, total, redo }: LoopStart,
): readonly RunRecord[] {
  const { clock, random } = attempt.facts.core
  const time = clock.now()
  return [
    {
      type: 'stage.started',
      time,
      path,
      kind: 'each',
      order: attempt.stages.orderOf(path),
      ...(input === undefined ? {} : { input }),
      ...(total === undefined ? {} : { total }),
      keySalt: random.bytes(keySaltBytes),
      ...(redo === undefined ? {} : { redo }),
    },
    ...(metadata === undefined ? [] : [{ type: 'stage.noted', time, path, metadata } as const]),
  ]
}
