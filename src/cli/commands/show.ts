import type { Store } from '../../engine/store.ts'
import { nearest } from '../../model/did-you-mean.ts'
import { WaymarkError } from '../../model/errors.ts'
import type { StageView } from '../../model/run-view.ts'
import { isInside, itemPath } from '../../model/scope.ts'
import type { Context } from '../context.ts'
import { document, isoTime, itemShape, runShape, stageShape } from '../json-shapes.ts'
import { findItem } from '../recorded-item.ts'
import { nextCommands, type RunDetails, runDetailLines } from '../render/run-details.ts'
import { shownStateOf } from '../render/run-label.ts'
import { withStore } from '../with-store.ts'

const maxCheckpoints = 500

/** `waymark show ADDRESS` */
export async function showCommand(context: Context): Promise<number> {
  const [address = ''] = context.line.arguments
  const { details, json } = await withStore(context, store => collect(store, address))
  if (context.output.json) context.output.jsonLine(json)
  else await context.output.result(runDetailLines(details, context.clock.now(), context.output.stdoutScreen))
  return 0
}

async function collect(store: Store, address: string): Promise<{ readonly details: RunDetails; readonly json: object }> {
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
  const details = {
    run,
    stages,
    wholeRun: stage === undefined,
    item,
    notices,
    checkpointBytes: new Map(checkpoints.map(one => [one.id, one.logicalBytes])),
  }
  const [next] = nextCommands(shownStateOf(run), run.id)
  const json = document(
    'show',
    {
      run: runShape(run),
      stages: stages.map(stageShape),
      ...(item === undefined ? {} : { item: itemShape(item) }),
      checkpoints: checkpoints.map(one => ({ ...one, createdAt: isoTime(one.createdAt) })),
      notices,
    },
    next?.startsWith('waymark ') === true ? { command: next } : undefined,
  )
  return { details, json }
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
