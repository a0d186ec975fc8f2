import { dirname, resolve } from 'node:path'
import type { RunSummary, Store } from '../../engine/store.ts'
import { WaymarkError } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import { checkPipelineFile } from '../pipeline-path.ts'
import { shortId } from '../render/run-label.ts'
import { runPipeline } from '../run-pipeline.ts'
import { type StoreChoice, shown } from '../store-choice.ts'
import { withStore } from '../with-store.ts'

/** `waymark resume [ADDRESS]` */
export async function resumeCommand(context: Context): Promise<number> {
  const { run, store } = await withStore(context, async (opened, choice) => ({
    run: await findRun(opened, context.line.arguments[0]),
    store: choice,
  }))
  if (run.state === 'completed') return nothingToDo(context, run)
  const file = fileOf(run, store)
  checkPipelineFile(file, shown(file))
  return runPipeline(context, { file, shownFile: shown(file), store, params: { input: run.params }, fresh: false, runId: run.id })
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

/** Recorded relative to the folder the store lies in, so that both can move together. */
function fileOf(run: RunSummary, store: StoreChoice): string {
  if (run.file !== undefined) return resolve(dirname(store.path), run.file)
  throw new WaymarkError('invalid', {
    message: `run ${run.id} was not started by \`waymark run\`, so its file is not known`,
    means: 'Nothing was run; what it recorded is untouched.',
    remedy: `Run its pipeline's file with the same parameters: waymark run FILE --run-id ${run.id}`,
    details: { run: run.id },
  })
}

async function nothingToDo(context: Context, run: RunSummary): Promise<number> {
  const { output, clock } = context
  const text = `run ${shortId(run.id)} of ${run.pipeline} is completed: nothing is left to do`
  if (output.json) {
    const { eventLine, exitLine } = await import('../json-shapes.ts')
    const notice = { type: 'notice', message: text }
    output.jsonLine(eventLine(clock.now(), run.id, notice))
    output.jsonLine(exitLine(clock.now(), run.id, 0, undefined, { command: `waymark show ${shortId(run.id)}` }))
    return 0
  }
  const { line } = await import('../render/screen.ts')
  await output.result([line(text), line(`  next: waymark show ${shortId(run.id)}`, 'quiet')])
  return 0
}
