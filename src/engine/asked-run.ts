import { WaymarkError } from '../model/errors.ts'
import type { EventFeed } from './event-feed.ts'
import { resolveAddress } from './resolve-address.ts'
import type { StoreCore } from './store-core.ts'

/**
 * The id of the run that a filter of events or entries asks for by its id or address. One whose records are lost is known by its whole id, as the index of events knows it.
 *
 * @throws WaymarkError `not_found`; `conflict` if a prefix fits several runs; `invalid` if it names more than a run
 */
export async function askedRun(core: StoreCore, events: EventFeed, address: string): Promise<string> {
  await core.feed.refresh()
  if ((await core.feed.query(catalog => catalog.run(address))) !== undefined) return address
  if ((await events.ask(async index => index.counts(address))).length > 0) return address
  const { run, stage, item } = await resolveAddress(address, query => core.feed.query(catalog => catalog.runs(query)))
  if (stage === undefined && item === undefined) return run.id
  throw new WaymarkError('invalid', {
    message: `run is the id or address of a run, and ${JSON.stringify(address)} names a stage of one`,
    means: 'Nothing was read.',
    remedy: 'Give the stage on its own: { run, stage }.',
    details: { option: 'run' },
  })
}
