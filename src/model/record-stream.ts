import { artifactKey } from './event-types.ts'
import type { EventMetadata } from './pipeline-event.ts'
import type { ScopePath } from './scope.ts'

/** The type of the checkpoints that hold artifacts: `waymark checkpoints --type artifact` lists them. */
export const artifactType = 'artifact'

/** A file that belongs to an entry: a checkpoint of bytes, of type `artifact`. */
export interface EntryArtifact {
  /** Id of the checkpoint: `store.loadBytes(id)`. */
  readonly id: string
  readonly name: string
  readonly bytes: number
}

/** An entry of a record stream, as `store.records` gives it. */
export interface StreamEntry {
  readonly stream: string
  /** Wall milliseconds since 1970 (UTC). */
  readonly time: number
  /** The run that is asked, or that recorded it. */
  readonly run: string
  readonly pipeline: string
  /** From 1. Of a fork, of the run that recorded it. */
  readonly attempt: number
  /** Path of the stage; absent where the pipeline's function itself recorded it. */
  readonly stage?: ScopePath
  /** The item's key, or its index as text; of a batch that of its first. */
  readonly item?: string
  readonly entry: EventMetadata
  readonly artifact?: EntryArtifact
  /** What recorded it was thrown away, or called again: it does not count. Only where such entries are asked for. */
  readonly superseded?: true
}

/** What a stream of a run adds up to. */
export interface StreamSummary {
  readonly stream: string
  /** Entries that count. */
  readonly entries: number
  /** How many have which `status`, where entries have one that is a text. */
  readonly statuses: Readonly<Record<string, number>>
  /** The newest, oldest first. */
  readonly tail: readonly StreamEntry[]
}

/** Entries of each stream that are shown at the end of a run. */
export const defaultRecordTail = 3

/** What the event of an entry holds, as entry and artifact. */
export function entryParts(metadata: EventMetadata): Pick<StreamEntry, 'entry' | 'artifact'> {
  const { [artifactKey]: kept, ...entry } = metadata
  return isArtifact(kept) ? { entry, artifact: kept } : { entry: metadata }
}

const isArtifact = (value: unknown): value is EntryArtifact =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'name' in value &&
  typeof value.name === 'string' &&
  'bytes' in value &&
  typeof value.bytes === 'number'
