import type { RunRecord } from '../model/records.ts'
import { decodeFound } from './decode-found.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import { learnItems } from './learn-items.ts'
import type { StoreCore } from './store-core.ts'

/** A record of a run's log, as `waymark events` shows it. */
export type LogEvent = RunRecord & { readonly token: number; readonly sequence: number }

/** The records of a run that count, oldest first; with `inherited` before its own those it was forked with. */
export async function* logEvents(core: StoreCore, run: string, inherited: boolean): AsyncIterableIterator<LogEvent> {
  const own = await ownHistory(core, run)
  for (const record of inherited ? await forkHistory(core, own) : own) {
    const event = await decodeFound(core.log, record)
    if (event.type === 'run.created') core.redaction.learnRun(event)
    if (event.type === 'stage.progress') learnItems(core.redaction, event.setAside)
    yield { ...event, token: record.token, sequence: record.sequence }
  }
}
