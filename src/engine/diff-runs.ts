import { isWaymarkError } from '../model/errors.ts'
import type { CheckpointView, StageView } from '../model/run-view.ts'
import { diffContents, type Explain } from './diff-contents.ts'
import { attemptsOf, isOfTime, runFacts, stageFacts } from './diff-facts.ts'
import { diffItems } from './diff-items.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { ContentDiff, RunDiff, StageDiff } from './diff-report.ts'
import type { RunSide } from './diff-sides.ts'
import type { TableDiff } from './diff-tables.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import type { StoreCore } from './store-core.ts'

/** Values of stages are compared up to so many bytes in all, both runs together; what is left is said to differ. */
const mostBytes = 64e6

/** Two runs as wholes, and stage by stage. */
export async function diffRuns(
  core: StoreCore,
  a: RunSide,
  b: RunSide,
  explain: Explain,
  options: StoreDiffOptions,
): Promise<Pick<RunDiff, 'facts' | 'stages' | 'equalStages' | 'ignoreUnused' | 'same'>> {
  const stagesOf = (run: string): Promise<readonly StageView[]> => core.feed.query(catalog => catalog.stages(run))
  const [stagesA, stagesB] = [await stagesOf(a.run.id), await stagesOf(b.run.id)]
  const [ranA, ranB] = [await attemptsOf(core, a.run), await attemptsOf(core, b.run)]
  const facts = runFacts(a.run, b.run, ranA.get(a.run.attempt), ranB.get(b.run.attempt), options)
  const before = new Map(stagesA.map(stage => [stage.path, stage]))
  const after = new Set(stagesB.map(stage => stage.path))
  const contents = new ContentsWithin(core, explain, options)
  const found: StageDiff[] = []
  for (const stage of stagesB) {
    const earlier = before.get(stage.path)
    if (earlier === undefined) found.push({ stage: stage.path, in: 'b', facts: [] })
    else found.push(await diffStages(core, earlier, stage, contents, options))
  }
  for (const { path } of stagesA) if (!after.has(path)) found.push({ stage: path, in: 'a', facts: [] })
  const stages = found.filter(stage => stage.facts.length > 0 || isDifferent(stage))
  return {
    facts,
    stages,
    equalStages: found.length - stages.length,
    ...ignoredNowhere(found, options.ignore ?? []),
    same: facts.every(isOfTime) && stages.every(stage => stage.facts.every(isOfTime) && !isDifferent(stage)),
  }
}

/** What fits nothing in one stage may be meant for another. */
function ignoredNowhere(stages: readonly StageDiff[], ignore: readonly string[]): Pick<RunDiff, 'ignoreUnused'> {
  const read = stages.flatMap(({ content }) => (content?.form === 'value' || content?.form === 'rows' ? [content] : []))
  const unused = ignore.filter(path => read.every(content => content.ignoreUnused?.includes(path)))
  return read.length === 0 || unused.length === 0 ? {} : { ignoreUnused: unused }
}

const isDifferent = (stage: StageDiff): boolean =>
  stage.in !== 'both' || (stage.content !== undefined && !isSameContent(stage.content))

/** Whether nothing differs in what two checkpoints hold. Of what was not compared nobody knows. */
export function isSameContent(content: ContentDiff): boolean {
  if (content.form === 'same') return true
  // What was noted of a table tells of types that its values do not show.
  if ('tables' in content && content.tables?.some(isOtherSchema)) return false
  if (content.form === 'value') return Object.values(content.counts).every(count => count === 0)
  if (content.form === 'rows') return content.columns.length + content.added + content.removed + content.changed === 0
  if (content.form === 'files') return content.added.length + content.removed.length + content.changed.length === 0
  if (content.form === 'kinds') return content.before === content.after
  return false
}

const isOtherSchema = ({ facts }: TableDiff): boolean => facts !== undefined && facts.retyped.length > 0

async function diffStages(
  core: StoreCore,
  a: StageView,
  b: StageView,
  contents: ContentsWithin,
  options: StoreDiffOptions,
): Promise<StageDiff> {
  const facts = stageFacts(a, b, options)
  const [before, after] = [await checkpointOf(core, a), await checkpointOf(core, b)]
  const content =
    before === undefined && after === undefined ? await diffItems(core, a, b, options) : await contents.diff(before, after)
  return { stage: b.path, in: 'both', facts, ...(content === undefined ? {} : { content }) }
}

async function checkpointOf(core: StoreCore, { checkpointId }: StageView): Promise<CheckpointView | undefined> {
  return checkpointId === undefined ? undefined : findCheckpoint(core, checkpointId)
}

/** Compares what stages saved, until so much was read that the rest is left to be asked for. */
class ContentsWithin {
  readonly #core: StoreCore
  readonly #explain: Explain
  readonly #options: StoreDiffOptions
  #bytesLeft = mostBytes

  constructor(core: StoreCore, explain: Explain, options: StoreDiffOptions) {
    this.#core = core
    this.#explain = explain
    this.#options = options
  }

  async diff(a: CheckpointView | undefined, b: CheckpointView | undefined): Promise<ContentDiff> {
    if (a === undefined || b === undefined) return { form: 'kinds', before: a?.encoding, after: b?.encoding }
    const bytes = a.digest === b.digest ? 0 : a.logicalBytes + b.logicalBytes
    if (bytes > this.#bytesLeft) return { form: 'unread', bytesBefore: a.logicalBytes, bytesAfter: b.logicalBytes }
    this.#bytesLeft -= bytes
    try {
      return await diffContents(this.#core, a, b, this.#explain, this.#options)
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt')) throw error
      return { form: 'damaged', checkpoint: String(error.details['checkpoint'] ?? `${a.id} or ${b.id}`), message: error.message }
    }
  }
}
