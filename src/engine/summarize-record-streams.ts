import { defaultRecordTail, type StreamEntry, type StreamSummary } from '../model/record-stream.ts'
import type { RunView } from '../model/run-view.ts'
import { RunEntries } from './read-record-stream.ts'
import type { StoreCore } from './store-core.ts'

/** Different texts of `status` that are counted one by one; an entry with another is only counted as an entry. */
const mostStatuses = 20

/** What has to be known of a run. */
export type SummarizedRun = Pick<RunView, 'id' | 'pipeline' | 'recordTail'>

interface Sum {
  entries: number
  readonly statuses: Map<string, number>
  readonly tail: StreamEntry[]
}

/** What the streams of a run add up to, by name. @param tail Default: as the run was begun with */
export async function summarizeRecordStreams(
  core: StoreCore,
  run: SummarizedRun,
  tail: number = run.recordTail ?? defaultRecordTail,
): Promise<readonly StreamSummary[]> {
  const sums = new Map<string, Sum>()
  for await (const { entry } of (await RunEntries.of(core, run)).each()) {
    const sum: Sum = sums.get(entry.stream) ?? { entries: 0, statuses: new Map(), tail: [] }
    sums.set(entry.stream, sum)
    sum.entries++
    const { status } = entry.entry
    if (typeof status === 'string' && (sum.statuses.has(status) || sum.statuses.size < mostStatuses))
      sum.statuses.set(status, (sum.statuses.get(status) ?? 0) + 1)
    sum.tail.push(entry)
    if (sum.tail.length > tail) sum.tail.shift()
  }
  return [...sums]
    .sort(([one], [two]) => (one < two ? -1 : 1))
    .map(([stream, { entries, statuses, tail: newest }]) => ({
      stream,
      entries,
      statuses: Object.fromEntries(statuses),
      tail: newest,
    }))
}
