import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { infoOf } from './checkpoint-info.ts'
import { diffContents, type Explain } from './diff-contents.ts'
import { attemptsOf, isOfTime, stageFacts } from './diff-facts.ts'
import { diffItems } from './diff-items.ts'
import { lastGoodOf } from './diff-last-good.ts'
import { checkDiffOptions, type StoreDiffOptions } from './diff-options.ts'
import type { CheckpointDiff, ContentDiff, DiffReport, DiffSide, FactDifference } from './diff-report.ts'
import { diffRuns, isSameContent } from './diff-runs.ts'
import { type CheckpointSide, type ComparedSide, resolveSide, type StageSide } from './diff-sides.ts'
import { learnRunOf } from './learn-run.ts'
import type { StoreCore } from './store-core.ts'

/**
 * Compares what two addresses name: two runs, or two checkpoints (a stage stands for what it saved last).
 *
 * @param before undefined: the last good run of the same pipeline, or the same stage of it
 * @throws WaymarkError `not_found`, `conflict` if a prefix fits several, `invalid` where the two cannot be compared or are the same, `corrupt`
 */
export async function diffAddresses(
  core: StoreCore,
  before: string | undefined,
  after: string,
  explain: Explain,
  given: StoreDiffOptions,
): Promise<DiffReport> {
  checkDiffOptions(given)
  const naming = namingCheckpoint(explain)
  await core.feed.refresh()
  const b = await resolveSide(core, after)
  const a = before === undefined ? await lastGoodOf(core, b) : await resolveSide(core, before)
  for (const side of [a, b]) await learnRunOf(core, runOf(side))
  const options = { ...given, mask: [...core.redaction.masks, ...(given.mask ?? [])] }
  if (a.kind === 'run' && b.kind === 'run') {
    if (a.run.id === b.run.id) throw sameThing(a, b, `run ${a.run.id}`)
    const found = await diffRuns(core, a, b, naming, options)
    return { kind: 'runs', a: shownSide(core, a), b: shownSide(core, b), ...found }
  }
  if (a.kind === 'run' || b.kind === 'run') throw runAndPart(a, b)
  return diffCheckpoints(core, a, b, naming, options)
}

function runOf(side: ComparedSide): string | undefined {
  if (side.kind === 'checkpoint') return side.checkpoint.run
  return side.kind === 'run' ? side.run.id : side.runId
}

/** Two checkpoints are read: which of them is damaged has to be said. */
function namingCheckpoint(explain: Explain): Explain {
  return async (error, view) => {
    const found: unknown = await explain(error, view).catch((explained: unknown) => explained)
    if (!isWaymarkError(found, 'corrupt') || found.details['checkpoint'] !== undefined) throw found
    throw new WaymarkError('corrupt', {
      message: `checkpoint ${view.id} cannot be read: ${found.message}`,
      means: found.means,
      remedy: found.remedy,
      details: { ...found.details, checkpoint: view.id },
      cause: found,
    })
  }
}

async function diffCheckpoints(
  core: StoreCore,
  a: StageSide | CheckpointSide,
  b: StageSide | CheckpointSide,
  explain: Explain,
  options: StoreDiffOptions,
): Promise<CheckpointDiff> {
  const items = await itemsOf(core, a, b, options)
  if (items !== undefined) {
    const facts = await factsOf(core, a, b, options)
    const same = isSameContent(items) && facts.every(isOfTime)
    return { kind: 'checkpoints', a: shownSide(core, a), b: shownSide(core, b), same, facts, content: items }
  }
  const [left, right] = [savedBy(a), savedBy(b)]
  if (left.id === right.id) throw sameThing(a, b, `checkpoint ${left.id}`)
  const facts = await factsOf(core, a, b, options)
  const content = await diffContents(core, left, right, explain, options)
  if (content.form === 'kinds') throw otherKinds(left, right)
  const same = isSameContent(content) && facts.every(isOfTime)
  return { kind: 'checkpoints', a: shownSide(core, a), b: shownSide(core, b), same, facts, content }
}

/** Results that two passes over items kept: they are no checkpoints. */
async function itemsOf(
  core: StoreCore,
  a: StageSide | CheckpointSide,
  b: StageSide | CheckpointSide,
  options: StoreDiffOptions,
): Promise<ContentDiff | undefined> {
  if (a.kind !== 'stage' || b.kind !== 'stage' || a.stage === undefined || b.stage === undefined) return undefined
  if (a.checkpoint !== undefined || b.checkpoint !== undefined) return undefined
  if (a.runId === b.runId && a.path === b.path) throw sameThing(a, b, `stage ${a.path} of run ${a.runId}`)
  return diffItems(core, a.stage, b.stage, options)
}

/** What two stages differ in beside what they saved; of checkpoints there is nothing more to say. */
async function factsOf(
  core: StoreCore,
  a: StageSide | CheckpointSide,
  b: StageSide | CheckpointSide,
  options: StoreDiffOptions,
): Promise<readonly FactDifference[]> {
  if (a.kind !== 'stage' || b.kind !== 'stage' || a.stage === undefined || b.stage === undefined) return []
  const [ranA, ranB] = [
    a.run === undefined ? undefined : (await attemptsOf(core, a.run)).get(a.stage.attempt),
    b.run === undefined ? undefined : (await attemptsOf(core, b.run)).get(b.stage.attempt),
  ]
  return stageFacts(a.stage, b.stage, options, ranA, ranB)
}

function savedBy(side: StageSide | CheckpointSide): CheckpointView {
  if (side.checkpoint !== undefined) return side.checkpoint
  throw new WaymarkError('not_found', {
    message: `${side.address} has saved nothing that could be compared`,
    means: 'Nothing was read or changed.',
    remedy:
      side.kind === 'stage'
        ? `What a stage wrote to an output is compared by the files themselves; what there is: waymark checkpoints ${side.runId}`
        : 'waymark checkpoints',
    details: { address: side.address },
  })
}

function shownSide(core: StoreCore, side: ComparedSide): DiffSide {
  const { address } = side
  if (side.kind === 'run') return { address, run: side.run.id, pipeline: side.run.pipeline }
  const { checkpoint } = side
  const info = checkpoint === undefined ? {} : { checkpoint: infoOf(checkpoint, core.clock.now()) }
  if (side.kind === 'checkpoint') {
    const { run, stage } = side.checkpoint
    return { address, ...(run === undefined ? {} : { run }), ...(stage === undefined ? {} : { stage }), ...info }
  }
  const pipeline = side.run === undefined ? {} : { pipeline: side.run.pipeline }
  return { address, run: side.runId, ...pipeline, stage: side.path, ...info }
}

const sameThing = (a: ComparedSide, b: ComparedSide, what: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${a.address} and ${b.address} are both ${what}`,
    means: 'It equals itself; nothing was read or changed.',
    remedy: `Name another one, or compare it with the last good one: waymark diff ${b.address} --last-good`,
  })

function runAndPart(a: ComparedSide, b: ComparedSide): WaymarkError {
  const [run, part] = a.kind === 'run' ? [a, b] : [b, a]
  const stage = part.kind === 'stage' ? part.path : (part.kind === 'checkpoint' && part.checkpoint.stage) || 'STAGE'
  return new WaymarkError('invalid', {
    message: `${run.address} is a run, and ${part.address} is a ${part.kind}`,
    means: 'They cannot be compared; nothing was read or changed.',
    remedy: `Name the same of both: waymark diff ${run.address}/${stage} ${part.address}`,
  })
}

const otherKinds = (a: CheckpointView, b: CheckpointView): WaymarkError =>
  new WaymarkError('invalid', {
    message: `checkpoint ${a.id} holds ${heldIn(a)}, and ${b.id} holds ${heldIn(b)}`,
    means: 'They cannot be compared; nothing was changed.',
    remedy: 'Compare checkpoints that hold the same kind of thing.',
    details: { before: a.encoding, after: b.encoding },
  })

const heldIn = ({ encoding }: CheckpointView): string => (encoding === 'cbor' ? 'a value' : encoding)
