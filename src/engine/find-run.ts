import { WaymarkError } from '../model/errors.ts'
import { originText } from '../model/fork-origin.ts'
import { checkCallerId } from '../model/ids.ts'
import type { RunState, RunView } from '../model/run-view.ts'
import { runLiveness } from './ownership.ts'
import type { StoreCore } from './store-core.ts'

export const unfinishedStates: readonly RunState[] = ['initialized', 'running', 'paused', 'failed', 'recovering']

export interface Wanted {
  readonly pipeline: string
  readonly paramsDigest: string
  /** An id the caller chose. */
  readonly runId: string | undefined
  readonly fresh: boolean
  /** Digest of the params before a schema made anything of them. */
  readonly givenDigest?: () => string
}

/** Which run to work on, and why, in a sentence. */
export interface FoundRun {
  /** Undefined: a new one. */
  readonly run: RunView | undefined
  readonly reason: string
  /** Other unfinished runs of the same work. */
  readonly others: readonly RunView[]
}

/**
 * The run that the same pipeline with the same params goes on with: the one with the id the caller chose, else the newest unfinished one.
 *
 * @throws WaymarkError `conflict` if the id belongs to other work
 */
export async function findRun(core: StoreCore, wanted: Wanted): Promise<FoundRun> {
  const alike = await core.feed.query(catalog =>
    catalog.runs({ pipeline: wanted.pipeline, paramsDigest: wanted.paramsDigest, states: unfinishedStates, limit: 1_000 }),
  )
  // A fork is gone on with when it is named: it was made beside the work that goes on by itself.
  const unfinished = alike.filter(({ forkedFrom }) => forkedFrom === undefined)
  if (wanted.runId !== undefined) return findById(core, wanted, checkCallerId(wanted.runId, 'run'), unfinished)
  if (wanted.fresh) return { run: undefined, reason: 'a fresh run was asked for', others: unfinished }
  const [newest, ...others] = unfinished
  if (newest === undefined) return { run: undefined, reason: await reasonToBegin(core, wanted), others: [] }
  return { run: newest, reason: await reasonToGoOn(core, newest), others }
}

/** Whoever was killed after the last record and before it could say so should see that the work was done. */
async function reasonToBegin(core: StoreCore, { pipeline, paramsDigest }: Wanted): Promise<string> {
  const none = 'no unfinished run has these parameters'
  const [last] = await core.feed.query(catalog => catalog.runs({ pipeline, paramsDigest, states: ['completed'], limit: 1 }))
  if (last === undefined) return none
  return `${none}; run ${last.id} was completed with them at ${new Date(last.endedAt ?? last.updatedAt).toISOString()}`
}

async function findById(core: StoreCore, wanted: Wanted, id: string, unfinished: readonly RunView[]): Promise<FoundRun> {
  const run = await core.feed.query(catalog => catalog.run(id))
  const others = unfinished.filter(other => other.id !== id)
  if (run === undefined) return { run: undefined, reason: `no run has the id ${id} yet`, others: [] }
  // Params changed at a fork are recorded as they were given: what a schema makes of them was not known there.
  const isSame = run.paramsDigest === wanted.paramsDigest || isAsForked(run, wanted)
  const what = run.pipeline !== wanted.pipeline ? `belongs to the pipeline ${run.pipeline}` : 'has other parameters'
  if (run.pipeline !== wanted.pipeline || !isSame) {
    throw new WaymarkError('conflict', {
      message: `the run ${id} ${what}`,
      means: 'It is untouched; nothing was started.',
      remedy: `Choose another id, or look at the run with: waymark show ${id}`,
      details: { run: id, pipeline: run.pipeline, params: run.params },
    })
  }
  if (wanted.fresh) {
    throw new WaymarkError('conflict', {
      message: `the run ${id} exists, so it cannot begin afresh: an id is used once`,
      means: 'It is untouched; nothing was started.',
      remedy: 'Leave out --run-id, or choose another id.',
      details: { run: id },
    })
  }
  return { run, reason: await reasonToGoOn(core, run), others }
}

const isAsForked = ({ forkedFrom, paramsDigest }: RunView, { givenDigest }: Wanted): boolean =>
  forkedFrom !== undefined && givenDigest?.() === paramsDigest

async function reasonToGoOn(core: StoreCore, run: RunView): Promise<string> {
  const at = new Date(run.updatedAt).toISOString()
  if (run.forkedFrom !== undefined && run.attempt === 0) return `run ${run.id} was forked from ${originText(run.forkedFrom)}`
  switch (run.state) {
    case 'completed':
      return `run ${run.id} is completed`
    case 'cancelled':
      return `run ${run.id} was cancelled`
    case 'paused':
      if (run.reopened === true) return `run ${run.id} was completed, and work of it is to be done again since ${at}`
      return `run ${run.id} was stopped at ${at}`
    case 'failed':
      return run.cause === undefined ? `run ${run.id} failed at ${at}` : `run ${run.id} crashed at ${at}`
    default: {
      const liveness = await runLiveness(core, run)
      const end = liveness === 'ended' ? 'did not end' : 'crashed'
      return `run ${run.id} ${end}; its last record is of ${at}`
    }
  }
}
