import type { SystemEventType } from '../model/event-types.ts'
import type { PipelineEvent } from '../model/pipeline-event.ts'
import { itemName } from '../model/recorded-stage.ts'
import { learnItems } from './learn-items.ts'
import { Redaction } from './redaction.ts'
import { readProgress } from './set-aside-items.ts'
import { coreOf, eventFeedOf, type Store } from './store.ts'

const setAsideType: SystemEventType = 'item_set_aside'

/**
 * What is not to be shown of one run, whatever else is shown of the store: what its paths and its params hide, and what is secret of the items that it put away, also of those that were requeued since.
 * Apart from the {@link Redaction} of the store, which learns from everything that is read.
 */
export class RunRedaction {
  readonly redaction: Redaction
  readonly #store: Store
  readonly #run: string | undefined
  /** Records that were read, and the items in them. */
  readonly #places = new Set<string>()
  readonly #items = new Set<string>()

  private constructor(store: Store, run: string | undefined) {
    this.redaction = new Redaction(coreOf(store).redaction.given)
    this.#store = store
    this.#run = run
  }

  /** @param run undefined: of what belongs to no run */
  static async of(store: Store, run: string | undefined): Promise<RunRedaction> {
    const made = new RunRedaction(store, run)
    if (run === undefined) return made
    const view = await coreOf(store).feed.query(catalog => catalog.run(run))
    if (view !== undefined) made.redaction.learnRun(view)
    await made.#learnItems()
    return made
  }

  /** Learns of the item that an event tells of, with what else was put away since. */
  async learnFrom({ type, stage, item, time }: PipelineEvent): Promise<void> {
    if (type === setAsideType && !this.#items.has(itemId(stage, item, time))) await this.#learnItems()
  }

  async #learnItems(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    const [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    const feed = await eventFeedOf(this.#store)
    const blocks = await feed.ask(async index => [...index.blocks({ run, types: [setAsideType], from, to, newestFirst: false })])
    for (const { run: its, position } of blocks) {
      const place = `${position.segment} ${position.offset}`
      if (its !== run || this.#places.has(place)) continue
      this.#places.add(place)
      const record = await readProgress(coreOf(this.#store), position)
      learnItems(this.redaction, record?.setAside)
      for (const { index, key, time } of record?.setAside ?? []) this.#items.add(itemId(record?.path, itemName(index, key), time))
    }
  }
}

const itemId = (stage: string | undefined, item: string | undefined, time: number): string => JSON.stringify([stage, item, time])
