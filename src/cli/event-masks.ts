import { redactedJson } from '../engine/redacted-json.ts'
import type { Redaction } from '../engine/redaction.ts'
import { RunRedaction } from '../engine/run-redaction.ts'
import type { Store } from '../engine/store.ts'
import { eventHolds } from '../model/event-texts.ts'
import type { PipelineEvent } from '../model/pipeline-event.ts'

/** An event as it may be shown. */
export interface MaskedEvent {
  readonly event: PipelineEvent
  /** Of its run: what it is to be written with. */
  readonly redaction: Redaction
  /** Whether the text stands in what is shown of it. */
  readonly holds: (text: string) => boolean
}

interface RunMask {
  readonly run: RunRedaction
  /** Knows the secrets in the metadata of the event at hand, and of no other. */
  readonly own: Redaction
}

/** Runs are forgotten beyond so many. */
const mostRuns = 100

/** Hides what is secret of events. What is shown of one follows from itself and its run: it is the same whatever was asked, and whatever was shown before. */
export class EventMasks {
  readonly #store: Store
  readonly #follows: boolean
  readonly #byRun = new Map<string | undefined, RunMask>()

  /** @param follows Items may be put away while it is at work */
  constructor(store: Store, follows = false) {
    this.#store = store
    this.#follows = follows
  }

  async masked(event: PipelineEvent): Promise<MaskedEvent> {
    const { own, run } = this.#byRun.get(event.run) ?? (await this.#open(event.run))
    if (this.#follows) await run.learnFrom(event)
    own.hidden.clear()
    // What is secret in the metadata is not to be shown beside it either.
    const metadata = own.metadata(event.metadata)
    const shown = redactedJson({ ...event, metadata }, own) as PipelineEvent
    const { stage = '', ...rest } = shown
    return { event: shown, redaction: run.redaction, holds: text => eventHolds({ ...rest, stage }, text) }
  }

  async #open(run: string | undefined): Promise<RunMask> {
    const found = await RunRedaction.of(this.#store, run)
    const mask = { run: found, own: found.redaction.apart() }
    const [oldest] = this.#byRun.keys()
    if (this.#byRun.size === mostRuns) this.#byRun.delete(oldest)
    this.#byRun.set(run, mask)
    return mask
  }
}
