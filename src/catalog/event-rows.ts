import type { WaymarkError } from '../model/errors.ts'
import { type EventStatus, eventStatuses } from '../model/pipeline-event.ts'
import type { SegmentMark } from './catalog.ts'
import type { FoundBlock } from './event-index.ts'
import type { SqlRow } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'

export const blockColumns =
  'block.n, block.run, block.pipeline, attempt, stream, token, sequence, segment, start, length, part, block.events, block.at, last'

interface NamesByNumber {
  text(number: number): string | undefined
}

export function foundBlock(row: SqlRow, names: NamesByNumber): FoundBlock {
  const attempt = numberOf(row, 'attempt')
  return {
    number: numberOf(row, 'n'),
    run: names.text(numberOf(row, 'run')),
    pipeline: names.text(numberOf(row, 'pipeline')),
    attempt: attempt === 0 ? undefined : attempt,
    stream: names.text(numberOf(row, 'stream')) ?? '',
    token: numberOf(row, 'token'),
    sequence: numberOf(row, 'sequence'),
    position: {
      segment: names.text(numberOf(row, 'segment')) ?? '',
      offset: numberOf(row, 'start'),
      length: numberOf(row, 'length'),
    },
    from: numberOf(row, 'part'),
    events: numberOf(row, 'events'),
    first: numberOf(row, 'at'),
    last: numberOf(row, 'last'),
  }
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
