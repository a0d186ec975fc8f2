import { plainJson } from '../../engine/plain-json.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { SetAside, SetAsideEntry } from '../../engine/set-aside-items.ts'
import type { ErrorGroup } from '../../model/error-groups.ts'
import type { StoredError } from '../../model/records.ts'
import type { StageView } from '../../model/run-view.ts'
import type { RecordedItem } from '../recorded-item.ts'
import { shellWords } from '../shell-words.ts'
import { cutTo, padTo } from './paint.ts'
import { count, counted, roughDuration } from './quantities.ts'
import { shortId } from './run-label.ts'
import { type Line, line, type Screen, span } from './screen.ts'
import { textWidth } from './text-width.ts'

/** Of a payload or a key: more is cut. */
const payloadColumns = 200
const keyColumns = 60

/** `waymark items RUN`: what each pass over items has finished. */
export function itemsOfRunLines(
  run: RunSummary,
  stages: readonly StageView[],
  setAside: number,
  hint: string,
  screen: Screen,
): Line[] {
  const { separator } = screen.glyphs
  const id = shortId(run.id)
  const title: Line = [
    span(`${run.pipeline} ${id}`, 'strong'),
    span(` ${separator} ${counted(stages.length, 'pass', 'passes')} over items`),
  ]
  if (stages.length === 0) return [title]
  const columns = Math.min(40, Math.max(...stages.map(({ path }) => textWidth(path))))
  const [first] = stages
  return [
    title,
    ...stages.map(stage => [span(`  ${padTo(stage.path, columns)}  ${stage.state.padEnd(9)}  `), span(amountText(stage))]),
    ...(setAside === 0 ? [] : [[span('  aside    ', 'waiting'), span(hint)]]),
    [span('  one      ', 'quiet'), span(`waymark show ${id}/${first?.path ?? 'STAGE'}/KEY`)],
  ]
}

function amountText({ counts, requeued }: StageView): string {
  if (counts === undefined) return 'none yet'
  const { done, skipped, setAside, retries, total } = counts
  const parts = [
    `${count(done)} done`,
    ...(skipped > 0 ? [`${count(skipped)} skipped`] : []),
    ...(setAside > 0 ? [`${count(setAside)} set aside`] : []),
    ...(requeued === undefined ? [] : [`${count(requeued)} to be called again`]),
    ...(retries > 0 ? [counted(retries, 'retry', 'retries')] : []),
  ]
  return `${parts.join(', ')}${total === undefined ? '' : ` of ${counted(total, 'item')}`}`
}

/** `waymark items RUN --set-aside`: what went wrong, the most frequent first. */
export function setAsideLines(found: SetAside, run: RunSummary, now: number, limit: number, screen: Screen): Line[] {
  const { separator, ellipsis } = screen.glyphs
  const { groups, total } = found
  const id = shortId(run.id)
  if (total === 0) return [line(`nothing is set aside in ${run.pipeline} ${id}`)]
  const lines: Line[] = [
    [
      span(`${counted(total, 'item')} of ${run.pipeline} ${id} set aside`, 'strong'),
      span(` ${separator} ${counted(groups.length, 'group')}`),
    ],
  ]
  for (const group of groups.slice(0, limit)) lines.push(...groupLines(group, now, screen))
  if (groups.length > limit) lines.push(line(`  ${ellipsis} and ${counted(groups.length - limit, 'more group')}`, 'quiet'))
  const [first] = groups
  lines.push(
    [span('  look     ', 'quiet'), span(`waymark items ${id} --group ${first?.group ?? ''}`)],
    [span('  again    ', 'quiet'), span(`waymark requeue ${id} --group ${first?.group ?? ''}  or --all`)],
  )
  return lines
}

function groupLines(group: ErrorGroup, now: number, screen: Screen): Line[] {
  const { separator, ellipsis } = screen.glyphs
  const keys = group.sampleKeys.map(key => cutTo(key, keyColumns, ellipsis)).join(', ')
  const more = group.count > group.sampleKeys.length ? `, ${ellipsis}` : ''
  return [
    [span(`  ${group.group}`, 'waiting'), span(`  ${counted(group.count, 'item')} of ${group.stage}`)],
    [span('    error  ', 'quiet'), span(errorText(group.error))],
    [span('    keys   ', 'quiet'), span(`${keys}${more}`)],
    [span('    seen   ', 'quiet'), span(`${seenText(group, now)} ${separator} ${counted(group.calls, 'call')}`)],
  ]
}

function seenText({ count: amount, firstAt, lastAt }: ErrorGroup, now: number): string {
  const last = `${roughDuration(now - lastAt)} ago`
  const first = `${roughDuration(now - firstAt)} ago`
  return amount === 1 || first === last ? last : `first ${first}, last ${last}`
}

/** `waymark items RUN --group G`: its items with what they were called with. */
export function itemsOfGroupLines(found: SetAside, run: RunSummary, now: number, screen: Screen): Line[] {
  const [group] = found.groups
  if (group === undefined) return [line(`nothing is set aside in ${run.pipeline} ${shortId(run.id)}`)]
  const { ellipsis } = screen.glyphs
  const id = shortId(run.id)
  return [
    ...found.groups.flatMap(one => groupLines(one, now, screen)),
    ...found.items.flatMap(item => entryLines(item, now, ellipsis)),
    [span('  again    ', 'quiet'), span(`waymark requeue ${id} --group ${group.group}  or ${oneKey(found)}`)],
  ]
}

const oneKey = ({ items: [first] }: SetAside): string => shellWords(['--key', first?.key ?? 'KEY'])

function entryLines({ stage, key, payload, error, calls, at }: SetAsideEntry, now: number, ellipsis: string): Line[] {
  const text = payload === undefined ? undefined : JSON.stringify(plainJson(payload).json)
  return [
    [
      span(`  ${stage}/${cutTo(key, keyColumns, ellipsis)}`, 'strong'),
      span(`  ${counted(calls, 'call')}, ${roughDuration(now - at)} ago  ${errorText(error)}`),
    ],
    ...(text === undefined ? [] : [[span('    item   ', 'quiet'), span(cutTo(text, payloadColumns, ellipsis))]]),
  ]
}

/** One item by its key. */
export function itemLines(stage: string, item: RecordedItem, now: number, screen: Screen): Line[] {
  const when = item.at === undefined ? '' : ` ${roughDuration(now - item.at)} ago`
  const why = item.error === undefined ? '' : ` ${screen.glyphs.separator} ${errorText(item.error)}`
  return [[span(`${stage}/${item.key}`, 'strong'), span(`  ${item.state}${when}${why}`)]]
}

export const errorText = ({ name, message }: StoredError): string => `${name}: ${message.split('\n')[0] ?? ''}`
