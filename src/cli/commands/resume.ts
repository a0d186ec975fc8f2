import type { RunSummary } from '../../engine/run-summary.ts'
import type { Store } from '../../engine/store.ts'
import { WaymarkError } from '../../model/errors.ts'
import { requestText } from '../../model/stop-request.ts'
import type { Context } from '../context.ts'
import { checkPipelineFile } from '../pipeline-path.ts'
import { counted } from '../render/quantities.ts'
import { shortId } from '../render/run-label.ts'
import { runFile } from '../run-file.ts'
import { runPipeline } from '../run-pipeline.ts'
import { shown } from '../store-choice.ts'
import { withStore } from '../with-store.ts'

/** `waymark resume [ADDRESS]` */
export async function resumeCommand(context: Context): Promise<number> {
  const { run, store, setAside } = await withStore(context, async (opened, choice) => {
    const found = await findRun(opened, context.line.arguments[0])
    return { run: found, store: choice, setAside: await setAsideOf(opened, found) }
  })
  const { flags } = context.line
  if (run.state === 'completed' && !['fresh', 'redo', 'from', 'accept-input'].some(name => flags.on(name)))
    return nothingToDo(context, run, setAside)
  const fresh = context.line.flags.on('fresh')
  if (run.state === 'cancelled' && !fresh) throw wasCancelled(run)
  const file = runFile(run, store)
  checkPipelineFile(file, shown(file))
  const work = { file, shownFile: shown(file), store, params: { input: run.params }, fresh }
  return runPipeline(context, fresh ? work : { ...work, runId: run.id, resumePaused: true })
}

/** Without an address: the newest run that is not finished. */
async function findRun(store: Store, address: string | undefined): Promise<RunSummary> {
  if (address !== undefined) return (await store.resolve(address)).run
  const [newest] = await store.runs({ states: ['initialized', 'running', 'paused', 'failed', 'recovering'], limit: 1 })
  if (newest !== undefined) return newest
  throw new WaymarkError('not_found', {
    message: `no unfinished run is in the store ${store.path}`,
    means: 'Nothing was run.',
    remedy: 'waymark ls lists the runs; waymark run FILE starts one',
  })
}

const setAsideOf = async (store: Store, run: RunSummary): Promise<number> =>
  (await store.stages(run.id)).reduce((sum, { counts }) => sum + (counts?.setAside ?? 0), 0)

function wasCancelled(run: RunSummary): WaymarkError {
  const by = run.request === undefined ? '' : ` by ${requestText(run.request)}`
  return new WaymarkError('conflict', {
    message: `run ${run.id} of ${run.pipeline} was cancelled${by}: it does not go on`,
    means: 'Nothing was run; what it recorded stays.',
    remedy: `waymark resume ${shortId(run.id)} --fresh  begins a new run of the same work`,
    details: { run: run.id },
  })
}

/** Ends as the run did: with another code if items are set aside. */
async function nothingToDo(context: Context, run: RunSummary, setAside: number): Promise<number> {
  const { output, clock, line: typed } = context
  const code = setAside > (typed.flags.count('allow-set-aside') ?? 0) ? 4 : 0
  const aside = setAside === 0 ? '' : `; ${counted(setAside, 'item is', 'items are')} set aside`
  const text = `run ${shortId(run.id)} of ${run.pipeline} is completed: nothing is left to do${aside}`
  const next = setAside === 0 ? `waymark show ${shortId(run.id)}` : `waymark items ${shortId(run.id)} --set-aside`
  if (output.json) {
    const { eventLine, exitLine } = await import('../json-shapes.ts')
    const notice = { type: 'notice', message: text }
    output.jsonLine(eventLine(clock.now(), run.id, notice))
    output.jsonLine(exitLine(clock.now(), run.id, code, undefined, { command: next }))
    return code
  }
  const { line } = await import('../render/screen.ts')
  await output.result([line(text), line(`  next: ${next}`, 'quiet')])
  return code
}
