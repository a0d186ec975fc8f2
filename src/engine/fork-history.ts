import type { FoundRecord } from '../log/log.ts'
import { WaymarkError } from '../model/errors.ts'
import { type ForkOrigin, isInherited } from '../model/fork-origin.ts'
import { decodeFound } from './decode-found.ts'
import type { StoreCore } from './store-core.ts'

/**
 * The records that count in a run, oldest first: its own, and before them, where it was forked, those of the run it was made from up to there. Deleting a checkpoint takes nothing from them: its record
 * stays in the log, and its bytes as long as a fork needs them.
 *
 * @throws WaymarkError `corrupt` if those of the other run cannot be read
 */
export async function forkHistory(core: StoreCore, own: readonly FoundRecord[]): Promise<readonly FoundRecord[]> {
  const origin = await originOf(core, own)
  if (origin === undefined) return own
  const inherited = (await ownHistory(core, origin.run)).filter(record => isInherited(origin, record))
  if (inherited.length === 0) throw originLost(origin)
  return [...(await forkHistory(core, inherited)), ...own]
}

/**
 * Of records as {@link forkHistory} gives them: the runs of origin that have lost some of those that counted where they were forked. Damage that nobody has repaired is refused before; so they have fallen back.
 */
export async function shortOrigins(core: StoreCore, records: readonly FoundRecord[]): Promise<readonly string[]> {
  const short: string[] = []
  for (const [index, record] of records.entries()) {
    const before = records[index - 1]
    if (before === undefined || before.stream === record.stream) continue
    const origin = await originOf(core, [record])
    if (origin === undefined || (before.token === origin.token && before.sequence === origin.sequence)) continue
    short.push(origin.run)
  }
  return short
}

/** Where the run was forked that these are the first records of. */
export async function originOf(core: StoreCore, [first]: readonly FoundRecord[]): Promise<ForkOrigin | undefined> {
  if (first === undefined) return undefined
  const created = await decodeFound(core.log, first)
  return created.type === 'run.created' ? created.forkedFrom : undefined
}

/** What the run itself recorded that counts, without owning it; long payloads are left in the log. */
export async function ownHistory(core: StoreCore, run: string): Promise<readonly FoundRecord[]> {
  const heads = await core.feed.query(catalog => catalog.heads([run]))
  return (await core.log.history(run, heads.get(run)?.segment)).records
}

export const originLost = ({ run }: ForkOrigin): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `nothing can be read of run ${run}, from which this one was forked`,
    means: 'Nothing was run or changed; without it nobody can tell what is finished.',
    remedy: 'See what is damaged with: waymark verify',
    details: { run },
  })
