import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ItemCounts, StoredError } from '../model/records.ts'
import type { StoreCore } from './store-core.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

/** The type of these checkpoints: `waymark checkpoints --type error` lists them. */
export const errorCheckpointType = 'error'

/** Stages told one by one; of more, the unfinished come first. */
const maxStages = 1_000

/** What a failed attempt leaves, as the value of a checkpoint: why it failed, where, and where everything is that was finished. */
export interface FailedAttempt {
  readonly run: string
  readonly pipeline: string
  /** From 1. */
  readonly attempt: number
  /** Wall milliseconds. */
  readonly time: number
  readonly error: StoredError
  /** The stage that failed, where one did. */
  readonly stage?: string
  /** The item that failed, by key (its index as text where items have none) and place in the input. */
  readonly item?: { readonly key: string; readonly index?: number }
  /** Items of all stages. */
  readonly items: { readonly done: number; readonly skipped: number; readonly setAside: number }
  readonly stages: readonly PartialStage[]
  /** Stages that are not among these. */
  readonly moreStages?: number
}

/** What there is of a stage: a finished one by its checkpoint, of a pass over items how far it came. */
export interface PartialStage {
  readonly path: string
  readonly state: 'running' | 'completed' | 'failed'
  /** Id of the checkpoint that holds the result: `store.load(id)`. */
  readonly checkpoint?: string
  readonly counts?: ItemCounts
  /** Ids of checkpoints that hold results of items. */
  readonly results?: readonly string[]
  /** Path of the output, as the pipeline gave it. */
  readonly output?: string
}

export interface FailureFacts {
  readonly run: string
  readonly pipeline: string
  readonly attempt: number
  readonly error: StoredError
  readonly place: { readonly stage: string; readonly item?: string; readonly index?: number } | undefined
  readonly recorded: RecordedRun
}

/**
 * Saves the error checkpoint of an attempt that failed: the caller commits its record. Undefined if it cannot be saved, for a full disk say: the attempt ends with its own error all the same.
 */
export async function writeErrorCheckpoint(core: StoreCore, facts: FailureFacts): Promise<CheckpointRecord | undefined> {
  const { run, error, place, attempt } = facts
  try {
    return await writeCheckpoint(core, failedAttempt(core.clock.now(), facts), {
      run,
      ...(place === undefined ? {} : { stage: place.stage }),
      type: errorCheckpointType,
      description: `attempt ${attempt} failed: ${error.message.split('\n')[0] ?? ''}`.slice(0, 200),
      metadata: {
        attempt,
        error: error.name,
        ...(place?.item === undefined ? {} : { item: place.item }),
        ...(place?.index === undefined ? {} : { index: place.index }),
      },
    })
  } catch {
    return undefined
  }
}

function failedAttempt(time: number, { run, pipeline, attempt, error, place, recorded }: FailureFacts): FailedAttempt {
  const all = [...recorded.stages.values()]
  const open = all.filter(stage => stage.state !== 'completed')
  const stages =
    all.length <= maxStages ? all : [...open, ...all.filter(stage => stage.state === 'completed')].slice(0, maxStages)
  return {
    run,
    pipeline,
    attempt,
    time,
    error,
    ...(place === undefined ? {} : { stage: place.stage }),
    ...(place?.item === undefined
      ? {}
      : { item: { key: place.item, ...(place.index === undefined ? {} : { index: place.index }) } }),
    items: {
      done: sumOf(all, 'done'),
      skipped: sumOf(all, 'skipped'),
      setAside: sumOf(all, 'setAside'),
    },
    stages: stages.map(partialStage),
    ...(all.length > stages.length ? { moreStages: all.length - stages.length } : {}),
  }
}

function partialStage({ path, state, checkpoint, counts, results, output }: RecordedStage): PartialStage {
  const ids = results.flatMap(result => (result.checkpoint === undefined ? [] : [result.checkpoint.id]))
  return {
    path,
    state,
    ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.id }),
    ...(counts === undefined ? {} : { counts }),
    ...(ids.length === 0 ? {} : { results: ids }),
    ...(output === undefined ? {} : { output: output.path }),
  }
}

const sumOf = (stages: readonly RecordedStage[], count: 'done' | 'skipped' | 'setAside'): number =>
  stages.reduce((sum, { counts }) => sum + (counts?.[count] ?? 0), 0)
