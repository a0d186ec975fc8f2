import { dirname, resolve } from 'node:path'
import type { TypedParams } from '../child-protocol.ts'
import type { Context } from '../context.ts'
import { readParams } from '../param-arguments.ts'
import { checkPipelineFile } from '../pipeline-path.ts'
import { runPipeline } from '../run-pipeline.ts'
import { namedStore } from '../store-choice.ts'

/** Flags with which somebody says that an unfinished run is to go on, whatever the config says of it. */
const meansOlderWork = ['run-id', 'redo', 'from', 'accept-input', 'accept-stale']

/** `waymark run FILE [params…]` */
export async function runCommand(context: Context): Promise<number> {
  const { line, settings, cwd } = context
  const [shownFile = ''] = line.arguments
  const file = resolve(cwd, shownFile)
  const params: TypedParams = {
    raw: readParams(line.params, line.paramsAfterDashes),
    afterDashes: Object.keys(readParams([], line.paramsAfterDashes)),
  }
  checkPipelineFile(file, shownFile)
  const store = namedStore(settings) ?? { from: dirname(file) }
  const runId = line.flags.text('run-id')
  const goesOn = meansOlderWork.some(name => line.flags.on(name))
  return runPipeline(context, {
    file,
    shownFile,
    store,
    params,
    fresh: line.flags.on('fresh') || (settings.resume === 'never' && !goesOn),
    ...(settings.resume === 'ask' && !goesOn && !line.flags.on('plan') ? { asksToResume: true } : {}),
    ...(runId === undefined ? {} : { runId }),
  })
}
