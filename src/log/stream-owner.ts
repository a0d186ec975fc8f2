import type { StreamClaims } from './claims.ts'
import type { Ownership, SegmentRecord } from './log.ts'

/** A stream this process owns, and how far its records got. */
export class StreamOwner implements Ownership {
  readonly stream: string
  readonly #claims: StreamClaims
  #token: number
  #segment: string | undefined
  #acknowledged = 0
  #fenced = false
  #claimed: number
  #claimedFor: string | undefined
  #unsynced: readonly SegmentRecord[] = []

  /** @param segment The one `token` was claimed for; undefined for a first owner without a claim. */
  constructor(stream: string, claims: StreamClaims, token: number, segment: string | undefined) {
    this.stream = stream
    this.#claims = claims
    this.#token = token
    this.#segment = segment
    this.#claimed = token
  }

  get token(): number {
    return this.#token
  }

  /** The one segment that holds, or will hold, the records of `token`; undefined before the first where no claim names it. */
  get segment(): string | undefined {
    return this.#segment
  }

  /** Sequence of the newest acknowledged record under `token`. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Acknowledged records under `token` that a power cut, or a failed sync of their segment, may still take: kept for a copy. */
  get unsynced(): readonly SegmentRecord[] {
    return this.#unsynced
  }

  /** The highest token this process holds; ahead of `token` from the claim of the next until something is durable under that. */
  get claimed(): number {
    return this.#claimed
  }

  /** Whether a newer owner was seen; once there was one, it stays so. */
  get fenced(): boolean {
    return this.#fenced
  }

  /** Whether its next records belong into another segment than this: theirs failed. */
  hasLeft(segment: string): boolean {
    return this.#segment !== undefined && this.#segment !== segment
  }

  async checkFence(): Promise<boolean> {
    this.#fenced ||= await this.#claims.exists(this.#claimed + 1)
    return this.#fenced
  }

  /** Claims the next token, durably, for a segment; not twice for the same. False if somebody else has that token. */
  async claimFor(segment: string): Promise<boolean> {
    if (this.#claimedFor === segment) return true
    this.#claimed++
    try {
      this.#fenced = !(await this.#claims.take(this.#claimed, segment))
    } catch (error) {
      // Somebody else may have it: only a token known to be ours may be left behind unused.
      this.#claimed--
      throw error
    }
    if (this.#fenced) return false
    await this.#claims.makeDurable()
    this.#claimedFor = segment
    return true
  }

  /** Records up to `sequence` under `token` are written to this segment: durable, but for those of `unsynced`. */
  advance(token: number, sequence: number, segment: string, unsynced: readonly SegmentRecord[]): void {
    this.#token = token
    this.#acknowledged = sequence
    this.#segment = segment
    if (unsynced.length > 0) this.#unsynced = [...this.#unsynced, ...unsynced]
  }

  /** Everything up to `acknowledged` is durable. */
  synced(): void {
    this.#unsynced = []
  }

  /** A write under `token` to this segment failed, and bytes of it may be on the disk all the same: the token is bound to it. */
  bind(segment: string): void {
    this.#segment ??= segment
  }
}
