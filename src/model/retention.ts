import type { CheckpointStatus } from './checkpoint-status.ts'

/** What the rule needs to know of a run. */
export interface RunToRetain {
  readonly id: string
  readonly pipeline: string
  /** Completed or cancelled: it does not go on by itself. */
  readonly finished: boolean
  readonly createdAt: number
  /** Wall milliseconds of its end; of its newest record, where it has none. */
  readonly endedAt: number
}

/** What the rule needs to know of a checkpoint. */
export interface CheckpointToRetain {
  readonly id: string
  readonly run?: string
  readonly stage?: string
  readonly type: string
  /** Grows with every checkpoint. */
  readonly order: number
  readonly status: CheckpointStatus
  readonly pinned: boolean
  /** A run forked from this one's, which needs it. */
  readonly forkedBy?: string
}

export interface RetentionRule {
  /** Wall milliseconds. */
  readonly now: number
  /** A run that ended less long ago keeps everything. */
  readonly olderThanMs: number
  /** So many newest runs of each pipeline keep everything. */
  readonly newestRuns: number
}

/** Why a checkpoint is kept; `old` ones are removed. */
export type RetentionReason =
  | 'pinned'
  | `forked by ${string}`
  | 'of no pipeline’s run'
  | 'its run is unfinished'
  | 'its run ended not long ago'
  | 'among the newest runs of its pipeline'
  | 'the newest good one of its stage'
  | 'old'

/**
 * Which checkpoints are kept and why: the first reason that holds, in the order of {@link RetentionReason}. Pure. A stage is known by its name within its pipeline, and the calls of a loop are one
 * stage: otherwise each key ever used would keep its newest for ever.
 */
export function retain(
  checkpoints: readonly CheckpointToRetain[],
  runs: readonly RunToRetain[],
  rule: RetentionRule,
): ReadonlyMap<string, RetentionReason> {
  const byId = new Map(runs.map(run => [run.id, run]))
  const newestRuns = newestOfEachPipeline(runs, rule.newestRuns)
  const newestGood = newestGoodOfEachStage(checkpoints, byId)
  return new Map(
    checkpoints.map(checkpoint => {
      const run = checkpoint.run === undefined ? undefined : byId.get(checkpoint.run)
      return [checkpoint.id, reasonOf(checkpoint, run, { rule, newestRuns, newestGood })]
    }),
  )
}

interface Newest {
  readonly rule: RetentionRule
  readonly newestRuns: ReadonlySet<string>
  readonly newestGood: ReadonlySet<string>
}

function reasonOf(
  checkpoint: CheckpointToRetain,
  run: RunToRetain | undefined,
  { rule, newestRuns, newestGood }: Newest,
): RetentionReason {
  if (checkpoint.pinned) return 'pinned'
  if (checkpoint.forkedBy !== undefined) return `forked by ${checkpoint.forkedBy}`
  if (run === undefined) return 'of no pipeline’s run'
  if (!run.finished) return 'its run is unfinished'
  if (rule.now - run.endedAt < rule.olderThanMs) return 'its run ended not long ago'
  if (newestRuns.has(run.id)) return 'among the newest runs of its pipeline'
  return newestGood.has(checkpoint.id) ? 'the newest good one of its stage' : 'old'
}

function newestOfEachPipeline(runs: readonly RunToRetain[], amount: number): ReadonlySet<string> {
  const seen = new Map<string, number>()
  const newest = new Set<string>()
  for (const run of [...runs].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))) {
    const before = seen.get(run.pipeline) ?? 0
    seen.set(run.pipeline, before + 1)
    if (before < amount) newest.add(run.id)
  }
  return newest
}

function newestGoodOfEachStage(
  checkpoints: readonly CheckpointToRetain[],
  runs: ReadonlyMap<string, RunToRetain>,
): ReadonlySet<string> {
  const newest = new Map<string, CheckpointToRetain>()
  const good: { readonly key: string; readonly checkpoint: CheckpointToRetain }[] = []
  for (const checkpoint of checkpoints) {
    const run = checkpoint.run === undefined ? undefined : runs.get(checkpoint.run)
    if (run === undefined || checkpoint.status === 'damaged') continue
    const stage = checkpoint.stage?.replaceAll(/\[[^\]]*\]/g, '[*]') ?? ''
    const key = `${run.pipeline}\n${stage}\n${checkpoint.type}`
    good.push({ key, checkpoint })
    if ((newest.get(key)?.order ?? Number.NEGATIVE_INFINITY) < checkpoint.order) newest.set(key, checkpoint)
  }
  const kept = good.filter(({ key, checkpoint }) => {
    const last = newest.get(key)
    // Each holds the results of some items only: the pass that saved the newest needs all of its own.
    return checkpoint.type === 'items' ? isOfSamePass(checkpoint, last) : checkpoint === last
  })
  return new Set(kept.map(({ checkpoint }) => checkpoint.id))
}

const isOfSamePass = (one: CheckpointToRetain, other: CheckpointToRetain | undefined): boolean =>
  one.run === other?.run && one.stage === other?.stage
