import type { WaymarkError } from '../model/errors.ts'
import { type EventStatus, eventStatuses } from '../model/pipeline-event.ts'
import type { SegmentMark } from './catalog.ts'
import type { FoundBlock } from './event-index.ts'
import type { SqlList, SqlRow } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'

/** What a block is read by, in the order that {@link foundBlock} takes them in. */
export const blockColumns =
  'block.n, block.run, block.pipeline, attempt, stream, token, sequence, segment, start, length, part, block.events, block.at, last'

interface NamesByNumber {
  text(number: number): string | undefined
}

export function foundBlock(columns: SqlList, names: NamesByNumber): FoundBlock {
  const attempt = numberAt(columns, 3)
  return {
    number: numberAt(columns, 0),
    run: names.text(numberAt(columns, 1)),
    pipeline: names.text(numberAt(columns, 2)),
    attempt: attempt === 0 ? undefined : attempt,
    stream: names.text(numberAt(columns, 4)) ?? '',
    token: numberAt(columns, 5),
    sequence: numberAt(columns, 6),
    position: {
      segment: names.text(numberAt(columns, 7)) ?? '',
      offset: numberAt(columns, 8),
      length: numberAt(columns, 9),
    },
    from: numberAt(columns, 10),
    events: numberAt(columns, 11),
    first: numberAt(columns, 12),
    last: numberAt(columns, 13),
  }
}

function numberAt(columns: SqlList, place: number): number {
  const value = columns[place]
  if (typeof value === 'number') return value
  throw wrongColumn(String(place))
}

export const foundMark = (row: SqlRow): SegmentMark => ({
  segment: textOf(row, 'segment'),
  appliedEnd: numberOf(row, 'applied_end'),
  digest: textOf(row, 'digest'),
  provenEnd: numberOf(row, 'proven_end'),
})

export function numberOf(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw wrongColumn(column)
}

export function textOf(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw wrongColumn(column)
}

export function statusOf(row: SqlRow): EventStatus {
  const status = eventStatuses.find(one => one === row['status'])
  if (status === undefined) throw wrongColumn('status')
  return status
}

const wrongColumn = (column: string): WaymarkError =>
  catalogDamaged({ path: 'events.sqlite' }, `column ${column} holds what was never put there`)
