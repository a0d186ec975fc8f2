import type { Checkpoint } from '../../engine/load-checkpoint.ts'
import { type Redaction, redactionOf } from '../../engine/redaction.ts'
import type { Store } from '../../engine/store.ts'
import { nearest } from '../../model/did-you-mean.ts'
import { isWaymarkError, WaymarkError } from '../../model/errors.ts'
import type { StageView } from '../../model/run-view.ts'
import { isInside, itemPath } from '../../model/scope.ts'
import { checkpointAt } from '../checkpoint-at.ts'
import { checkpointByPrefix, isCheckpoint } from '../checkpoint-by-prefix.ts'
import type { Context } from '../context.ts'
import { checkpointInfoShape, document, itemShape, runShape, stageShape, timingsShape } from '../json-shapes.ts'
import { streamSummaryShape } from '../record-shapes.ts'
import { findItem } from '../recorded-item.ts'
import { redactedCheckpoint } from '../redacted-checkpoint.ts'
import { redactedSummaries } from '../redacted-entries.ts'
import { hasKin, lineageShape } from '../render/lineage-lines.ts'
import { isStale, nextActions, type StaleRule } from '../render/next-action.ts'
import { type RunDetails, runDetailLines } from '../render/run-details.ts'
import { withStore } from '../with-store.ts'
import { showCheckpoint } from './show-checkpoint.ts'

const maxCheckpoints = 500

/** `waymark show ADDRESS` */
export async function showCommand(context: Context): Promise<number> {
  const { line, output, clock, settings } = context
  const [address = ''] = line.arguments
  await withStore(context, async store => {
    const checkpoint = await checkpointMeant(store, address)
    if (checkpoint !== undefined) {
      if (line.flags.on('timings')) throw noTimings(address)
      return showCheckpoint(context, store, checkpoint)
    }
    const asked = ['path', 'value'].find(flag => line.flags.on(flag))
    // Of a stage its newest checkpoint is meant, as for export, query and diff.
    if (asked !== undefined && /\/./.test(address)) return showCheckpoint(context, store, await checkpointAt(store, address))
    if (asked !== undefined) throw noValue(address, asked)
    const rule = { staleAfterMs: settings.staleAfterMs, now: clock.now() }
    const { details, json } = await collect(store, address, rule, line.flags.on('timings'))
    if (output.json) output.jsonLine(json)
    else await output.result(runDetailLines(redactedDetails(details, redactionOf(store)), rule.now, output.stdoutScreen))
  })
  return 0
}

/** The checkpoint that is meant, if it is none of a run: an id in full goes before the beginning of one, and a run before a checkpoint. */
async function checkpointMeant(store: Store, address: string): Promise<string | undefined> {
  if (/[/@]/.test(address) || address === '') return undefined
  try {
    const { run } = await store.resolve(address)
    return run.id !== address && (await isCheckpoint(store, address)) ? address : undefined
  } catch (error) {
    if (!isWaymarkError(error)) throw error
    if (error.code === 'conflict') {
      if (await isCheckpoint(store, address)) return address
      throw error
    }
    if (error.code !== 'not_found') throw error
    return checkpointByPrefix(store, address).catch((other: unknown) => {
      throw isWaymarkError(other, 'not_found') ? neither(address, error, other) : other
    })
  }
}

/** Nothing is called so: of what is near, that of the kind that it looks like. */
function neither(address: string, run: WaymarkError, checkpoint: WaymarkError): WaymarkError {
  const near = run.details['near'] ?? checkpoint.details['near']
  return new WaymarkError('not_found', {
    message: `there is no run or checkpoint ${JSON.stringify(address)} in this store${near === undefined ? '' : `. Did you mean ${near}?`}`,
    means: 'Nothing was read or changed.',
    remedy:
      near === undefined ? 'List the runs with: waymark ls, the checkpoints with: waymark checkpoints' : `waymark show ${near}`,
    details: near === undefined ? {} : { near },
  })
}

const noValue = (address: string, flag: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${address} names a run, and --${flag} shows ${flag === 'path' ? 'a part of ' : ''}the value of a checkpoint`,
    means: 'Nothing was read or changed.',
    remedy: `waymark show ${address}/STAGE means the newest checkpoint of that stage; waymark checkpoints ${address}  lists all`,
  })

const noTimings = (checkpoint: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${checkpoint} names a checkpoint, and --timings shows where the time of a run went`,
    means: 'Nothing was read or changed.',
    remedy: 'waymark show RUN --timings, or of one stage: waymark show RUN/STAGE --timings',
  })

async function collect(
  store: Store,
  address: string,
  rule: StaleRule,
  isTimed: boolean,
): Promise<{ readonly details: RunDetails; readonly json: object }> {
  const { run, stage, item: key } = await store.resolve(address)
  const all = await store.stages(run.id)
  const stages = stage === undefined ? all : stagesAt(all, stage, run.id, key)
  const checkpoints = (await store.list({ run: run.id, limit: maxCheckpoints })).filter(
    one => stage === undefined || stages.some(shown => shown.path === one.stage),
  )
  const notices = store.notices()
  // A key of a stage called in a loop names a stage; of any other, an item.
  const item =
    stage === undefined || key === undefined || stages.length > 0 ? undefined : await findItem(store, run.id, stage, key)
  const lineage = await store.lineage(run.id)
  const timed = isTimed ? await store.report(run.id) : undefined
  const records = stage === undefined ? await store.recordSummary(run.id) : []
  const details = {
    run,
    lineage,
    records,
    stages,
    wholeRun: stage === undefined,
    item,
    notices,
    timed,
    staleAfterMs: rule.staleAfterMs,
    tablesOf: stage === undefined ? undefined : tablesOf(stage, stages, checkpoints),
    checkpointBytes: new Map(checkpoints.map(one => [one.id, one.logicalBytes])),
  }
  const [next] = nextActions(run, rule)
  const json = document(
    'show',
    {
      run: { ...runShape(run), stale: isStale(run, rule), next },
      stages: stages.map(stageShape),
      ...(records.length === 0 ? {} : { records: records.map(streamSummaryShape) }),
      ...(hasKin(lineage) ? { lineage: lineageShape(lineage) } : {}),
      ...(item === undefined ? {} : { item: itemShape(item) }),
      checkpoints: checkpoints.map(checkpointInfoShape),
      notices,
      ...(timed === undefined ? {} : { timings: timingsShape(timed, stages) }),
    },
    next?.startsWith('waymark ') === true ? { command: next } : undefined,
  )
  return { details, json }
}

function redactedDetails({ run, tablesOf, records, ...rest }: RunDetails, redaction: Redaction): RunDetails {
  return {
    ...rest,
    run: { ...run, params: redaction.shown('params', run.params) },
    tablesOf: tablesOf && redactedCheckpoint(tablesOf, redaction),
    records: redactedSummaries(records ?? [], redaction),
  }
}

/** Of the one stage that an address names: its result, if that is or holds tables. */
function tablesOf(stage: string, stages: readonly StageView[], checkpoints: readonly Checkpoint[]): Checkpoint | undefined {
  const named = stages.find(({ path }) => path === stage) ?? (stages.length === 1 ? stages[0] : undefined)
  return checkpoints.find(({ id, tables }) => id === named?.checkpointId && tables !== undefined)
}

/** The stage of this name, all its calls in a loop, and what lies inside; with `item`, what lies inside that one. */
function stagesAt(all: readonly StageView[], stage: string, run: string, item: string | undefined): readonly StageView[] {
  const within = (path: string) => all.filter(one => one.path === path || isInside(one.path, path))
  const found = within(stage)
  if (found.length > 0) return item === undefined ? found : within(itemPath(stage, item))
  const near = nearest(stage, [...new Set(all.map(one => one.path.replace(/[[/].*$/s, '')))])
  throw new WaymarkError('not_found', {
    message: `run ${run} has no stage ${JSON.stringify(stage)}`,
    means: 'Nothing was read or changed.',
    remedy: near === undefined ? `waymark show ${run}` : `waymark show ${run}/${near}`,
  })
}
