import { plainJson } from '../model/check-event.ts'
import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { artifactKey, recordsSupersededType, recordTypeOf } from '../model/event-types.ts'
import type { EntryArtifact } from '../model/record-stream.ts'
import { checkSchema, type Schema } from '../model/schema.ts'
import type { ScopePath } from '../model/scope.ts'
import type { Attempt } from './attempt.ts'
import type { ArtifactSource } from './record-stream-artifact.ts'
import type { RecordOptions, RecordStreamVerbs } from './record-stream-verbs.ts'

/** Schemas of entries, by stream. */
export type RecordSchemas = Readonly<Record<string, Schema>>

interface EntryPlace {
  readonly stage: ScopePath
  readonly item: string | undefined
}

/** Records entries of named streams: as events of the attempt, so that they share records and commits with these. */
export class RecordStreamRecorder {
  readonly #attempt: Attempt
  readonly #schemas: RecordSchemas

  constructor(attempt: Attempt, schemas: RecordSchemas = {}) {
    this.#attempt = attempt
    this.#schemas = schemas
  }

  /**
   * Resolves when the entry is as safe as the records of the attempt, and its artifact with it: one commit holds both. A process killed before leaves neither, but bytes that nothing names and that a cleanup takes.
   *
   * @throws WaymarkError `invalid` with nothing recorded
   */
  async record(place: EntryPlace, stream: string, entry: unknown, artifact: ArtifactSource | undefined): Promise<void> {
    checkStream(stream)
    const what = `the entry of ${stream}`
    const { core } = this.#attempt.facts
    const time = core.clock.now()
    const schema = Object.hasOwn(this.#schemas, stream) ? this.#schemas[stream] : undefined
    const json = schema === undefined ? entryJson(what, entry) : entryJson(what, await checkSchema(schema, entry, what))
    const event = { ...place, type: recordTypeOf(stream), time, status: 'info' } as const
    if (artifact === undefined) return this.#attempt.events.add({ ...event, json })
    const { keepArtifact } = await import('./record-stream-artifact.ts')
    const checkpoint = await keepArtifact(this.#attempt.facts, place, stream, artifact)
    const named: EntryArtifact = { id: checkpoint.id, name: artifact.name, bytes: checkpoint.logicalBytes }
    await this.#attempt.events.add(
      { ...event, json: withArtifact(json, named) },
      { type: 'checkpoint.saved', time: core.clock.now(), checkpoint },
    )
  }

  /** As {@link EventRecorder.told}. */
  told(recording: Promise<void>): Promise<void> {
    return this.#attempt.events.told(recording)
  }

  /**
   * Called before a stage or an item is called again in this attempt, and before a pass goes on: what the calls before recorded counts no more, unless they are recorded as finished.
   */
  async callAgain(stage: ScopePath, item?: string): Promise<void> {
    const { core, recorded } = this.#attempt.facts
    if (recorded.streams.size === 0) return
    await this.#attempt.events.add({
      type: recordsSupersededType,
      time: core.clock.now(),
      status: 'info',
      stage,
      item,
      json: '{}',
    })
  }
}

function entryJson(what: string, entry: unknown): string {
  const json = plainJson(what, entry, 'entry')
  if (!Object.hasOwn(Object(entry), artifactKey)) return json
  throw new WaymarkError('invalid', {
    message: `${what} has a property ${artifactKey}, which is where its artifact is named`,
    means: 'It was not recorded; nothing else changed.',
    remedy: `Give the property another name; an artifact is given as the third argument: { artifact: { name, bytes } }.`,
    details: { path: artifactKey },
  })
}

const withArtifact = (json: string, artifact: EntryArtifact): string =>
  `${json.slice(0, -1)}${json === '{}' ? '' : ','}"${artifactKey}":${JSON.stringify(artifact)}}`

const longestStream = 64

/** @throws WaymarkError `invalid` */
function checkStream(stream: unknown): asserts stream is string {
  if (typeof stream === 'string' && stream.length <= longestStream && /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(stream)) return
  throw new WaymarkError('invalid', {
    message: `${JSON.stringify(stream) ?? String(stream)} cannot be the name of a record stream`,
    means: 'Nothing was recorded.',
    remedy: `Use 1 to ${longestStream} letters, digits, _, - and .: run.record('quant_validation', { ticker: 'AAPL' })`,
  })
}

const rules: OptionRules<RecordOptions> = { artifact: optionRules.any }

/** The verb of what stands at a place of the run. */
export function recordStreamVerbs(recorder: RecordStreamRecorder, stage: ScopePath, item?: string): RecordStreamVerbs {
  return {
    record: (stream, ...[entry, options = {}]) => {
      const record = async (): Promise<void> => {
        checkOptions('record', options, rules, 'Nothing was recorded.')
        await recorder.record({ stage, item }, stream, entry, options.artifact)
      }
      return recorder.told(record())
    },
  }
}
