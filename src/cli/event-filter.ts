import type { Store } from '../engine/store.ts'
import { type EventFilter, eventStatuses } from '../model/pipeline-event.ts'
import { addressedStage } from './addressed-stage.ts'
import { type CommandLine, wrongUsage } from './command-line.ts'
import { timeSpan } from './time-span.ts'

/** What of the events is asked for. */
export async function filterOf(store: Store, line: CommandLine, address: string | undefined, now: number): Promise<EventFilter> {
  const { flags } = line
  const found = address === undefined ? undefined : await store.resolve(address)
  const stage = flags.text('stage') ?? (found && (await addressedStage(store, found)).path)
  const types = flags.all('type')
  const statuses = eventStatuses.filter(status => flags.all('status').includes(status))
  const pipeline = flags.text('pipeline')
  const text = flags.text('grep')
  const since = timeOf(line, 'since', now)
  const until = timeOf(line, 'until', now)
  if (since !== undefined && until !== undefined && since >= until)
    throw wrongUsage('--until has to be later than --since: nothing lies between them', line.command)
  return {
    ...(found === undefined ? {} : { run: found.run.id }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(stage === undefined ? {} : { stage }),
    ...(types.length === 0 ? {} : { type: types }),
    ...(statuses.length === 0 ? {} : { status: statuses }),
    ...(text === undefined ? {} : { text }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

/** A time, or how long ago it was. */
function timeOf({ flags, command }: CommandLine, flag: 'since' | 'until', now: number): number | undefined {
  const text = flags.text(flag)
  if (text === undefined) return undefined
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const time = Date.parse(text)
    if (Number.isNaN(time))
      throw wrongUsage(`--${flag} needs a time such as 24h or 2026-11-21T08:00:00Z, not ${JSON.stringify(text)}`, command)
    return time
  }
  return now - timeSpan(text, flag, command)
}
