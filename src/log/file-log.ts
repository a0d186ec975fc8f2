import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { Clock, Random } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { Seals } from '../seal/seals.ts'
import { encodeAccept } from './accept.ts'
import { Claims, claimNames, type StreamClaims } from './claims.ts'
import { Committer, SegmentAbandoned } from './committer.ts'
import { type FoundStream, findIntact, findStream, withoutLong } from './find-stream.ts'
import { countedHistory } from './history.ts'
import { defaultLeaveRule, type LeaveRule } from './left-payloads.ts'
import type {
  AppendDurability,
  AppendPhase,
  CommittedBatch,
  FoundSegmentRecord,
  IntactStream,
  Log,
  Ownership,
  SegmentRecord,
  SegmentTail,
  StreamHistory,
  StreamPlace,
} from './log.ts'
import { Segments } from './segments.ts'
import { StreamOwner } from './stream-owner.ts'

export interface FileLogOptions {
  readonly files: FileSystem
  /** Folder of the store; `segments/` and `claims/` inside it must exist and be durable. */
  readonly root: string
  readonly storeId: string
  readonly clock: Clock
  readonly random: Random
  /** Of a sealed store. */
  readonly seals?: Seals | undefined
  /** Bytes of a segment that somebody knows to have been durable: a segment that ends before is damaged. */
  readonly witness?: (segment: string) => Promise<number>
  /** Which payloads a history leaves in the log. Default: those over 64 KiB, once it holds 8 MiB of such. */
  readonly leave?: LeaveRule
  /** Asked after each write, before it is acknowledged: rejects where this process must write no more. */
  readonly mayWrite?: (() => Promise<void>) | undefined
  /** Called for each batch once it is durable, before those who wait for its appends go on. Must not throw. */
  readonly onCommitted?: (batch: CommittedBatch) => void
}

/** The log on files: segments, claims and take-over as `docs/protocol.md` describes them step by step. */
export class FileLog implements Log {
  readonly #claims: Claims
  readonly #segments: Segments
  readonly #committer: Committer
  readonly #leave: LeaveRule

  constructor(options: FileLogOptions) {
    const { files, root, storeId, clock, random, seals, mayWrite, witness, leave = defaultLeaveRule, onCommitted } = options
    const folder = `${root}/segments`
    this.#claims = new Claims(files, `${root}/claims`, claimNames(seals))
    this.#segments = new Segments({ files, folder, storeId, seals, ...(witness && { witness }) })
    this.#leave = leave
    this.#committer = new Committer({ files, folder, storeId, clock, random, seals, mayWrite, onCommitted })
  }

  async create(stream: string): Promise<Ownership> {
    return new StreamOwner(stream, this.#claims.of(stream), 1, undefined)
  }

  begin(stream: string): Promise<Ownership | undefined> {
    return this.#reading(`claim ${stream}`, async () => {
      const claims = this.#claims.of(stream)
      const segment = await this.#committer.segment()
      // A power cut may have taken claim 1 and left a later one.
      if ((await claims.highest()) > 0 || !(await claims.take(1, segment))) return undefined
      await claims.makeDurable()
      return new StreamOwner(stream, claims, 1, segment)
    })
  }

  async takeOver(stream: string, hint?: string): Promise<{ ownership: Ownership; history: StreamHistory }> {
    try {
      for (;;) {
        const taken = await this.#tryTakeOver(stream, hint)
        if (taken !== undefined) return taken
      }
    } catch (error) {
      throw fileFault(error, `take over ${stream}`, 'Nothing of it was changed; what is recorded stays recorded.')
    }
  }

  async append(
    ownership: Ownership,
    payloads: readonly Uint8Array[],
    durability: AppendDurability = 'power',
    onPhase?: (phase: AppendPhase) => void,
  ): Promise<readonly RecordPosition[]> {
    return this.#committer.commit(ownerOf(ownership), 'data', payloads, durability, onPhase)
  }

  appendFree(payloads: readonly Uint8Array[]): Promise<readonly RecordPosition[]> {
    return this.#committer.commit(undefined, 'data', payloads)
  }

  sync(): Promise<void> {
    return this.#committer.sync()
  }

  async history(stream: string, hint?: string): Promise<StreamHistory> {
    const claims = this.#claims.of(stream)
    return this.#reading(`read ${stream}`, async () => {
      for (;;) {
        const highest = await highestOf(claims, hint)
        if (highest === 0) return nothing
        const { history, tokens } = await findStream(this.#segments, { stream, claims, highest, hint, leave: this.#leave })
        // An owner that came meanwhile has decided what of its predecessor counts; what was read may be void.
        if (await claims.exists(highest + 1)) continue
        const lost = await tokenWithoutClaim(claims, tokens, highest)
        if (lost !== undefined) throw claimLost(stream, lost)
        return history
      }
    })
  }

  intact(stream: string, hint?: string): Promise<IntactStream | undefined> {
    const claims = this.#claims.of(stream)
    return this.#reading(`read ${stream}`, async () => {
      const highest = await highestOf(claims, hint)
      const found =
        highest === 0 ? undefined : await findIntact(this.#segments, { stream, claims, highest, hint, leave: this.#leave })
      const lost = found && (await tokenWithoutClaim(claims, found.tokens, highest))
      if (lost !== undefined) throw claimLost(stream, lost)
      return found?.intact
    })
  }

  async goOnFrom(stream: string, last: StreamPlace, newest: number): Promise<Ownership> {
    const claims = this.#claims.of(stream)
    const doing = `go on with ${stream}`
    return this.#reading(doing, async () => {
      for (;;) {
        const segment = await this.#committer.segment()
        const highest = Math.max(newest, await claims.highest())
        const hint = last.segment
        const found = await findIntact(this.#segments, { stream, claims, highest, hint, leave: this.#leave })
        if (found?.intact.newest.token !== newest) throw fenced(stream)
        if (!(await claims.take(highest + 1, segment))) continue
        await claims.makeDurable()
        const owner = new StreamOwner(stream, claims, highest + 1, segment)
        const isIntact = last.token === found.base.token && last.sequence === found.base.sequence
        try {
          await this.#committer.commit(owner, 'accept', [encodeAccept(last, isIntact ? await this.#whole(found.copies) : [])])
          return owner
        } catch (error) {
          if (!(error instanceof SegmentAbandoned)) throw error
        }
      }
    })
  }

  isFenced(ownership: Ownership): Promise<boolean> {
    return this.#reading('look for a newer owner', () => ownerOf(ownership).checkFence())
  }

  async read(position: RecordPosition): Promise<{ stream: string; payload: Uint8Array }> {
    const record = await this.#reading('read the log', () => this.#segments.readRecord(this.#committer.whereIs(position)))
    if (record?.kind === 'data') return { stream: record.stream, payload: record.payload }
    throw new WaymarkError('corrupt', {
      message: `the record at byte ${position.offset} of segment ${position.segment} is damaged or missing`,
      means: 'What it held cannot be loaded; other records are not affected.',
      remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
      details: { ...position },
    })
  }

  segments(): Promise<readonly string[]> {
    return this.#reading('list the log', () => this.#segments.list())
  }

  size(segment: string): Promise<number> {
    return this.#reading(`look at segment ${segment}`, () => this.#segments.size(segment))
  }

  tail(segment: string, from: number, limit?: number): Promise<SegmentTail> {
    return this.#reading(`read segment ${segment}`, () => this.#segments.tail(segment, from, limit))
  }

  async close(): Promise<void> {
    try {
      await this.#committer.close()
    } catch (error) {
      throw fileFault(error, 'close the log', 'All that was recorded stays; only the mark that says so is missing.')
    }
  }

  /** Undefined if somebody claimed the same token first, or our segment failed meanwhile: to be tried again. */
  async #tryTakeOver(stream: string, hint: string | undefined) {
    const claims = this.#claims.of(stream)
    // The token is bound to this segment, so that must exist first.
    const segment = await this.#committer.segment()
    const highest = await highestOf(claims, hint)
    const token = highest + 1
    if (!(await claims.take(token, segment))) return undefined
    await claims.makeDurable()
    const ownership = new StreamOwner(stream, claims, token, segment)
    if (highest === 0) return { ownership, history: nothing }
    const found = await findStream(this.#segments, { stream, claims, highest, hint, leave: this.#leave })
    // Nothing is written under a token before its claim, and this claim is ours; who wrote under a higher one must have claimed it.
    const lost = found.tokens.has(token) ? token : await tokenWithoutClaim(claims, found.tokens, token)
    if (lost !== undefined) throw claimLost(stream, lost)
    const history = await this.#accept(ownership, found)
    return history && { ownership, history }
  }

  /** Writes the ACCEPT of a take-over: from here on this owner's word counts. Undefined if its segment was abandoned. */
  async #accept(
    owner: StreamOwner,
    { base, unproven, history, records, isProven }: FoundStream,
  ): Promise<StreamHistory | undefined> {
    const { stream, token } = owner
    const payload = encodeAccept(base, await this.#whole(unproven))
    try {
      const [position] = await this.#committer.commit(owner, 'accept', [payload])
      if (position === undefined || unproven.length === 0) return history
      // The copies are where those records last; their first home may be gone after a power cut.
      const own = { kind: 'accept', stream, token, sequence: 0, payload, position } as const
      const isSafe = (place: RecordPosition): boolean => place.segment === position.segment || isProven(place)
      return { ...history, records: withoutLong(countedHistory(stream, [...records, own]).records, this.#leave, isSafe) }
    } catch (error) {
      if (error instanceof SegmentAbandoned) return undefined
      throw error
    }
  }

  /** The records with the payloads that were left in the log. */
  async #whole(records: readonly FoundSegmentRecord[]): Promise<readonly SegmentRecord[]> {
    const whole: SegmentRecord[] = []
    for (const record of records) whole.push({ ...record, payload: record.payload ?? (await this.read(record.position)).payload })
    return whole
  }

  async #reading<T>(doing: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      throw fileFault(error, doing, 'Nothing was changed.')
    }
  }
}

const nothing: StreamHistory = { records: [], token: 0, tornBytes: 0 }

/** The highest token that may have been used: a stream that somebody can give a hint for began without a claim at least. */
async function highestOf(claims: StreamClaims, hint: string | undefined): Promise<number> {
  return Math.max(await claims.highest(), hint === undefined ? 0 : 1)
}

/** A token above `highest` that somebody wrote under although its claim is not there: claims come first, and stay. */
async function tokenWithoutClaim(
  claims: StreamClaims,
  tokens: ReadonlySet<number>,
  highest: number,
): Promise<number | undefined> {
  for (const token of tokens) if (token > highest && !(await claims.exists(token))) return token
  return undefined
}

const fenced = (stream: string): WaymarkError =>
  new WaymarkError('fenced', {
    message: `${stream} has another owner by now than when it was looked at`,
    means: 'What that one records counts; nothing was changed.',
    remedy: 'Look again.',
    details: { stream },
  })

function claimLost(stream: string, token: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `claim ${token} of ${stream} is missing from the store's claims, though its owner has recorded something`,
    means: `It cannot be told any more who owns ${stream}; what is recorded is still in the segments.`,
    remedy: `Start the work anew with --fresh, or put back the store's claims from a backup.`,
    details: { stream, token },
  })
}

function ownerOf(ownership: Ownership): StreamOwner {
  if (ownership instanceof StreamOwner) return ownership
  throw new TypeError('this ownership is of another log')
}
