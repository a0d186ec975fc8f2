import { Claims, claimNames } from '../log/claims.ts'
import type { SegmentBatch } from '../log/log.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { StoreCore } from './store-core.ts'
import type { VerifyMeter } from './verify-progress.ts'
import { FoundProblem } from './verify-report.ts'

/** Bytes of batches that are held at a time. */
const pageBytes = 8 << 20

/** Damage of a segment that a repair has noted. */
export interface SegmentNote {
  readonly segment: string
  /** Where the damage begins, and where its last part does. */
  readonly offset: number
  readonly lastOffset: number
  /** The whole segment is gone. */
  readonly isMissing?: true
}

export interface LogSurvey {
  /** Bytes of each segment, and how far it is readable. */
  readonly segments: ReadonlyMap<string, { readonly size: number; readonly end: number; readonly digest: string }>
  readonly damages: readonly SegmentNote[]
  readonly problems: readonly FoundProblem[]
  /** Paths of claims that records prove, but that are not there. */
  readonly lostClaims: readonly string[]
}

/** Reads every byte of the log: each batch is checked against its digest and the one before. */
export async function surveyLog(core: StoreCore, meter: VerifyMeter, noted: readonly SegmentNote[]): Promise<LogSurvey> {
  const survey = new LogReading(core, meter, noted)
  for (const segment of await core.log.segments()) await survey.read(segment)
  return survey
}

class LogReading implements LogSurvey {
  readonly segments = new Map<string, { readonly size: number; readonly end: number; readonly digest: string }>()
  readonly damages: SegmentNote[] = []
  readonly problems: FoundProblem[] = []
  readonly lostClaims: string[] = []
  readonly #core: StoreCore
  readonly #meter: VerifyMeter
  readonly #noted: readonly SegmentNote[]
  readonly #claims: Claims
  readonly #owners = new Set<string>()

  constructor(core: StoreCore, meter: VerifyMeter, noted: readonly SegmentNote[]) {
    this.#core = core
    this.#meter = meter
    this.#noted = noted
    this.#claims = new Claims(core.files, `${core.path}/claims`, claimNames(core.seals))
  }

  async read(segment: string): Promise<void> {
    const { log } = this.#core
    const size = await log.size(segment)
    const sequences = new Map<string, { token: number; sequence: number }>()
    const gaps = new Set<string>()
    let damage: { offset: number; lastOffset: number; reason: string } | undefined
    let at = 0
    let digest = ''
    for (;;) {
      const tail = await log.tail(segment, at, pageBytes)
      if (tail.damage !== undefined) damage = { ...tail.damage, ...damage, lastOffset: tail.damage.lastOffset }
      for (const batch of tail.batches) await this.#look(batch, sequences, gaps)
      this.#meter.count(Math.max(0, tail.end + tail.tornBytes - at))
      at = tail.end
      digest = tail.digest === '' ? digest : tail.digest
      if (tail.more !== true) break
    }
    this.#meter.finish(size)
    this.segments.set(segment, { size, end: at, digest })
    if (damage === undefined) return
    const { offset, lastOffset, reason } = damage
    this.damages.push({ segment, offset, lastOffset })
    const isNoted = this.#noted.some(note => note.segment === segment && note.offset === offset && note.lastOffset === lastOffset)
    const problem = new FoundProblem(
      'segment',
      segment,
      `segment ${segment} of the log is damaged at byte ${offset}: ${reason}`,
      isNoted,
    )
    for (const stream of gaps) problem.affectsRun(stream)
    this.problems.push(problem)
  }

  async #look(
    { records }: SegmentBatch,
    sequences: Map<string, { token: number; sequence: number }>,
    gaps: Set<string>,
  ): Promise<void> {
    for (const { stream, token, sequence, kind } of records) {
      if (stream === '') continue
      const before = sequences.get(stream)
      const follows = before === undefined ? token > 1 || sequence <= 1 : token > before.token || sequence === before.sequence + 1
      if (kind === 'data' && !follows && !stream.startsWith('@')) gaps.add(stream)
      sequences.set(stream, { token, sequence })
      // Whoever writes a stream under a number has claimed it before, unless nobody else could know the stream.
      if (token === 1 && !stream.startsWith('@')) continue
      const owner = `${stream}.${token}`
      if (this.#owners.has(owner)) continue
      this.#owners.add(owner)
      if (!(await this.#claims.of(stream).exists(token))) this.#lose(stream, token)
    }
  }

  #lose(stream: string, token: number): void {
    this.lostClaims.push(this.#claims.of(stream).path(token))
    const problem = new FoundProblem(
      'claim',
      `${stream}.${token}`,
      `claim ${token} of ${stream} is missing, though its owner has recorded something`,
    )
    if (!stream.startsWith('@')) problem.affectsRun(stream)
    this.problems.push(problem)
  }
}

/** What a stream's own reader says of it; damage that was found already is not said twice. */
export function problemsOfNotices(notices: readonly string[], known: readonly FoundProblem[]): readonly FoundProblem[] {
  const problems: FoundProblem[] = []
  for (const notice of notices) {
    const [, stream = '', reason = ''] = /^(\S+) cannot be read whole: (.*)$/s.exec(notice) ?? []
    if (stream === '') continue
    const segment = /segment (\S+?),/.exec(reason)?.[1] ?? ''
    const cause = known.find(
      ({ kind, name, runs }) =>
        (kind === 'segment' && (name === segment || runs.includes(stream))) ||
        (kind === 'claim' && name.startsWith(`${stream}.`)),
    )
    if (cause !== undefined) {
      cause.affectsRun(stream)
      continue
    }
    const problem = new FoundProblem('segment', segment === '' ? stream : segment, reason)
    problem.affectsRun(stream)
    problems.push(problem)
  }
  return problems
}

/** True for damage of bytes; false for what a newer version wrote, and for a disk that says no. */
export const isDamage = (error: unknown): boolean => isWaymarkError(error, 'corrupt')
