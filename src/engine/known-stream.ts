import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import type { Store } from './store.ts'

/** That a run has recorded entries of a stream, also such as do not count any more. @throws WaymarkError `not_found` with what was meant */
export async function knownStream(store: Store, run: string, stream: string): Promise<void> {
  for await (const _ of store.eachRecord({ run, stream, superseded: true })) return
  const known = (await store.recordSummary(run, { tail: 0 })).map(one => one.stream)
  const near = nearest(stream, known)
  const there =
    known.length === 0 ? `run ${run} has no record streams` : `Of run ${run} there are: ${known.slice(0, 20).join(', ')}.`
  throw new WaymarkError('not_found', {
    message: `run ${run} has no record stream ${JSON.stringify(stream)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was written.',
    remedy: near === undefined ? there : `Did you mean ${near}? ${there}`,
    details: near === undefined ? {} : { near },
  })
}
