import type { CheckpointInfo } from '../../engine/checkpoint-info.ts'
import { shortCheckpointIds, statusTones } from './checkpoint-marks.ts'
import { fitColumns } from './fit-columns.ts'
import { bytes, count, counted, roughDuration } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Screen, type Span, span, unlimitedColumns } from './screen.ts'
import { tableLines } from './table-lines.ts'

export interface CheckpointList {
  readonly checkpoints: readonly CheckpointInfo[]
  /** Of the whole store. */
  readonly total: number
  /** What was asked for, in words; none: all. */
  readonly asked: readonly string[]
  /** `newest first` */
  readonly sorted: string
  /** All are of this run: it need not be said of each. */
  readonly run: string | undefined
  readonly hasMore: boolean
}

const columns = [
  { title: 'CHECKPOINT', align: 'left' },
  { title: 'AGE', align: 'right' },
  { title: 'TYPE', align: 'left' },
  { title: 'RUN/STAGE', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'TAGS', align: 'left' },
  { title: 'PINS', align: 'left' },
  { title: 'STATUS', align: 'left' },
] as const

const shrinkable = [
  { index: 0, least: 10 },
  { index: 2, least: 6 },
  { index: 3, least: 10 },
  { index: 6, least: 6 },
  { index: 7, least: 6 },
]

/** `waymark checkpoints`. */
export function checkpointListLines(list: CheckpointList, now: number, screen: Screen): Line[] {
  if (list.checkpoints.length === 0) return nothingLines(list, screen)
  const whole = screen.columns === unlimitedColumns
  const ids = whole ? new Map<string, string>() : shortCheckpointIds(list.checkpoints.map(one => one.id))
  const rows = list.checkpoints.map(one => row(one, ids.get(one.id) ?? one.id, list.run, now, whole))
  const titles = columns.map((column, index) => ({ ...column, title: index === 3 && list.run !== undefined ? 'STAGE' : column.title }))
  const shown = counted(list.checkpoints.length, 'checkpoint')
  const amount = list.asked.length === 0 ? (list.total > list.checkpoints.length ? `${count(list.checkpoints.length)} of ${counted(list.total, 'checkpoint')}` : shown) : `${shown} with ${list.asked.join(', ')}`
  return [
    ...tableLines(titles, fitColumns(titles.map(({ title }) => title), rows, shrinkable, screen)),
    line([amount, list.sorted, ...(list.hasMore ? ['there are more'] : [])].join(` ${screen.glyphs.separator} `), 'quiet'),
  ]
}

function nothingLines({ total, asked }: CheckpointList, screen: Screen): Line[] {
  if (total === 0) {
    return [
      line('no checkpoints yet'),
      line(`next: waymark run FILE saves the result of every stage ${screen.glyphs.separator} waymark import FILE saves a file`, 'quiet'),
    ]
  }
  return [
    line(asked.length === 0 ? 'no more checkpoints' : `no checkpoint with ${asked.join(', ')}`),
    line(`next: waymark checkpoints  lists all ${count(total)}`, 'quiet'),
  ]
}

function row(one: CheckpointInfo, id: string, run: string | undefined, now: number, whole: boolean): Span[] {
  const place = [one.run === run ? '' : whole ? one.run : shortId(one.run ?? ''), one.stage].filter(text => text !== undefined && text !== '')
  return [
    span(id),
    span(roughDuration(now - one.createdAt)),
    span(one.type),
    span(place.join('/')),
    span(bytes(one.logicalBytes)),
    span(bytes(one.storedBytes)),
    span(one.tags.join(',')),
    span(one.pins.map(pin => pin.name).join(','), 'active'),
    span(one.status, statusTones[one.status]),
  ]
}
