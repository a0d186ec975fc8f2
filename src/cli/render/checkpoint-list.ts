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
  /** What was asked for: `of run r1 with type=model`; empty: all. */
  readonly asked: string
  /** `newest first` */
  readonly sorted: string
  /** All are of this run: it need not be said of each. */
  readonly run: string | undefined
  /** The command for the next page, if there is one. */
  readonly next: string | undefined
}

const columns = [
  { title: 'ID', align: 'left' },
  { title: 'AGE', align: 'right' },
  { title: 'TYPE', align: 'left' },
  { title: 'RUN', align: 'left' },
  { title: 'STAGE', align: 'left' },
  { title: 'SIZE', align: 'right' },
  { title: 'STORED', align: 'right' },
  { title: 'TAGS', align: 'left' },
  { title: 'PINS', align: 'left' },
  { title: 'STATUS', align: 'left' },
] as const

const shrinkable = [
  { index: 0, least: 8 },
  { index: 2, least: 5 },
  { index: 3, least: 6 },
  { index: 4, least: 8 },
  { index: 7, least: 6 },
  { index: 8, least: 6 },
]

/** The table of `waymark checkpoints`; empty where there is nothing to list. Where the screen has an end, ids are as short as they can be, and what is alike in all is left out. */
export function checkpointTable({ checkpoints, run }: CheckpointList, now: number, screen: Screen): Line[] {
  if (checkpoints.length === 0) return []
  const whole = screen.columns === unlimitedColumns
  const ids = whole ? undefined : shortCheckpointIds(checkpoints.map(one => one.id))
  const hasStatus = whole || checkpoints.some(one => one.status !== 'active')
  const rows = checkpoints.map((one): Span[] => [
    span(ids?.get(one.id) ?? one.id),
    span(roughDuration(now - one.createdAt)),
    span(one.type),
    span(one.run === undefined || one.run === run ? '' : whole ? one.run : shortId(one.run)),
    span(one.stage ?? ''),
    span(bytes(one.logicalBytes)),
    span(bytes(one.storedBytes)),
    span(one.tags.join(',')),
    span(one.pins.map(pin => pin.name).join(','), 'active'),
    span(hasStatus ? one.status : '', statusTones[one.status]),
  ])
  return tableLines(
    columns,
    fitColumns(
      columns.map(({ title }) => title),
      rows,
      shrinkable,
      screen,
    ),
  )
}

/** What is said below the table, which is not to be cut. */
export function checkpointListEnd({ checkpoints, total, asked, sorted, next }: CheckpointList, screen: Screen): Line[] {
  const { separator } = screen.glyphs
  if (checkpoints.length > 0) {
    const shown = counted(checkpoints.length, 'checkpoint')
    const all = total > checkpoints.length ? `${count(checkpoints.length)} of ${counted(total, 'checkpoint')}` : shown
    const amount = asked === '' ? all : `${shown} ${asked}`
    const facts = line([amount, sorted, ...(next === undefined ? [] : ['there are more'])].join(` ${separator} `), 'quiet')
    return next === undefined ? [facts] : [facts, line(`next: ${next}`, 'quiet')]
  }
  if (total > 0) {
    return [
      line(asked === '' ? 'no more checkpoints' : `no checkpoint ${asked}`),
      line(`next: waymark checkpoints  lists all ${count(total)}`, 'quiet'),
    ]
  }
  const ways = `waymark run FILE saves the result of every stage ${separator} waymark import FILE saves a file`
  return [line('no checkpoints yet'), line(`next: ${ways}`, 'quiet')]
}
