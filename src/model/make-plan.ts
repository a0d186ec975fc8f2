import type { Plan, PlannedStage } from './plan.ts'
import type { RecordedRun, RecordedStage } from './recorded-run.ts'

export interface PlanFacts {
  readonly run: string
  readonly pipeline: string
  readonly reason: string
  readonly recorded: RecordedRun
  /** Stages of the run itself, where the pipeline declares them. */
  readonly declared: readonly string[]
  /** Top-level stages of the last finished run of the pipeline, in order. */
  readonly lastFinished: readonly string[]
  /** Stages the user asked to redo. */
  readonly redo: readonly string[]
  readonly notices: readonly string[]
}

/** The resume plan, made without calling the pipeline. Only recorded counts are promises; a `version` that changed shows when the stage is called. */
export function makePlan(facts: PlanFacts): Plan {
  const { recorded } = facts
  const known = [...recorded.stages.values()].filter(stage => !stage.path.includes('/')).sort((a, b) => a.order - b.order)
  const stages = known.map(stage => plannedStage(stage, facts.redo))
  const seen = new Set(known.map(stage => stageName(stage.path)))
  const source = facts.declared.length > 0 ? 'declared by the pipeline' : 'as in the last finished run'
  for (const name of facts.declared.length > 0 ? facts.declared : facts.lastFinished) {
    if (seen.has(stageName(name))) continue
    seen.add(stageName(name))
    stages.push({ path: name, action: 'run', reason: `not started; ${source}`, expected: true })
  }
  return {
    run: facts.run,
    pipeline: facts.pipeline,
    kind: recorded.attempts === 0 ? 'new' : 'resume',
    attempt: recorded.attempts + 1,
    reason: facts.reason,
    stages,
    notices: facts.notices,
  }
}

function plannedStage(stage: RecordedStage, redo: readonly string[]): PlannedStage {
  const counts =
    stage.kind === 'each'
      ? { recorded: stage.finished, ...(stage.counts?.total === undefined ? {} : { total: stage.counts.total }) }
      : {}
  const path = stage.path
  if (redo.includes(path) || redo.includes(stageName(path))) return { path, action: 'redo', reason: 'asked for with --redo' }
  if (stage.outdated !== undefined) return { path, action: 'redo', reason: stage.outdated }
  if (stage.state === 'completed') return { path, action: 'reuse', reason: 'finished and recorded', ...counts }
  if (stage.finished > 0) return { path, action: 'continue', reason: 'recorded items are not called again', ...counts }
  return { path, action: 'run', reason: stage.state === 'failed' ? 'it failed' : 'it had not finished' }
}

/** A stage's name without the key of a loop. */
const stageName = (path: string): string => path.replace(/\[[^\]]*\]$/, '')
