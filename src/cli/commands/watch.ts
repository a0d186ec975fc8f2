import type { Store } from '../../engine/store.ts'
import { WaymarkError } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import { shortId } from '../render/run-label.ts'
import { line } from '../render/screen.ts'
import { reporterFor } from '../reporter-for.ts'
import { onStatusSignal } from '../status-signal.ts'
import { untilStopped } from '../until-stopped.ts'
import { newestAtWork, watchRun } from '../watch-run.ts'
import { withStore } from '../with-store.ts'

/** `waymark watch [RUN]` */
export async function watchCommand(context: Context): Promise<number> {
  const { line: typed, output, clock } = context
  return withStore(context, async store => {
    const run = await runMeant(store, typed.arguments[0])
    const reporter = await reporterFor(context)
    const close = onStatusSignal(clock, () => reporter.status())
    const work = async (signal: AbortSignal): Promise<number> => {
      try {
        const end = await watchRun({ store, run, reporter, clock, signal })
        await reporter.end(end)
        return end.exitCode
      } catch (error) {
        throw signal.aborted ? notWatched(run, error) : error
      }
    }
    try {
      return await untilStopped(work, async error => {
        reporter.suspend()
        if (output.json) await reporter.end({ state: 'planned', exitCode: 130, run, durationMs: 0, setAside: 0 })
        else await output.message([line(`${error.message}; watch it again with: ${error.remedy}`)])
      })
    } finally {
      close()
    }
  })
}

async function runMeant(store: Store, address: string | undefined): Promise<string> {
  if (address !== undefined) return (await store.resolve(address)).run.id
  const newest = await newestAtWork(store)
  if (newest !== undefined) return newest.id
  throw new WaymarkError('not_found', {
    message: `no process works on a run of the store ${store.path}`,
    means: 'Nothing was changed.',
    remedy: 'waymark ls  lists the runs; waymark run FILE starts one',
  })
}

const notWatched = (run: string, cause: unknown): WaymarkError =>
  new WaymarkError('cancelled', {
    message: `run ${shortId(run)} goes on, unwatched`,
    means: 'The run is not touched.',
    remedy: `waymark watch ${shortId(run)}`,
    cause,
  })
