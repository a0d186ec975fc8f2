import { checkEvent, metadataJson } from '../model/check-event.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { EventPack, type PackableEvent } from '../model/packed-events.ts'
import type { EventStatus } from '../model/pipeline-event.ts'
import type { RunRecord } from '../model/records.ts'
import { checkSchema, type Schema } from '../model/schema.ts'
import type { ScopePath } from '../model/scope.ts'
import type { Attempt } from './attempt.ts'

/** Bytes of events that go into one append: far below what the log takes at once. */
const groupTargetBytes = 4 << 20

/** More are only counted: a loop may make as many as it likes. */
const mostRefusalsTold = 20

/** Events that are committed together. */
interface EventGroup {
  readonly packs: EventPack[]
  /** What events of it stand on. */
  readonly records: RunRecord[]
  bytes: number
  readonly committed: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

/** Schemas of the metadata of events, by type. */
export type EventSchemas = Readonly<Record<string, Schema>>

/**
 * Records the events of an attempt. Those of one tick, and those that come while a commit is under way, go together into few records and one commit.
 */
export class EventRecorder {
  readonly #attempt: Attempt
  readonly #schemas: EventSchemas
  readonly #groups: EventGroup[] = []
  #writing: Promise<void> | undefined
  #closed = false
  /** Messages of what was refused. */
  readonly #refusals = new Set<string>()
  /** Refusals that were not told any more. */
  #untold = 0

  constructor(attempt: Attempt, schemas: EventSchemas = {}) {
    this.#attempt = attempt
    this.#schemas = schemas
  }

  /**
   * Resolves when the event is as safe as the records of the attempt. Nobody need wait for it: what is refused is told as a notice too.
   *
   * @throws WaymarkError `invalid` with nothing recorded; what the commit fails with
   */
  record(
    stage: ScopePath,
    item: string | undefined,
    type: string,
    metadata: unknown,
    options: { readonly status?: EventStatus } = {},
  ): Promise<void> {
    return this.told(this.#record(stage, item, type, metadata, options))
  }

  /** As it is; that it is refused ends no process where nobody waits for it, and is told once of each kind. */
  told(recording: Promise<void>): Promise<void> {
    recording.catch(error => {
      // Any other failure ends the run too.
      if (!isWaymarkError(error, 'invalid') || this.#refusals.has(error.message)) return
      if (this.#refusals.size === mostRefusalsTold) {
        this.#untold++
        return
      }
      this.#refusals.add(error.message)
      this.#tell(`not recorded: ${error.message}`)
    })
    return recording
  }

  #tell(message: string): void {
    const { core, run, onEvent } = this.#attempt.facts
    if (onEvent === undefined || this.#closed) core.feed.note(`run ${run}: ${message}`)
    else this.#attempt.emit({ type: 'notice', message })
  }

  #record(
    stage: ScopePath,
    item: string | undefined,
    type: string,
    metadata: unknown,
    options: { readonly status?: EventStatus },
  ): Promise<void> {
    try {
      const status: unknown = options.status ?? 'info'
      checkEvent(type, status)
      const time = this.#attempt.facts.core.clock.now()
      const place = { type, time, status, stage, item }
      const schema = Object.hasOwn(this.#schemas, type) ? this.#schemas[type] : undefined
      if (schema === undefined) return this.add({ ...place, json: metadataJson(type, metadata) })
      return checkSchema(schema, metadata, `the metadata of the event ${type}`).then(checked =>
        this.add({ ...place, json: metadataJson(type, checked) }),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Resolves when nothing waits any more, and refuses what comes after. How many refusals were not told is told. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#untold > 0) this.#tell(`not recorded: and ${this.#untold} more were refused`)
    this.#closed = true
  }

  /** Records an event that was checked, in one commit with what it stands on: a checkpoint that it names. */
  add(event: PackableEvent, standsOn?: RunRecord): Promise<void> {
    if (this.#closed) return Promise.reject(tooLate(this.#attempt.facts.run, event.type))
    let group = this.#groups.at(-1)
    if (group === undefined || group.bytes >= groupTargetBytes) {
      group = newGroup()
      this.#groups.push(group)
    }
    let pack = group.packs.at(-1)
    const before = pack?.length ?? 0
    if (pack?.add(event) !== true) {
      group.bytes += before
      pack = new EventPack()
      pack.add(event)
      group.packs.push(pack)
    }
    if (standsOn !== undefined) group.records.push(standsOn)
    this.#writing ??= this.#drain()
    return group.committed
  }

  async #drain(): Promise<void> {
    // What the same tick adds joins the first commit.
    await Promise.resolve()
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      const { core, attempt } = this.#attempt.facts
      const time = core.clock.now()
      try {
        await this.#attempt.append(...group.records, ...group.packs.map(pack => pack.record(time, attempt)))
        group.resolve()
      } catch (error) {
        group.reject(error)
      }
    }
    this.#writing = undefined
  }
}

function newGroup(): EventGroup {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Whoever does not wait hears of it all the same: where events cannot be written, neither can the end of the run.
  promise.catch(() => {})
  return { packs: [], records: [], bytes: 0, committed: promise, resolve, reject }
}

const tooLate = (run: string, type: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `the event ${type} came after run ${run} had ended`,
    means: 'The event was not recorded; the run is as it was.',
    remedy: 'Await what the pipeline starts, so that it records its events before it ends.',
    details: { run },
  })
