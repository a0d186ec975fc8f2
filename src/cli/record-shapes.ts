import type { StreamEntry, StreamSummary } from '../model/record-stream.ts'
import { isoTime } from './json-shapes.ts'

/** An entry of a record stream as JSON. */
export const streamEntryShape = ({ time, ...entry }: StreamEntry): object => ({ ...entry, time: isoTime(time) })

/** What a stream adds up to, as JSON. */
export const streamSummaryShape = ({ tail, ...summary }: StreamSummary): object => ({
  ...summary,
  tail: tail.map(streamEntryShape),
})
