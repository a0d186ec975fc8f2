import type { SetAsideItem } from './records.ts'
import type { RecordPosition } from './run-view.ts'

/** One that is remembered: the item itself, which may be long, is read from its record when it is asked for. */
export type RememberedItem = Omit<SetAsideItem, 'payload'> & {
  /** The record that holds the item itself. Absent: it was not kept. */
  readonly payloadIn?: RecordPosition
}
