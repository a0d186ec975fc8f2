import type { ResetReport } from '../../engine/reset-run.ts'
import type { RunSummary } from '../../engine/run-summary.ts'
import type { Store } from '../../engine/store.ts'
import { exitCodeOf, isWaymarkError, WaymarkError } from '../../model/errors.ts'
import { wrongUsage } from '../command-line.ts'
import { answerTo, canBeAsked } from '../confirm.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { type ResetOutcome, resetLines, resetPlanLines } from '../render/reset-lines.ts'
import { shellWords } from '../shell-words.ts'
import { withStore } from '../with-store.ts'

/** What is asked for, and the word that confirms it on a terminal. */
interface Wanted {
  readonly addresses: readonly string[]
  readonly word: string
  /** What belongs to several runs goes on where one of them is at work. */
  readonly several: boolean
}

/** `waymark reset ADDRESS | --pipeline P | --all` */
export async function resetCommand(context: Context): Promise<number> {
  const { flags } = context.line
  return withStore(context, async store => {
    const wanted = await wantedOf(context, store)
    const plan = await resetAll(store, wanted, true)
    const isEmpty = plan.resets.every(({ empty }) => empty)
    const asks = !isEmpty && !flags.on('plan') && !flags.on('yes')
    if (flags.on('plan') || isEmpty) return tell(context, plan, plan.live.length > 0 ? liveError(plan) : undefined)
    if (asks && !canBeAsked(context)) return tell(context, plan, unconfirmed(context, plan))
    if (asks) {
      await context.output.message(resetPlanLines(plan, context.output.stderrScreen))
      if ((await answerTo(`Type ${wanted.word} to confirm: `)) !== wanted.word) throw refused(context)
    }
    const done = await resetAll(store, wanted, false)
    return tell(context, done, done.live.length > 0 ? liveError(done) : undefined)
  })
}

async function wantedOf({ line: { arguments: words, flags, command } }: Context, store: Store): Promise<Wanted> {
  const [address] = words
  const pipeline = flags.text('pipeline')
  const given = [address, pipeline, flags.on('all') ? '--all' : undefined].filter(one => one !== undefined)
  if (given.length !== 1)
    throw wrongUsage(
      `waymark reset needs ${given.length === 0 ? 'an address' : 'one of these'}: RUN[/STAGE], --pipeline NAME or --all`,
      command,
    )
  if (address !== undefined) return { addresses: [address], word: (await store.resolve(address)).run.id, several: false }
  const runs = await allRuns(store, pipeline)
  if (runs.length === 0 && pipeline !== undefined) await store.resolve(`${pipeline}@last`)
  return { addresses: runs.map(({ id }) => id), word: pipeline ?? 'all', several: true }
}

async function allRuns(store: Store, pipeline: string | undefined): Promise<readonly RunSummary[]> {
  const runs: RunSummary[] = []
  const query = { limit: 500, ...(pipeline === undefined ? {} : { pipeline }) }
  for (let page = await store.runs(query); ; ) {
    runs.push(...page)
    const last = page.at(-1)
    if (last === undefined || page.length < query.limit) return runs
    page = await store.runs({ ...query, after: { createdAt: last.createdAt, id: last.id } })
  }
}

async function resetAll(store: Store, { addresses, several }: Wanted, plan: boolean): Promise<ResetOutcome> {
  const resets: ResetReport[] = []
  const live: { run: string; error: WaymarkError }[] = []
  for (const address of addresses) {
    try {
      resets.push(await store.reset(address, { plan }))
    } catch (error) {
      if (!several || !isWaymarkError(error, 'lease_held')) throw error
      live.push({ run: address, error })
    }
  }
  return { resets, live }
}

/** Says what was done or would be; an error decides the exit code, and what was done stands before it. */
async function tell({ output }: Context, outcome: ResetOutcome, error: WaymarkError | undefined): Promise<number> {
  if (output.json) {
    const data = { resets: outcome.resets, live: outcome.live.map(({ run }) => run) }
    const hint = error?.remedy.startsWith('waymark ') === true ? { command: error.remedy } : { command: 'waymark ls' }
    const plain = document('reset', data, hint)
    output.jsonLine(error === undefined ? plain : { ...plain, ok: false, error: error.toJSON() })
    return error === undefined ? 0 : exitCodeOf[error.code]
  }
  const planned = outcome.resets.some(one => one.planned && !one.empty)
  await output.result(planned ? resetPlanLines(outcome, output.stdoutScreen) : resetLines(outcome, output.stdoutScreen))
  if (error !== undefined) throw error
  return 0
}

const typedAgain = ({ line: { arguments: words, flags } }: Context): string => {
  const pipeline = flags.text('pipeline')
  const which = pipeline === undefined ? [] : ['--pipeline', pipeline]
  return shellWords(['waymark', 'reset', ...words, ...which, ...(flags.on('all') ? ['--all'] : []), '--yes'])
}

const unconfirmed = (context: Context, { resets }: ResetOutcome): WaymarkError =>
  new WaymarkError('confirmation', {
    message: `a reset throws away what is recorded of ${resets.length === 1 ? 'this run' : `these ${resets.length} runs`}, and waits for a yes`,
    means: 'Nothing was changed.',
    remedy: typedAgain(context),
  })

const refused = (context: Context): WaymarkError =>
  new WaymarkError('confirmation', {
    message: 'that is not what was to be typed',
    means: 'Nothing was changed.',
    remedy: typedAgain(context),
  })

function liveError({ live }: ResetOutcome): WaymarkError {
  const [first] = live
  if (live.length === 1 && first !== undefined) return first.error
  return new WaymarkError('lease_held', {
    message: `${live.length} runs are being worked on: ${live
      .slice(0, 5)
      .map(({ run }) => run)
      .join(', ')}${live.length > 5 ? ' …' : ''}`,
    means: 'They are untouched.',
    remedy: 'Wait until they end, or stop them, and run the same command again.',
    retryable: true,
    details: { runs: live.map(({ run }) => run) },
  })
}
