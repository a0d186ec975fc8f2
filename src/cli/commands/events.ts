import type { EventSummary } from '../../engine/event-summary.ts'
import type { EachEventOptions } from '../../engine/query-events.ts'
import { redactionOf } from '../../engine/redaction.ts'
import type { Store } from '../../engine/store.ts'
import { nearest } from '../../model/did-you-mean.ts'
import type { EventFilter } from '../../model/pipeline-event.ts'
import { type CommandLine, wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { filterOf } from '../event-filter.ts'
import { EventMasks, type MaskedEvent } from '../event-masks.ts'
import { eventLine, exitLine } from '../json-shapes.ts'
import { type MeantCommand, type MeantNames, meantNames, meantOf } from '../meant-names.ts'
import { isReaderGone } from '../output-loss.ts'
import { eventSummaryLines, listedEvent } from '../render/event-lines.ts'
import { line as textLine } from '../render/screen.ts'
import { shellWords } from '../shell-words.ts'
import { untilStopped } from '../until-stopped.ts'
import { withStore } from '../with-store.ts'
import { writeEntry } from '../write-entry.ts'

const defaultLimit = 50
const filters = ['type', 'status', 'stage', 'pipeline', 'since', 'until', 'grep'] as const

/** `waymark events [ADDRESS]` */
export async function eventsCommand(context: Context): Promise<number> {
  const { line, clock } = context
  const { flags, command } = line
  const [address] = line.arguments
  if (flags.on('raw')) {
    if (address === undefined) throw wrongUsage('--raw needs a run: its records are shown', command)
    refuseBeside(line, 'raw', [...filters, 'follow', 'summary'])
    const { rawEventsCommand } = await import('./events-raw.ts')
    return rawEventsCommand(context, address)
  }
  if (flags.on('summary') && address === undefined) throw wrongUsage('--summary needs a run', command)
  if (flags.on('summary')) refuseBeside(line, 'summary', [...filters, 'follow'])
  return withStore(context, async store => {
    const filter = await filterOf(store, line, address, clock.now())
    if (flags.on('summary')) return summary(context, await store.eventSummary(filter.run ?? ''))
    if (flags.on('follow')) return follow(context, store, filter)
    return list(context, store, filter)
  })
}

/** What would be left out without a word. */
function refuseBeside({ flags, command }: CommandLine, flag: string, others: readonly string[]): void {
  const other = others.find(name => flags.on(name))
  if (other !== undefined) throw wrongUsage(`--${flag} and --${other} do not go together`, command)
}

async function list(context: Context, store: Store, filter: EventFilter): Promise<number> {
  const { line, output, clock } = context
  const limit = line.flags.count('limit') ?? defaultLimit
  const masks = new EventMasks(store)
  let shown = 0
  // One more than is shown tells whether there are more.
  const page = limit === 0 ? shownEvents(store, masks, filter) : await newest(store, masks, filter, limit + 1)
  const isCut = Array.isArray(page) && page.length > limit
  if (isCut) page.shift()
  for await (const event of page) {
    tell(context, event, filter)
    shown++
  }
  output.showWith(redactionOf(store))
  const hint = isCut ? { command: commandFor(line, [], 0) } : undefined
  const meant = shown === 0 ? await meantCommand(store, line, filter.run) : undefined
  if (output.json) output.jsonLine(exitLine(clock.now(), filter.run, 0, undefined, meant?.hint ?? hint))
  else if (shown === 0) await output.message([textLine(`no events fit${meant?.text ?? ''}`)])
  else if (hint !== undefined && !output.quiet)
    await output.message([textLine(`the newest ${limit} that fit; all of them: --limit 0`)])
  return 0
}

/** The newest that fit in what is shown of them, oldest first. */
async function newest(store: Store, masks: EventMasks, filter: EventFilter, count: number): Promise<MaskedEvent[]> {
  const events: MaskedEvent[] = []
  for await (const event of shownEvents(store, masks, { ...filter, newestFirst: true })) {
    events.push(event)
    if (events.length === count) break
  }
  return events.reverse()
}

/** What has the text in what is hidden of it only is not told: whoever guesses a secret would learn whether it is right. */
async function* shownEvents(store: Store, masks: EventMasks, options: EachEventOptions): AsyncIterableIterator<MaskedEvent> {
  for await (const event of store.eachEvent(options)) {
    const masked = await masks.masked(event)
    if (options.text === undefined || masked.holds(options.text)) yield masked
  }
}

function follow(context: Context, store: Store, filter: EventFilter): Promise<number> {
  const { line, output, clock } = context
  const limit = line.flags.count('limit') ?? defaultLimit
  const work = async (signal: AbortSignal): Promise<number> => {
    const last = limit === 0 ? undefined : await countBack(store, filter, limit)
    const bounds = last === undefined ? {} : { last }
    const masks = new EventMasks(store, true)
    for await (const event of shownEvents(store, masks, { ...filter, ...bounds, follow: true, signal })) {
      tell(context, event, filter)
      // Whoever read it has gone.
      if (isReaderGone()) break
    }
    return 0
  }
  return untilStopped(work, async (stopped, code) => {
    if (output.json) output.jsonLine(exitLine(clock.now(), filter.run, code, stopped.toJSON()))
  })
}

/** How many of the newest events there are down to the `limit`th that is shown: with a text some are not. */
async function countBack(store: Store, filter: EventFilter, limit: number): Promise<number> {
  const { text } = filter
  if (text === undefined) return limit
  const masks = new EventMasks(store)
  let [found, shown] = [0, 0]
  for await (const event of store.eachEvent({ ...filter, newestFirst: true })) {
    found++
    if ((await masks.masked(event)).holds(text) && ++shown === limit) break
  }
  return Math.max(found, 1)
}

function tell({ output }: Context, { event, redaction }: MaskedEvent, filter: EventFilter): void {
  output.showWith(redaction)
  const { time, run, ...rest } = event
  if (output.json) output.jsonLine(eventLine(time, run, rest))
  else writeEntry(output, listedEvent(event, filter.run === undefined))
}

async function summary({ output, clock }: Context, summed: EventSummary): Promise<number> {
  if (!output.json) {
    await output.result(eventSummaryLines(summed))
    return 0
  }
  const { run, ...rest } = summed
  output.jsonLine(eventLine(clock.now(), run, { type: 'summary', ...rest }))
  output.jsonLine(exitLine(clock.now(), run, 0))
  return 0
}

/** What was meant, where a type, a pipeline or a stage is misspelt. */
async function meantCommand(store: Store, line: CommandLine, run: string | undefined): Promise<MeantCommand> {
  const types = line.flags.all('type')
  const known = types.length === 0 ? [] : await store.eventTypes()
  const meant = types.map(type => (known.includes(type) ? type : (nearest(type, known) ?? type)))
  const names = await meantNames(store, line, run)
  const isSame = !names.isCorrected && meant.every((type, at) => type === types[at])
  return meantOf(isSame ? undefined : commandFor(line, meant, undefined, names), names)
}

/** The same command with these types, or with another limit or other names. */
function commandFor(line: CommandLine, types: readonly string[], limit?: number, names?: MeantNames): string {
  const { flags } = line
  const words = ['waymark', 'events', ...(names ?? line).arguments]
  for (const type of types.length > 0 ? types : flags.all('type')) words.push('--type', type)
  for (const name of ['status', 'stage', 'pipeline', 'since', 'until', 'grep'])
    for (const value of flags.all(name)) words.push(`--${name}`, names?.flags.get(name) ?? value)
  if (limit !== undefined) words.push('--limit', String(limit))
  return shellWords(words)
}
