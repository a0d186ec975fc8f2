import type { RunQuery } from '../catalog/catalog.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RunView } from '../model/run-view.ts'
import { enoughIds, severalFit } from '../model/several-fit.ts'

/** What an address names. */
export interface Address {
  readonly run: RunView
  readonly stage?: string
  /** Key of an item. */
  readonly item?: string
}

type FindRuns = (query: RunQuery) => Promise<readonly RunView[]>

/**
 * `RUN[/STAGE[/KEY]]`, `PIPELINE@last[/STAGE]`, `@last`, `@failed`; RUN may be any unique prefix.
 *
 * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several runs, `invalid` if it is no address
 */
export async function resolveAddress(address: string, findRuns: FindRuns): Promise<Address> {
  const [head = '', stage, ...key] = address.split('/')
  const run = await resolveRun(head, findRuns)
  return {
    run,
    ...(stage === undefined || stage === '' ? {} : { stage }),
    ...(key.length === 0 ? {} : { item: key.join('/') }),
  }
}

async function resolveRun(head: string, findRuns: FindRuns): Promise<RunView> {
  const at = head.indexOf('@')
  if (at >= 0) return resolveNewest(head.slice(0, at), head.slice(at + 1), head, findRuns)
  if (head === '') throw noRun(head, undefined)
  const found = await findRuns({ idPrefix: head, limit: enoughIds })
  const exact = found.find(run => run.id === head)
  if (exact !== undefined) return exact
  if (found.length === 1 && found[0] !== undefined) return found[0]
  if (found.length > 1)
    throw severalFit(
      'runs',
      head,
      found.map(run => run.id),
    )
  const recent = await findRuns({ limit: 200 })
  throw noRun(head, nearest(head, [...recent.map(run => run.id), ...recent.map(run => `${run.pipeline}@last`)]))
}

async function resolveNewest(pipeline: string, which: string, head: string, findRuns: FindRuns): Promise<RunView> {
  if (which !== 'last' && which !== 'failed') {
    const near = nearest(which, ['last', 'failed'])
    throw new WaymarkError('invalid', {
      message: `${JSON.stringify(head)} is no address${near === undefined ? '' : `; did you mean ${pipeline}@${near}?`}`,
      means: 'Nothing was read or changed.',
      remedy: 'Use RUN, RUN/STAGE, PIPELINE@last, @last or @failed; a unique prefix of RUN is enough.',
    })
  }
  const query: RunQuery = { ...(pipeline === '' ? {} : { pipeline }), limit: which === 'last' ? 1 : 200 }
  const runs = await findRuns(query)
  const run =
    which === 'last' ? runs[0] : runs.find(candidate => candidate.state !== 'completed' && candidate.state !== 'cancelled')
  if (run !== undefined) return run
  const known = [...new Set((await findRuns({ limit: 200 })).map(other => other.pipeline))]
  throw noRun(head, nearest(pipeline, known))
}

function noRun(head: string, near: string | undefined): WaymarkError {
  return new WaymarkError('not_found', {
    message: head === '' ? 'the address names no run' : `there is no run ${JSON.stringify(head)} in this store`,
    means: 'Nothing was read or changed.',
    remedy: near === undefined ? 'List the runs with: waymark ls' : `Did you mean ${near}? List the runs with: waymark ls`,
    details: near === undefined ? {} : { near },
  })
}
