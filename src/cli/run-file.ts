import { dirname, resolve } from 'node:path'
import type { RunSummary } from '../engine/run-summary.ts'
import { WaymarkError } from '../model/errors.ts'
import { pausedOnPurpose } from '../model/stop-request.ts'
import { trackedParams } from '../model/tracked-params.ts'
import type { StoreChoice } from './store-choice.ts'

/**
 * The pipeline's file of a run: recorded relative to the folder the store lies in, so that both can move together.
 *
 * @param first what else has to be done before it can be run by hand, if anything
 * @throws WaymarkError `invalid` if it was not started by `waymark run`
 */
export function runFile(run: RunSummary, store: StoreChoice, first?: string): string {
  if (run.file !== undefined) return resolve(dirname(store.path), run.file)
  const isTracked = run.paramsDigest === trackedParams
  const byHand = isTracked
    ? `un its program again${pausedOnPurpose(run) === undefined ? ': it goes on by itself' : ', with resumePaused: true'}`
    : `un its pipeline's file with the same parameters: waymark run FILE --run-id ${run.id}`
  throw new WaymarkError('invalid', {
    message: isTracked
      ? `run ${run.id} is one of loops that a program of yours tracks`
      : `run ${run.id} was not started by \`waymark run\`, so its file is not known`,
    means: 'Nothing was run; what it recorded is untouched.',
    remedy: first === undefined ? `R${byHand}` : `First ${first}, then r${byHand}`,
    details: { run: run.id },
  })
}
