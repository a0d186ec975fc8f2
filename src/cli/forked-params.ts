import type { RunSummary } from '../engine/run-summary.ts'
import { wrongUsage } from './command-line.ts'
import { commandNamed } from './command-table.ts'
import { importPipeline } from './import-pipeline.ts'
import { readParams } from './param-arguments.ts'
import { checkParams } from './param-check.ts'
import { checkPipelineFile } from './pipeline-path.ts'
import { runFile } from './run-file.ts'
import { type StoreChoice, shown } from './store-choice.ts'

/**
 * Params to change at a fork, `NAME=VALUE` each, as the pipeline's schema takes them beside those that stay. Of a run whose file is not known they are texts, and checked when it goes on.
 *
 * @throws WaymarkError `invalid` if they do not fit
 */
export async function forkedParams(
  run: RunSummary,
  store: StoreChoice,
  given: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const stray = given.find(one => !/^[A-Za-z][\w.-]*=/.test(one))
  if (stray !== undefined) throw wrongUsage(`--param ${stray} is not NAME=VALUE`, commandNamed('fork'))
  const raw = readParams(
    [],
    given.map(one => `--${one}`),
  )
  if (run.file === undefined) return raw
  const file = runFile(run, store)
  const shownFile = shown(file)
  checkPipelineFile(file, shownFile)
  const { params: schema } = await importPipeline(file, shownFile)
  const stays = typeof run.params === 'object' && run.params !== null ? run.params : {}
  const fitted = await checkParams(schema, raw, { file: shownFile, afterDashes: new Set(Object.keys(raw)) }, { ...stays })
  return Object.fromEntries(Object.entries(fitted).filter(([name]) => name in raw))
}
