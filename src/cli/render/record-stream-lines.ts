import type { StreamEntry, StreamSummary } from '../../model/record-stream.ts'
import type { ListedEntry } from './entry-lines.ts'
import { factLine } from './fact-line.ts'
import { fieldText, fieldTexts, logHead } from './logfmt.ts'
import { bytes, count, counted } from './quantities.ts'
import { shortId } from './run-label.ts'
import type { Line } from './screen.ts'
import { storedField } from './stored-field.ts'

/** An entry in a list, with its run where entries of several may be shown. */
export function listedStreamEntry(entry: StreamEntry, withRun: boolean): ListedEntry {
  const { time, stream, run, stage, item, superseded } = entry
  const place = fieldTexts({ run: withRun ? shortId(run) : undefined, stage, item, superseded })
  return { head: logHead(time, stream), tone: 'plain', fields: [...place, ...entryTexts(entry)] }
}

/** `checks  48 entries: 40 pass, 8 fail`, and its newest entries. */
export function streamSummaryTexts({ stream, entries, statuses, tail }: StreamSummary): readonly string[] {
  const counts = Object.entries(statuses).map(([status, amount]) => `${count(amount)} ${status}`)
  const head = `${stream}  ${counted(entries, 'entry', 'entries')}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`
  return [head, ...tail.map(entry => `  ${shortText(entry)}`)]
}

/** The streams of a run at its end. */
export const streamSummaryLines = (summaries: readonly StreamSummary[]): Line[] =>
  summaries.flatMap(streamSummaryTexts).map((text, index) => factLine(index === 0 ? 'records' : '', text))

function entryTexts({ entry, artifact }: StreamEntry): readonly string[] {
  const fields = Object.entries(entry).map(([key, value]) => `${key}=${fieldText(storedField(key, value))}`)
  return artifact === undefined ? fields : [...fields, `${artifact.name} (${artifact.id}, ${bytes(artifact.bytes)})`]
}

/** Of a tail: numbers to four digits, cut where a line of a screen ends about. */
function shortText({ entry, artifact }: StreamEntry): string {
  const text = Object.entries(entry)
    .map(([key, value]) => `${key}=${shortField(value)}`)
    .join(' ')
  const cut = text.length > longestShort ? `${text.slice(0, longestShort).toWellFormed()}...` : text
  return artifact === undefined ? cut : `${cut} ${artifact.name} (${artifact.id}, ${bytes(artifact.bytes)})`
}

const longestShort = 100

function shortField(value: unknown): string {
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)))
  return typeof value === 'string' ? fieldText(value) : JSON.stringify(value)
}
