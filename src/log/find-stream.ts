import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { type AcceptedBase, decodeAccept } from './accept.ts'
import type { StreamClaims } from './claims.ts'
import { countedHistory, intactHistory } from './history.ts'
import { type LeaveRule, leaving } from './left-payloads.ts'
import type { FoundRecord, FoundSegmentRecord, IntactStream, SegmentTail, StreamHistory } from './log.ts'
import type { Segments } from './segments.ts'

/** What a segment holds of a stream; long payloads are left in it. */
type FoundTail = SegmentTail<FoundSegmentRecord>

/** Where and by whom a stream is looked for. */
export interface StreamQuery {
  readonly stream: string
  readonly claims: StreamClaims
  /** The highest claim there is, or 1 for a stream that began without one. */
  readonly highest: number
  /** A segment to look into where no claim names one. */
  readonly hint: string | undefined
  readonly leave: LeaveRule
}

/** What counts of a stream, and what its next owner must write down to take it over. */
export interface FoundStream {
  readonly history: StreamHistory
  readonly base: AcceptedBase
  /** Records of the base in a batch that nothing proves durable, its own ACCEPT included. */
  readonly unproven: readonly FoundSegmentRecord[]
  /** The records that decide it, those that do not count included. */
  readonly records: readonly FoundSegmentRecord[]
  /** Whether what stands at this place is durable for certain. */
  readonly isProven: (position: RecordPosition) => boolean
  /** Every token that was seen, also of owners that do not count. */
  readonly tokens: ReadonlySet<number>
}

/**
 * Finds what counts: from the highest claim down, the first owner with an ACCEPT is the newest that counts. A claim without one
 * is skipped: its maker died, or has not decided, and taking it for an empty owner would lose what was acknowledged before it.
 *
 * @throws WaymarkError `corrupt` if a record that counts, or may have counted, cannot be read
 */
export async function findStream(segments: Segments, query: StreamQuery): Promise<FoundStream> {
  const search = new StreamSearch(segments, query)
  await search.lookAtHint()
  for (let token = query.highest; token >= 1; token--) {
    const segment = await search.segmentOf(token)
    if (segment !== undefined) return search.countFrom(token, segment)
  }
  const base = { token: 1, sequence: 0, segment: '' }
  return {
    history: { records: [], token: 0, tornBytes: 0 },
    base,
    unproven: [],
    records: [],
    isProven: () => false,
    tokens: search.tokens,
  }
}

/** What is intact of a damaged stream, and what an owner must write down that goes on from there. */
export interface FoundIntact {
  readonly intact: IntactStream
  readonly base: AcceptedBase
  readonly copies: readonly FoundSegmentRecord[]
  readonly tokens: ReadonlySet<number>
}

/**
 * Finds the records before the first one that is lost. The newest owner is looked for as in {@link findStream}.
 *
 * @throws WaymarkError `corrupt` if it cannot be told who the newest owner is, or where an owner took over: what was recorded before may have been void
 */
export async function findIntact(segments: Segments, query: StreamQuery): Promise<FoundIntact | undefined> {
  const search = new StreamSearch(segments, query)
  await search.lookAtHint()
  for (let token = query.highest; token >= 1; token--) {
    const segment = await search.segmentOf(token)
    if (segment !== undefined) return search.intactFrom(token, segment)
  }
  return undefined
}

/** Reads segments as far as one stream needs them, each once. */
class StreamSearch {
  readonly #segments: Segments
  readonly #query: StreamQuery
  readonly #read = new Map<string, FoundTail>()
  #isLeft: (payload: Uint8Array) => boolean
  readonly tokens = new Set<number>()

  constructor(segments: Segments, query: StreamQuery) {
    this.#segments = segments
    this.#query = query
    this.#isLeft = leaving(query.leave)
  }

  /** What whoever gave the hint knows of must be seen, also where no claim leads there. */
  async lookAtHint(): Promise<void> {
    if (this.#query.hint !== undefined) await this.#readOnce(this.#query.hint)
  }

  /** The segment in which a token began to count, or undefined if it never did. */
  async segmentOf(token: number): Promise<string | undefined> {
    const named = await this.#query.claims.segment(token)
    if (named !== undefined) {
      if (await this.#beginsIn(named, token)) return named
      // Its header was durable before the claim, and its owner wrote nowhere else: what cannot be read there may have counted.
      const tail = await this.#readOnce(named)
      if (tail.damage !== undefined || tail.end === 0) throw damaged(this.#query.stream, tail)
      return undefined
    }
    const { hint } = this.#query
    if (hint !== undefined && (await this.#beginsIn(hint, token))) return hint
    for (const segment of await this.#segments.list()) if (await this.#beginsIn(segment, token)) return segment
    for (const tail of this.#read.values()) {
      const isFlawed = tail.damage !== undefined || (tail.segment === hint && tail.end === 0)
      if (isFlawed) throw damaged(this.#query.stream, tail)
    }
    return undefined
  }

  /** What counts if this token, which began in this segment, is the newest that does. */
  async countFrom(token: number, segment: string): Promise<FoundStream> {
    const { stream } = this.#query
    const tail = await this.#readOnce(segment)
    // What was read before may be older than the ACCEPT in this segment; what is read from now on holds all that it builds on.
    // Still newer owners are another matter.
    this.#read.clear()
    this.#isLeft = leaving(this.#query.leave)
    this.#read.set(segment, tail)
    await this.#readBases(token, segment)
    const records = [...this.#read.values()].flatMap(recordsOf).filter(record => record.token <= token)
    const counted = countedHistory(stream, records).records
    const own = recordsOf(tail).filter(record => record.token === token)
    const last = own.at(-1)?.position.offset ?? 0
    if (tail.damage !== undefined && last < tail.damage.lastOffset) throw damaged(stream, tail)
    const sequence = counted.findLast(record => record.token === token)?.sequence ?? 0
    return {
      history: { records: withoutLong(counted, this.#query.leave, this.isProven), token, segment, tornBytes: tail.tornBytes },
      base: { token, sequence, segment },
      unproven: tail.closed ? [] : own.filter(record => record.position.offset >= tail.provenEnd),
      records,
      isProven: this.isProven,
      tokens: this.tokens,
    }
  }

  /** Whether a place in a segment that was read is durable for certain: an owner whose sync fails may yet lose what stands elsewhere. */
  readonly isProven = ({ segment, offset }: RecordPosition): boolean => {
    const tail = this.#read.get(segment)
    return tail !== undefined && (tail.closed || offset < tail.provenEnd)
  }

  /** As {@link countFrom}, up to the first record that cannot be read. */
  async intactFrom(newest: number, newestSegment: string): Promise<FoundIntact> {
    const { stream } = this.#query
    const tail = await this.#readOnce(newestSegment)
    this.#read.clear()
    this.#isLeft = leaving(this.#query.leave)
    this.#read.set(newestSegment, tail)
    await this.#readBases(newest, newestSegment)
    const records = [...this.#read.values()].flatMap(recordsOf).filter(record => record.token <= newest)
    const found = intactHistory(stream, records, newest)
    const { token, sequence, segment = newestSegment } = found
    const home = await this.#readOnce(segment)
    const isUnsafe = ({ position }: Pick<FoundSegmentRecord, 'position'>): boolean =>
      position.segment !== segment || (!home.closed && position.offset >= home.provenEnd)
    // Copies in the take-over of an owner that counts no more would be lost with it.
    const copies = [
      ...recordsOf(home).filter(record => record.kind === 'accept' && record.token === token && isUnsafe(record)),
      ...found.records
        .filter(record => record.token === token && isUnsafe(record))
        .map((record): FoundSegmentRecord => ({ ...record, kind: 'data' })),
    ]
    const endOfNewest = recordsOf(tail).findLast(record => record.token === newest)?.position.offset ?? 0
    const isEndLost = tail.damage !== undefined && endOfNewest < tail.damage.lastOffset
    return {
      intact: {
        records: withoutLong(found.records, this.#query.leave, this.isProven),
        last: { token, sequence, segment },
        newest: { ...found.newest, segment: newestSegment },
        isEndLost,
        isWhole: token === newest && sequence === found.newest.sequence && !isEndLost,
      },
      base: { token, sequence, segment },
      copies,
      tokens: this.tokens,
    }
  }

  async #beginsIn(segment: string, token: number): Promise<boolean> {
    const records = recordsOf(await this.#readOnce(segment))
    return records.some(record => record.token === token && (token === 1 || record.kind === 'accept'))
  }

  /** Follows the chain of ACCEPTs down to the first owner. */
  async #readBases(token: number, segment: string): Promise<void> {
    let at = { token, segment }
    let copies: readonly FoundSegmentRecord[] = []
    while (at.token > 1) {
      const { token } = at
      const records = [...recordsOf(await this.#readOnce(at.segment)), ...copies]
      const record = records.find(one => one.kind === 'accept' && one.token === token)
      if (record?.kind !== 'accept') return
      const accept = decodeAccept(record)
      if (accept.base.segment === '' || accept.base.token >= token) return
      at = accept.base
      copies = accept.copies
      await this.#readOnce(at.segment)
    }
  }

  async #readOnce(segment: string): Promise<FoundTail> {
    const known = this.#read.get(segment)
    if (known !== undefined) return known
    const tail = await this.#segments.recordsOf(segment, { stream: this.#query.stream, isLeft: this.#isLeft })
    this.#read.set(segment, tail)
    for (const record of recordsOf(tail)) this.tokens.add(record.token)
    return tail
  }
}

/** The same records without long payloads where they are safe, which those have as well that a take-over copied. */
export function withoutLong(
  records: readonly FoundRecord[],
  rule: LeaveRule,
  isSafe: (position: RecordPosition) => boolean,
): readonly FoundRecord[] {
  const isLeft = leaving(rule)
  return records.map(record =>
    record.payload !== undefined && isSafe(record.position) && isLeft(record.payload)
      ? { ...record, payload: undefined }
      : record,
  )
}

const recordsOf = (tail: FoundTail): FoundSegmentRecord[] => tail.batches.flatMap(batch => batch.records)

function damaged(stream: string, tail: FoundTail): WaymarkError {
  const { offset, reason } = tail.damage ?? { offset: 0, reason: 'its header is missing' }
  return new WaymarkError('corrupt', {
    message: `segment ${tail.segment}, which holds ${stream}, is damaged at byte ${offset}: ${reason}`,
    means: `What ${stream} recorded last may be lost, so it does not go on from an older state by itself; nothing was changed.`,
    remedy:
      'waymark repair  falls back to the last record that is intact, where that can be told; else put back the segment from a backup, or start anew with --fresh.',
    details: { stream, segment: tail.segment, offset },
  })
}
