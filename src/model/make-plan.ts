import type { CodeChange } from './code-change.ts'
import type { Plan, PlannedItems, PlannedStage } from './plan.ts'
import type { RecordedRun } from './recorded-run.ts'
import type { RecordedStage } from './recorded-stage.ts'
import { type Restart, recoveryOf } from './recovery-type.ts'
import { isInside, stageNameOf } from './scope.ts'
import type { StageSelection } from './stage-selection.ts'

export interface PlanFacts {
  readonly run: string
  readonly pipeline: string
  readonly reason: string
  readonly recorded: RecordedRun
  /** Stages of the run itself, where the pipeline declares them. */
  readonly declared: readonly string[]
  /** Top-level stages of the last finished run of the pipeline, in order. */
  readonly lastFinished: readonly string[]
  /** Stages the user asked to redo or to keep to. */
  readonly selection: StageSelection
  /** What was found out about inputs that are not what they were, by path. */
  readonly inputs?: ReadonlyMap<string, PlannedInput>
  readonly restart?: Restart | undefined
  readonly code?: readonly CodeChange[]
  readonly notices: readonly string[]
}

/** An input that changed since it was recorded. */
export interface PlannedInput {
  /** What changed, in words. */
  readonly text: string
  /** `refused`: until it is accepted. `grown`: recorded items are kept, new ones called. `other`: as {@link PlannedInput.keeps} says. */
  readonly effect: 'refused' | 'grown' | 'other'
  /** Whether recorded items are kept: those known by key are. */
  readonly keeps: boolean
}

/** The resume plan, made without calling the pipeline. Only recorded counts are promises; a `version` that changed shows when the stage is called. */
export function makePlan(facts: PlanFacts): Plan {
  const { recorded, selection, code } = facts
  const known = [...recorded.stages.values()].filter(stage => !stage.path.includes('/')).sort((a, b) => a.order - b.order)
  const finished = new Set(known.filter(stage => stage.state === 'completed').flatMap(({ path }) => [path, stageNameOf(path)]))
  const leftFor = (path: string) => selection.leftFor(path, name => finished.has(name))
  const requeued = [...recorded.stages.values()].filter(stage => stage.requeued !== undefined)
  const unsaved = new Map(recorded.ended?.cause?.unsaved?.map(({ stage, items }) => [stage, items]))
  const stages = known.map(stage => held(withUnsaved(plannedStage(stage, facts, requeued), unsaved), leftFor))
  const seen = new Set(known.map(stage => stageNameOf(stage.path)))
  const source = facts.declared.length > 0 ? 'declared by the pipeline' : 'as in the last finished run'
  for (const name of facts.declared.length > 0 ? facts.declared : facts.lastFinished) {
    if (seen.has(stageNameOf(name))) continue
    seen.add(stageNameOf(name))
    stages.push(held({ path: name, action: 'run', reason: `not started; ${source}`, expected: true }, leftFor))
  }
  const items = itemsOf(stages)
  const keptMs = keptWorkMs(known, stages)
  const { attempts, ended, restarts } = recorded
  const isFork = recorded.created?.forkedFrom !== undefined
  return {
    run: facts.run,
    pipeline: facts.pipeline,
    kind: attempts === 0 && !isFork ? 'new' : 'resume',
    attempt: attempts + 1,
    reason: facts.reason,
    recovery: recoveryOf({ attempts, ended, restart: facts.restart, restartsBefore: restarts, isFork }),
    stages,
    ...(items === undefined ? {} : { items }),
    ...(keptMs === 0 ? {} : { keptMs }),
    ...(code === undefined || code.length === 0 ? {} : { code }),
    notices: facts.notices,
  }
}

function plannedStage(stage: RecordedStage, { selection, inputs }: PlanFacts, requeued: readonly RecordedStage[]): PlannedStage {
  const { path, finished } = stage
  const thrown = (reason: string): PlannedStage => ({ path, action: 'redo', reason, ...countsOf(stage, 0, finished) })
  const kept = countsOf(stage, finished, 0)
  const asked = selection.redoFor(path)
  if (asked !== undefined) return { ...thrown(asked), asked: true }
  if (stage.outdated !== undefined) return thrown(stage.outdated)
  const input = inputs?.get(path)
  if (input?.effect === 'grown') {
    return { path, action: 'continue', reason: input.text, ...(finished === 0 ? {} : { recorded: finished }) }
  }
  if (input?.effect === 'other' && !input.keeps) return thrown(input.text)
  if (input?.effect === 'other') return { path, action: 'continue', reason: input.text, recorded: finished }
  const change = inputChange(stage, requeued)
  const offered = change === undefined ? '' : `; ${change}; redo with --redo ${stageNameOf(path)}`
  const origin = stage.inheritedFrom
  if (stage.state === 'completed') {
    const reason = origin === undefined ? 'finished and recorded' : `reused from ${origin}`
    return { path, action: 'reuse', reason: `${reason}${offered}`, ...kept }
  }
  if (stage.requeued !== undefined)
    return { path, action: 'continue', reason: `${itemsText(stage.requeued.size)} called again`, ...kept }
  if (finished > 0) {
    const reason = origin === undefined ? 'recorded items are not called again' : `recorded items are reused from ${origin}`
    return { path, action: 'continue', reason, ...kept }
  }
  return { path, action: 'run', reason: stage.state === 'failed' ? 'it failed' : 'it had not finished', ...kept }
}

/** What a finished stage was made from is another by now, or about to be: items of stages before it are called again. */
function inputChange({ order, path, inputChanged }: RecordedStage, requeued: readonly RecordedStage[]): string | undefined {
  const changing = requeued.flatMap(one =>
    one.requeued === undefined || one.order >= order || isInside(path, one.path)
      ? []
      : `${itemsText(one.requeued.size, one.path)} called again`,
  )
  if (changing.length > 0) return `its input changes: ${changing.join(', ')}`
  return inputChanged === undefined ? undefined : `its input changed: ${inputChanged}`
}

const itemsText = (amount: number, of?: string): string =>
  `${amount} ${amount === 1 ? 'item' : 'items'}${of === undefined ? '' : ` of ${of}`} ${amount === 1 ? 'is' : 'are'}`

/** With what the attempt before lost when its process died, of what is not thrown away anyway. */
function withUnsaved(stage: PlannedStage, unsaved: ReadonlyMap<string, number>): PlannedStage {
  const lost = unsaved.get(stage.path)
  if (lost === undefined || (stage.action !== 'continue' && stage.action !== 'run')) return stage
  return { ...stage, again: stage.run === undefined ? lost : Math.min(lost, stage.run) }
}

/** A stage that would be called, and must not be in this attempt. */
function held(stage: PlannedStage, leftFor: (path: string) => string | undefined): PlannedStage {
  if (stage.action === 'reuse') return stage
  const option = leftFor(stage.path)
  return option === undefined ? stage : { ...stage, action: 'later', reason: `not in this attempt: ${option}` }
}

/** Counts of a pass over items: `recorded + redo + run = total`. */
function countsOf(
  stage: RecordedStage,
  recorded: number,
  redo: number,
): Pick<PlannedStage, 'recorded' | 'redo' | 'run' | 'total'> {
  if (stage.kind !== 'each') return {}
  const { total } = stage
  return {
    ...(recorded === 0 && stage.state !== 'completed' ? {} : { recorded }),
    ...(redo === 0 ? {} : { redo }),
    ...(total === undefined ? {} : { run: Math.max(0, total - recorded - redo), total: Math.max(total, recorded + redo) }),
  }
}

function itemsOf(stages: readonly PlannedStage[]): PlannedItems | undefined {
  const sum = { total: 0, reuse: 0, redo: 0, run: 0 }
  for (const { total, recorded = 0, redo = 0, run = 0 } of stages) {
    if (total === undefined) continue
    sum.total += total
    sum.reuse += recorded
    sum.redo += redo
    sum.run += run
  }
  return sum.total === 0 ? undefined : sum
}

function keptWorkMs(known: readonly RecordedStage[], stages: readonly PlannedStage[]): number {
  const thrown = new Set(
    stages.filter(stage => stage.action !== 'reuse' && stage.recorded === undefined).map(stage => stage.path),
  )
  let sum = 0
  for (const stage of known) if (!thrown.has(stage.path)) sum += stage.workedMs
  return Math.round(sum)
}
