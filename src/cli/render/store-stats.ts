import type { StoreStats } from '../../engine/store-stats.ts'
import { checkpointStatuses } from '../../model/checkpoint-status.ts'
import { statusTones } from './checkpoint-marks.ts'
import { fitColumns } from './fit-columns.ts'
import { bytes, count, counted, roughDuration, timesSmaller } from './quantities.ts'
import { type Line, line, type Screen, type Span, span } from './screen.ts'
import { tableLines } from './table-lines.ts'

export interface StoreFacts {
  readonly path: string
  readonly runs: number
  readonly stats: StoreStats
  readonly notices: readonly string[]
}

const mostStages = 10
const mostTypes = 10

/** `waymark stats`: what is in the store, what it would take and what it takes, and where it is. */
export function storeStatsLines({ path, runs, stats, notices }: StoreFacts, now: number, screen: Screen): Line[] {
  const { separator } = screen.glyphs
  const lines: Line[] = []
  const fact = (label: string, ...spans: readonly (string | Span)[]): void => {
    lines.push([span(label.padEnd(10), 'quiet'), ...spans.map(one => (typeof one === 'string' ? span(one) : one))])
  }
  const { checkpoints, logicalBytes, storedBytes, physical } = stats
  fact('store', path)
  fact('holds', `${counted(runs, 'run')}, ${counted(checkpoints, 'checkpoint')}${timesText(stats, now)}`)
  if (checkpoints > 0) {
    fact('saved', `${bytes(logicalBytes)} in all, as encoded`)
    const ratio = timesSmaller(logicalBytes, storedBytes)
    fact(
      'stored',
      `${bytes(storedBytes)}${ratio === undefined ? '' : `, ${ratio} times smaller by compression and deduplication`}`,
    )
  }
  fact(
    'on disk',
    `${bytes(physical.bytes)} in ${counted(physical.files, 'file')}${checkpoints === 0 ? '' : ` ${separator} ${partsText(stats, separator)}`}`,
  )
  const left = leftText(stats)
  if (left !== '') fact('left over', left)
  for (const notice of notices) fact('note', notice)
  if (checkpoints === 0) return [...lines, line('no checkpoints yet: waymark run FILE, or waymark import FILE', 'quiet')]
  lines.push(statusLine(stats, separator))
  lines.push([], ...tallyLines('TYPE', stats.types, mostTypes, checkpoints, screen))
  if (stats.stages.some(stage => stage.value !== ''))
    lines.push([], ...tallyLines('STAGE', stats.stages, mostStages, checkpoints, screen))
  if (stats.expired > 0) lines.push([], line(`next: waymark checkpoints --status expired  lists what has expired`, 'quiet'))
  return lines
}

function timesText({ oldestAt, newestAt }: StoreStats, now: number): string {
  if (oldestAt === undefined || newestAt === undefined) return ''
  return `, the newest ${roughDuration(now - newestAt)} ago, the oldest ${roughDuration(now - oldestAt)} ago`
}

function partsText({ physical }: StoreStats, separator: string): string {
  const { packs, parity, log, catalog } = physical
  const parts = [
    packs.files === 0 ? '' : `${counted(packs.files, 'pack')} ${bytes(packs.bytes)}`,
    parity.files === 0 ? '' : `parity ${bytes(parity.bytes)}`,
    `log ${bytes(log.bytes)}`,
    `catalog ${bytes(catalog.bytes)}`,
  ]
  return parts.filter(part => part !== '').join(` ${separator} `)
}

/** What saves that were killed have left, or one is writing just now. */
function leftText({ orphans, physical: { unfinished } }: StoreStats): string {
  const parts = [
    orphans === undefined || orphans.files === 0 ? '' : `${counted(orphans.files, 'orphan pack')}, ${bytes(orphans.bytes)}`,
    unfinished.files === 0 ? '' : `${counted(unfinished.files, 'unfinished file')}, ${bytes(unfinished.bytes)}`,
  ].filter(part => part !== '')
  return parts.length === 0 ? '' : `${parts.join('; ')}: of saves that were killed, or are at work; harmless`
}

function statusLine({ statuses, pinned }: StoreStats, separator: string): Line {
  const found = checkpointStatuses.filter(status => statuses[status] > 0)
  const spans = found.flatMap((status, index) => [
    span(index === 0 ? '' : ` ${separator} `),
    span(`${count(statuses[status])} ${status}`, statusTones[status]),
  ])
  return [
    span('status'.padEnd(10), 'quiet'),
    ...spans,
    span(pinned === 0 ? '' : ` ${separator} ${count(pinned)} pinned`, 'active'),
  ]
}

const columns = (title: string) =>
  [
    { title, align: 'left' },
    { title: 'CHECKPOINTS', align: 'right' },
    { title: 'SIZE', align: 'right' },
    { title: 'STORED', align: 'right' },
    { title: 'SMALLER', align: 'right' },
  ] as const

function tallyLines(title: string, tallies: StoreStats['types'], most: number, total: number, screen: Screen): Line[] {
  const named = tallies.filter(one => one.value !== '')
  const rows = named.slice(0, most).map(({ value, checkpoints, logicalBytes, storedBytes }) => {
    const ratio = timesSmaller(logicalBytes, storedBytes)
    return [value, count(checkpoints), bytes(logicalBytes), bytes(storedBytes), ratio === undefined ? '' : `${ratio}x`].map(
      text => span(text),
    )
  })
  const titles = columns(title)
  const shown = fitColumns(
    titles.map(one => one.title),
    rows,
    [{ index: 0, least: 8 }],
    screen,
  )
  const more = named.length > most ? [line(`${screen.glyphs.ellipsis} and ${count(named.length - most)} more`, 'quiet')] : []
  return total === 0 ? [] : [...tableLines(titles, shown), ...more]
}
