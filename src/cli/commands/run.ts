import { dirname, resolve } from 'node:path'
import type { TypedParams } from '../child-protocol.ts'
import type { Context } from '../context.ts'
import { readParams } from '../param-arguments.ts'
import { checkPipelineFile } from '../pipeline-path.ts'
import { runPipeline } from '../run-pipeline.ts'
import { namedStore } from '../store-choice.ts'

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
  return runPipeline(context, {
    file,
    shownFile,
    store,
    params,
    fresh: line.flags.on('fresh'),
    ...(runId === undefined ? {} : { runId }),
  })
}
