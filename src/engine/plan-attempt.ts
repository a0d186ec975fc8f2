import { codeChangeText } from '../model/code-change.ts'
import { makePlan } from '../model/make-plan.ts'
import type { Plan } from '../model/plan.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import { type StageSelection, selectStages } from '../model/stage-selection.ts'
import type { HeldRun } from './begin-attempt.ts'
import { codeChanges } from './code-changes.ts'
import type { FoundRun } from './find-run.ts'
import { forkNotices } from './fork-notices.ts'
import { plannedInputs } from './input-plan.ts'
import type { AttemptOptions, Pipeline } from './pipeline.ts'
import type { StoreCore } from './store-core.ts'

const shownFiles = 5

/** What an attempt is going to do, and which stages it may call. */
export interface PlannedAttempt {
  readonly plan: Plan
  readonly selection: StageSelection
}

/**
 * Makes the plan of the attempt that is about to begin.
 *
 * @throws WaymarkError `invalid` if a stage is named that there is not
 */
export async function planAttempt(
  core: StoreCore,
  pipeline: Pipeline<never, unknown>,
  held: Pick<HeldRun, 'id' | 'recorded' | 'notices'>,
  found: FoundRun,
  options: AttemptOptions,
  baseDirectory: string,
): Promise<PlannedAttempt> {
  const { recorded } = held
  const lastFinished = await stagesOfLastFinished(core, pipeline.name)
  const paths = [...recorded.stages.values()].sort((a, b) => a.order - b.order).map(stage => stage.path)
  const selection = selectStages(options, {
    recorded: paths.filter(path => !path.includes('/')),
    inside: paths.filter(path => path.includes('/')),
    expected: pipeline.stages.length > 0 ? pipeline.stages : [...lastFinished, ...(await stagesOfOrigin(core, recorded))],
    areAll: pipeline.stages.length > 0 || lastFinished.length > 0,
  })
  const code = codeChanges(recorded.lastAttempt?.code, options.code)
  const inputs = await plannedInputs(core.files, recorded, { baseDirectory, acceptInput: options.acceptInput === true })
  const notices = [...core.feed.notices(), ...held.notices, ...forkNotices(recorded), ...selection.doubts]
  if (code.length > 0) {
    notices.push(
      `code changed since the last attempt (${code.slice(0, shownFiles).map(codeChangeText).join('; ')}${code.length > shownFiles ? ' …' : ''}); finished work is kept, redo a stage with --redo STAGE`,
    )
  }
  if (found.others.length > 0 && options.fresh !== true) {
    notices.push(
      `${found.others.length} older unfinished ${found.others.length === 1 ? 'run has' : 'runs have'} the same parameters: ${found.others.map(run => run.id).join(', ')}`,
    )
  }
  for (const [path, { effect, text }] of inputs) {
    if (effect === 'refused') notices.push(`the input of ${path} changed: ${text}; it is refused until --accept-input accepts it`)
  }
  const plan = makePlan({
    run: held.id,
    pipeline: pipeline.name,
    reason: found.reason,
    recorded,
    declared: pipeline.stages,
    lastFinished,
    selection,
    inputs,
    restart: options.restart,
    code,
    notices,
  })
  return { plan, selection }
}

/** Of a fork: those of the run it was made from can be named too, also where it does not have them. */
async function stagesOfOrigin(core: StoreCore, { ancestors }: RecordedRun): Promise<readonly string[]> {
  const origin = ancestors.at(-1)
  return origin === undefined ? [] : topStages(core, origin)
}

async function stagesOfLastFinished(core: StoreCore, pipeline: string): Promise<readonly string[]> {
  const [last] = await core.feed.query(catalog => catalog.runs({ pipeline, states: ['completed'], limit: 1 }))
  if (last === undefined) return []
  return topStages(core, last.id)
}

async function topStages(core: StoreCore, run: string): Promise<readonly string[]> {
  const stages = await core.feed.query(catalog => catalog.stages(run))
  return stages.map(stage => stage.path).filter(path => !path.includes('/'))
}
