import { namesIn } from '../files/names-in.ts'
import { readStart } from '../files/read-start.ts'
import { Claims, claimNames } from '../log/claims.ts'
import type { StoreCore } from './store-core.ts'
import type { SegmentNote } from './verify-log.ts'
import type { VerifyMeter } from './verify-progress.ts'
import { FoundProblem } from './verify-report.ts'

/** A claim as a power cut may leave it: what it says is not synced, its name is. Any beginning of it, and zeros behind that. */
const torn = /^[0-9a-z]{0,26}(?: [0-9a-f]{0,8})?\0*$/

export interface ClaimSurvey {
  readonly problems: readonly FoundProblem[]
  /** Paths of claims whose content is damaged. */
  readonly damaged: readonly string[]
  /** Segments that claims name and that are not there, which no repair has noted. */
  readonly missing: readonly string[]
}

/**
 * Looks at the content of every claim. It only saves a search, and that of one that was never finished may be anything a power cut leaves; but a flipped bit in it is told from that by its checksum.
 */
export async function surveyClaims(
  core: StoreCore,
  meter: VerifyMeter,
  segments: ReadonlyMap<string, unknown>,
  noted: readonly SegmentNote[],
): Promise<ClaimSurvey> {
  const root = `${core.path}/claims`
  const claims = new Claims(core.files, root, claimNames(core.seals))
  const problems: FoundProblem[] = []
  const damaged: string[] = []
  const missing = new Map<string, FoundProblem>()
  for (const shard of await namesIn(core.files, root)) {
    for (const name of await namesIn(core.files, `${root}/${shard}`)) {
      const [, stream = '', token = ''] = /^(.+)\.([1-9][0-9]*)$/.exec(name) ?? []
      if (stream === '') continue
      const path = `${root}/${shard}/${name}`
      const segment = await claims.named(stream).segment(Number(token))
      if (segment === undefined) {
        const text = (await readStart(core.files, path, 256))?.toString('latin1') ?? ''
        meter.count(text.length)
        if (torn.test(text)) continue
        damaged.push(path)
        problems.push(
          new FoundProblem('claim', name, `claim ${token} of ${stream} is damaged: what it says does not match its checksum`),
        )
      } else if (!segments.has(segment)) {
        const problem =
          missing.get(segment) ??
          new FoundProblem(
            'segment',
            segment,
            `segment ${segment} of the log is missing, which a claim names`,
            noted.some(note => note.isMissing === true && note.segment === segment),
          )
        if (!stream.startsWith('@')) problem.affectsRun(stream)
        missing.set(segment, problem)
      }
    }
  }
  const unnoted = [...missing.values()].filter(({ isNoted }) => !isNoted)
  return { problems: [...problems, ...missing.values()], damaged, missing: unnoted.map(({ name }) => name) }
}
