import { dirname } from 'node:path'
import type { Ownership } from '../log/log.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { checkDurability, type Durability } from '../model/durability.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import { Attempt } from './attempt.ts'
import { beginRun, checkFresh, type HeldRun, holdRun, peekRun, storedFile } from './begin-attempt.ts'
import { carryOut, type PipelineFunction } from './carry-out.ts'
import { checkRunOptions } from './check-pipeline.ts'
import { runEach } from './each.ts'
import { type FoundRun, findRun, type Wanted } from './find-run.ts'
import { originNoticesOf } from './fork-notices.ts'
import { ownedForAMoment } from './owned-for-a-moment.ts'
import { leaseHeld } from './ownership.ts'
import { checkParams, paramsDigest } from './params.ts'
import type { AttemptOptions, Pipeline, RunOutcome } from './pipeline.ts'
import { planAttempt } from './plan-attempt.ts'
import { projectRoot } from './project-root.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { recordBeginning } from './record-beginning.ts'
import { encodeRunRecord } from './record-codec.ts'
import { cancelRequest, endRecord } from './record-stop.ts'
import { checkNotStopped } from './requested-stop.ts'
import { startStage } from './stage.ts'
import { coreOf, type Store } from './store.ts'
import type { StoreCore } from './store-core.ts'

/** One attempt at a run, from finding it to its end record. */
export async function runAttempt(
  pipeline: Pipeline<never, unknown>,
  fn: PipelineFunction,
  given: unknown,
  options: AttemptOptions,
): Promise<RunOutcome | undefined> {
  if (options?.store === undefined) {
    throw new WaymarkError('invalid', {
      message: `the pipeline ${pipeline.name} was given no store`,
      means: 'Nothing was run.',
      remedy: 'const store = await open(); await pipeline.run(params, { store })',
    })
  }
  checkRunOptions(pipeline.name, options)
  const durability = checkDurability(options.durability, `the run of ${pipeline.name}`)
  const params = await checkParams(pipeline.params, given)
  const shared = coreOf(options.store)
  const core: StoreCore = { ...shared, codecs: [...shared.codecs, ...pipeline.codecs] }
  core.redaction.learnRun({ params: given, redact: pipeline.redact })
  await core.feed.refresh()
  const digest = paramsDigest(params)
  const wanted: Wanted = {
    pipeline: pipeline.name,
    paramsDigest: digest,
    runId: options.runId,
    fresh: options.fresh === true,
    givenDigest: () => paramsDigest(given),
  }
  let found = await findRun(core, wanted)
  let begun: Ownership | undefined
  if (found.run === undefined && options.runId !== undefined && options.planOnly !== true) {
    begun = await beginRun(core, options.runId)
    if (begun === undefined) found = await findRun(core, wanted)
  }
  if (
    found.run?.state === 'completed' &&
    !asksForMore(options) &&
    (options.planOnly === true || (await isProven(core, found.run.id)))
  ) {
    const { id, resultId } = found.run
    options.onEvent?.({ type: 'notice', message: `run ${id} is completed: nothing is left to do` })
    const result = resultId === undefined ? undefined : await core.feed.query(catalog => catalog.checkpoint(resultId))
    return options.planOnly === true ? undefined : completedOutcome(core, id, result)
  }
  checkNotStopped(found.run, options.resumePaused === true || options.planOnly === true)
  checkFresh(core, found.run, options)
  if (options.planOnly === true) {
    const recorded = await peekRun(core, found.run)
    const held = { id: found.run?.id ?? options.runId ?? '(new)', recorded, notices: await originNoticesOf(core, found.run) }
    const { plan } = await planAttempt(core, pipeline, held, found, options, baseDirectoryOf(options.file ?? pipeline.definedIn))
    options.onEvent?.({ type: 'plan', plan })
    return undefined
  }
  const facts = { core, store: options.store, found, begun, given, params, digest, durability: durability ?? core.durability }
  return work(pipeline, fn, facts, options)
}

interface Work {
  readonly core: StoreCore
  readonly store: Store
  readonly found: FoundRun
  /** A new run's id, claimed because the caller chose it. */
  readonly begun: Ownership | undefined
  /** As the caller gave them: what a resume checks again. */
  readonly given: unknown
  /** As the function gets them. */
  readonly params: unknown
  readonly digest: string
  readonly durability: Durability
}

async function work(
  pipeline: Pipeline<never, unknown>,
  fn: PipelineFunction,
  { core, store, found, begun, given, params, digest, durability }: Work,
  options: AttemptOptions,
): Promise<RunOutcome> {
  if (found.run !== undefined) {
    if (core.activeRuns.has(found.run.id)) throw leaseHeld(core, { ...found.run, owner: core.self })
    // Before anything is awaited: of two calls in this process one is refused, and neither fences the other.
    core.activeRuns.add(found.run.id)
  }
  let release: (() => Promise<void>) | undefined
  let held: HeldRun | undefined
  try {
    if (options.fresh === true) await cancelOthers(core, found.others)
    release = await core.leases.hold()
    held = await holdRun(core, found, begun)
    const { ended, isCompleted } = held.recorded
    // Somebody else finished it since it was looked up, or its end was not proven durable before.
    if (isCompleted && !asksForMore(options)) return completedOutcome(core, held.id, ended?.result)
    core.activeRuns.add(held.id)
    const baseDirectory = baseDirectoryOf(options.file ?? pipeline.definedIn)
    const { plan, selection } = await planAttempt(core, pipeline, held, found, options, baseDirectory)
    const attempt = new Attempt({
      core,
      run: held.id,
      pipeline: pipeline.name,
      attempt: plan.attempt,
      ownership: held.ownership,
      durability,
      recorded: held.recorded,
      earlierOwnersDead: held.earlierOwnersDead,
      baseDirectory,
      plan,
      selection,
      acceptInput: options.acceptInput === true,
      eventSchemas: pipeline.events,
      recordSchemas: pipeline.records,
      signal: options.signal,
      stopSignal: options.stopSignal,
      onEvent: options.onEvent,
      verbs: (self, path, signal) => ({
        stage: (name, stageFn, stageOptions) => startStage(self, path, name, stageFn, stageOptions, signal),
        each: (name: string, items: unknown, itemFn: never, eachOptions: never) =>
          runEach(self, path, name, items, itemFn, eachOptions, signal) as never,
      }),
    })
    await recordBeginning(attempt, {
      plan,
      created: {
        params: given,
        paramsDigest: digest,
        ...(pipeline.stages.length === 0 ? {} : { stages: pipeline.stages }),
        ...(options.file === undefined ? {} : { file: storedFile(core, options.file) }),
        ...redactOf(core, pipeline),
        ...(pipeline.recordTail === undefined ? {} : { recordTail: pipeline.recordTail }),
      },
      supervisor: options.supervisor,
      code: options.code,
    })
    attempt.emit({ type: 'plan', plan })
    attempt.emit({ type: 'run.started', pipeline: pipeline.name, attempt: plan.attempt, store: store.path })
    const stopWatching = core.requests.watch(
      held.id,
      plan.attempt,
      request => attempt.obey(request),
      () => attempt.measure(),
    )
    try {
      return await carryOut(attempt, fn, params, pipeline)
    } finally {
      attempt.close()
      await stopWatching()
    }
  } finally {
    const id = found.run?.id ?? held?.id
    if (id !== undefined) core.activeRuns.delete(id)
    await release?.()
  }
}

/** What is not to be shown of a run that begins. */
function redactOf({ redaction }: StoreCore, { redact }: Pick<Pipeline, 'redact'>): { readonly redact?: readonly string[] } {
  const paths = [...new Set([...redaction.given, ...redact])]
  return paths.length === 0 ? {} : { redact: paths }
}

/** A completed run: nothing is called, its recorded result is given. */
async function completedOutcome(
  core: StoreCore,
  run: string,
  result: CheckpointRecord | CheckpointView | undefined,
): Promise<RunOutcome> {
  const stages = await core.feed.query(catalog => catalog.stages(run))
  const setAside = stages.reduce((sum, { counts }) => sum + (counts?.setAside ?? 0), 0)
  return { run, state: 'completed', value: result && (await readCheckpoint(core, result)), setAside }
}

/** Of a run that is named, also one that is completed can be asked to call stages again, or to look whether its inputs have more by now. */
const asksForMore = ({ runId, redo = [], from, acceptInput }: AttemptOptions): boolean =>
  runId !== undefined && (redo.length > 0 || from !== undefined || acceptInput === true)

/**
 * Whether all that is recorded of a run is known to be durable: by a later batch, by the close of its segment, or by whoever was told so. The word of a process that failed to make it
 * durable may be in the page cache only, and must not be passed on.
 */
async function isProven(core: StoreCore, run: string): Promise<boolean> {
  const head = (await core.feed.query(catalog => catalog.heads([run]))).get(run)
  if (head === undefined) return false
  const [mark] = await core.feed.query(catalog => catalog.marks([head.segment]))
  return mark !== undefined && mark.provenEnd >= mark.appliedEnd
}

/** A fresh run takes the place of the unfinished ones of the same work, which else would come back. */
async function cancelOthers(core: StoreCore, others: readonly RunView[]): Promise<void> {
  for (const run of others) {
    const cancelling = ownedForAMoment(core, run, async owned => {
      const record = await endRecord(core, run, owned, cancelRequest(core, 'the work was begun afresh'))
      if (record === undefined) return
      await core.log.append(owned.ownership, [encodeRunRecord(record)])
      await core.requests.forget(run.id, record.attempt)
    })
    // One that cannot be read cannot go on, and to begin afresh is what is said to do about it.
    await cancelling.catch((error: unknown) => {
      if (!isWaymarkError(error, 'corrupt')) throw error
    })
  }
}

const baseDirectoryOf = (file: string | undefined): string =>
  file === undefined ? process.cwd() : (projectRoot(dirname(file)) ?? dirname(file))
