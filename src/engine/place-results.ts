import { resultsIn } from '../format/result-bytes.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { StageProgress } from '../model/records.ts'
import type { Attempt } from './attempt.ts'
import type { UnrecordedItems } from './unrecorded-items.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

/** Results of one save that are larger go to a pack. */
const packAboveBytes = 1 << 20

/** Puts the results of one save where they last: into the record itself, or into a pack, which is durable when this resolves. What the record says of them. */
export async function placeResults(
  attempt: Attempt,
  path: string,
  { bytes, from: resultsFrom }: ReturnType<UnrecordedItems['takeResults']>,
  timer: OperationTimer,
): Promise<Pick<StageProgress, 'resultBytes' | 'resultsFrom' | 'resultsIn' | 'resultIndexes'>> {
  if (bytes.length === 0) return {}
  if (bytes.length <= packAboveBytes) return { resultBytes: bytes, resultsFrom }
  const { core, run } = attempt.facts
  const results = [...resultsIn(bytes)]
  const checkpoint = await writeCheckpoint(core, results, { run, stage: path, type: 'items' }, { timer })
  return { resultsIn: checkpoint, resultIndexes: results.map(([index]) => index), resultsFrom }
}
