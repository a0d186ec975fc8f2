import type { CheckpointDetails } from '../../engine/checkpoint-info.ts'
import { plainJson } from '../../engine/plain-json.ts'
import type { SameStore } from '../same-store.ts'
import { statusTones } from './checkpoint-marks.ts'
import { factLine, labelColumns, moreFactsLine } from './fact-line.ts'
import { cutTo, padBefore, padTo } from './paint.ts'
import { progressBar } from './progress-bar.ts'
import { bytes, count, counted, roughDuration, timesSmaller, timeText } from './quantities.ts'
import { type Line, type Screen, type Span, span } from './screen.ts'
import { tableFactsLines, tableSize } from './table-facts-lines.ts'
import { textWidth } from './text-width.ts'

const mostParts = 20
const mostMetadata = 20
const mostNameColumns = 32
const mostMetadataColumns = 200
const barColumns = 20
const leastMetadataColumns = 20

/** `waymark show CHECKPOINT`: what it is, how large, what is said of it, what is in it, and what to do with it. */
export function checkpointDetailLines(
  info: CheckpointDetails,
  now: number,
  screen: Screen,
  here: SameStore = command => command,
): Line[] {
  const { separator } = screen.glyphs
  const lines: Line[] = [
    [
      span(`${screen.glyphs.checkpoint} `, statusTones[info.status]),
      span(info.id, 'strong'),
      span(` ${separator} ${info.type} ${separator} `),
      span(info.status, statusTones[info.status]),
      span(` ${separator} ${roughDuration(now - info.createdAt)} ago`),
    ],
  ]
  const fact = (label: string, ...spans: readonly (string | Span)[]): void => {
    lines.push(factLine(label, ...spans))
  }
  const place = [info.run, info.stage].filter(text => text !== undefined).join('/')
  if (info.description !== undefined) fact('says', info.description)
  if (place !== '') fact(info.run === undefined ? 'stage' : 'run', place)
  fact(
    'saved',
    `${timeText(info.createdAt)}${info.changedAt === undefined ? '' : `, changed ${roughDuration(now - info.changedAt)} ago`}`,
  )
  fact('holds', holdsText(info))
  fact('size', sizeText(info))
  if (info.tags.length > 0) fact('tags', info.tags.join(', '))
  for (const [index, { name, reason, at }] of info.pins.entries()) {
    fact(
      index === 0 ? 'pinned' : '',
      span(name, 'active'),
      `${reason === undefined ? '' : `: ${reason}`} (${roughDuration(now - at)} ago)`,
    )
  }
  if (info.expiresAt !== undefined) fact('expires', expiryText(info.expiresAt, now))
  if (info.parent !== undefined) fact('parent', info.parent)
  const [, scheme = '', hex = ''] = /^(.*:)([^:]*)$/.exec(info.digest) ?? []
  if (scheme === '' || textWidth(info.digest) + labelColumns <= screen.columns) fact('digest', info.digest)
  else for (const [index, part] of [scheme, hex].entries()) fact(index === 0 ? 'digest' : '', part)
  lines.push(...metadataLines(info, screen), ...tableFactsLines(info, screen), ...partLines(info, screen))
  if (info.damage !== undefined) fact('damage', span(info.damage, 'bad'))
  if (info.lastGood !== undefined) fact('good', `${info.lastGood} is the newest intact one before it`)
  const commands = nextCommands(info).map(here)
  const inOne = commands.join(` ${separator} `)
  if (textWidth(inOne) + labelColumns <= screen.columns) fact('next', inOne)
  else for (const [index, command] of commands.entries()) fact(index === 0 ? 'next' : '', command)
  return lines
}

/** What to do with a checkpoint. */
export function nextCommands({ id, encoding, status, damage, lastGood }: CheckpointDetails): readonly string[] {
  if (status === 'damaged' || damage !== undefined)
    return [...(lastGood === undefined ? [] : [`waymark show ${lastGood}`]), 'waymark verify --full', 'waymark repair']
  return [encoding === 'files' ? `waymark export ${id} --format files` : `waymark show ${id} --value`, `waymark export ${id}`]
}

/** One value, rows, bytes or files: which, and how many. */
function holdsText({ encoding, rows, files, keys, tables }: CheckpointDetails): string {
  switch (encoding) {
    case 'cbor': {
      const [whole] = tables ?? []
      if (whole?.path === '') return `a table: ${tableSize(whole.facts)}`
      return keys === undefined ? 'one value' : `one value with ${counted(keys.length, 'key')}`
    }
    case 'rows':
      return rows === undefined ? 'rows' : counted(rows, 'row')
    case 'bytes':
      return 'bytes'
    case 'files':
      return files === undefined ? 'files' : counted(files.length, 'file')
  }
}

function sizeText({ logicalBytes, storedBytes }: CheckpointDetails): string {
  const ratio = timesSmaller(logicalBytes, storedBytes)
  const exact = logicalBytes < 1000 ? '' : ` (${count(logicalBytes)} bytes)`
  return `${bytes(logicalBytes)}${exact}, stored ${bytes(storedBytes)}${ratio === undefined ? '' : `, ${ratio} times smaller`}`
}

function expiryText(expiresAt: number, now: number): string {
  const away = roughDuration(Math.abs(expiresAt - now))
  const when = Math.abs(expiresAt) < 8.64e15 ? ` (${timeText(expiresAt)})` : ''
  return expiresAt <= now ? `${away} ago${when}` : `in ${away}${when}`
}

function metadataLines(info: CheckpointDetails, screen: Screen): Line[] {
  const entries = Object.entries(info.metadata)
  const columns = Math.min(mostNameColumns, Math.max(0, ...entries.map(([key]) => textWidth(key))))
  const lines = entries.slice(0, mostMetadata).map(([key, value], index): Line => {
    const text = typeof value === 'string' ? value : (JSON.stringify(plainJson(value).json) ?? 'null')
    const room = Math.max(leastMetadataColumns, screen.columns - labelColumns - columns - 2)
    const name = padTo(cutTo(key, columns, screen.glyphs.ellipsis), columns)
    const shown = cutTo(text, Math.min(mostMetadataColumns, room), screen.glyphs.ellipsis)
    return factLine(index === 0 ? 'metadata' : '', `${name}  ${shown}`)
  })
  return entries.length > mostMetadata ? [...lines, moreFactsLine(entries.length - mostMetadata, 'key', screen)] : lines
}

/** Its keys or files, the largest first, each with its share. */
function partLines(info: CheckpointDetails, screen: Screen): Line[] {
  const { keys, files } = info
  const parts =
    keys?.map(({ key, bytes: size }) => ({ name: key, size })) ?? files?.map(({ name, bytes: size }) => ({ name, size })) ?? []
  const sorted = [...parts].sort((a, b) => b.size - a.size)
  const shown = sorted.slice(0, mostParts)
  const total = Math.max(
    1,
    sorted.reduce((sum, one) => sum + one.size, 0),
  )
  const sizes = shown.map(one => bytes(one.size))
  const sizeColumns = Math.max(0, ...sizes.map(textWidth))
  const nameColumns = Math.min(mostNameColumns, Math.max(0, ...shown.map(one => textWidth(one.name))))
  const label = keys === undefined ? 'files' : 'keys'
  const lines = shown.map(({ name, size }, index): Line => {
    const share = size > 0 && size / total < 0.01 ? '<1' : String(Math.floor((size / total) * 100))
    return factLine(
      index === 0 ? label : '',
      `${padTo(cutTo(name, nameColumns, screen.glyphs.ellipsis), nameColumns)}  ${padBefore(sizes[index] ?? '', sizeColumns)}  `,
      ...progressBar({ reused: 0, done: size, total }, barColumns, screen.glyphs),
      `  ${padBefore(share, 3)} %`,
    )
  })
  return sorted.length > shown.length
    ? [...lines, moreFactsLine(sorted.length - shown.length, label === 'keys' ? 'key' : 'file', screen)]
    : lines
}
