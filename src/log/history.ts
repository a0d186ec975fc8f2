import { WaymarkError } from '../model/errors.ts'
import { type Accept, decodeAccept } from './accept.ts'
import type { FoundRecord, FoundSegmentRecord } from './log.ts'

/** What counts of a stream, from the records of it that can be read anywhere. */
export interface CountedHistory {
  /** Oldest first; take-over records are left out. */
  readonly records: readonly FoundRecord[]
  /** Token of the newest owner that counts; 0 if there is none. */
  readonly token: number
}

/**
 * Decides what counts. Pure, and the same for everybody who reads the same bytes.
 *
 * k is the highest token with an ACCEPT (token 1 needs none). What counts is the history of k's base, cut at the sequence k
 * accepted, with gaps filled from the copies in ACCEPT records, and then k's own records. Everything else is void: records of an
 * owner that were written after its successor had read its tail were never acknowledged.
 *
 * @param records every readable record of one stream, in any order
 * @throws WaymarkError `corrupt` if a record that counts is missing
 */
export function countedHistory(stream: string, records: readonly FoundSegmentRecord[]): CountedHistory {
  const owners = new Map<number, OwnerRecords>()
  for (const record of records) collect(owners, record)
  let token = 0
  for (const [candidate, owner] of owners) {
    const counts = candidate === 1 || owner.accept !== undefined
    if (counts && candidate > token) token = candidate
  }
  if (token === 0) return { records: [], token: 0 }
  const chain = placedChain(stream, owners, token)
  const counted: FoundRecord[] = []
  for (const link of chain) append(stream, owners.get(link.token), link, counted)
  return { records: counted, token }
}

/** What counts of a stream up to the first record that cannot be read. */
export interface IntactHistory {
  /** Oldest first, none missing. */
  readonly records: readonly FoundRecord[]
  /** Whose record the last one is, and its number. */
  readonly token: number
  readonly sequence: number
  /** Segment of that owner's records; undefined for the newest owner. */
  readonly segment: string | undefined
  /** What is known of the newest owner: its last record that can be read. */
  readonly newest: { readonly token: number; readonly sequence: number }
}

/**
 * As {@link countedHistory}, but ends before the first record that is missing. Only where every take-over can be read: without one it cannot be told which records of the owner before it count.
 *
 * @throws WaymarkError `corrupt` if a take-over record is missing
 */
export function intactHistory(stream: string, records: readonly FoundSegmentRecord[], newest: number): IntactHistory {
  const owners = new Map<number, OwnerRecords>()
  for (const record of records) collect(owners, record)
  const chain = placedChain(stream, owners, newest)
  const intact: FoundRecord[] = []
  const last = Math.max(0, ...(owners.get(newest)?.bySequence.keys() ?? []))
  for (const [place, { token, cut }] of chain.entries()) {
    const bySequence = owners.get(token)?.bySequence
    let sequence = 0
    for (; sequence < cut; sequence++) {
      const record = bySequence?.get(sequence + 1)
      if (record === undefined) break
      intact.push(record)
    }
    if (sequence === cut) continue
    const segment = chain[place + 1]?.accept?.base.segment
    return { records: intact, token, sequence, segment, newest: { token: newest, sequence: last } }
  }
  throw missing(stream, newest, 0)
}

function placedChain(stream: string, owners: Map<number, OwnerRecords>, newest: number): readonly ChainLink[] {
  const chain = chainFrom(stream, owners, newest)
  // Oldest first, so that the place in the newest ACCEPT, the one that lasts, has the last word.
  for (const link of chain) if (link.accept !== undefined) placeCopies(owners, link.accept)
  return chain
}

interface OwnerRecords {
  accept: Accept | undefined
  readonly bySequence: Map<number, FoundRecord>
}

function ownerOf(owners: Map<number, OwnerRecords>, token: number): OwnerRecords {
  let owner = owners.get(token)
  if (owner === undefined) {
    owner = { accept: undefined, bySequence: new Map() }
    owners.set(token, owner)
  }
  return owner
}

function collect(owners: Map<number, OwnerRecords>, record: FoundSegmentRecord): void {
  const owner = ownerOf(owners, record.token)
  if (record.kind === 'data') {
    owner.bySequence.set(record.sequence, record)
    return
  }
  const accept = decodeAccept(record)
  owner.accept ??= accept
  // The copies of an ACCEPT may hold an ACCEPT: the predecessor's own, if that was not proven.
  for (const copy of accept.copies) if (copy.kind === 'accept') collect(owners, copy)
}

function placeCopies(owners: Map<number, OwnerRecords>, accept: Accept): void {
  for (const copy of accept.copies) {
    if (copy.kind === 'accept') placeCopies(owners, decodeAccept(copy))
    else ownerOf(owners, copy.token).bySequence.set(copy.sequence, copy)
  }
}

interface ChainLink {
  readonly token: number
  /** Sequence up to which this owner's records count. */
  readonly cut: number
  readonly accept: Accept | undefined
}

/** The owners whose records count, the first owner first. */
function chainFrom(stream: string, owners: ReadonlyMap<number, OwnerRecords>, newest: number): readonly ChainLink[] {
  const chain: ChainLink[] = []
  let token = newest
  let cut = Number.POSITIVE_INFINITY
  for (;;) {
    const accept = owners.get(token)?.accept
    chain.push({ token, cut, accept })
    if (accept === undefined) break
    if (accept.base.token >= token) throw missing(stream, token, 0)
    token = accept.base.token
    cut = accept.base.sequence
  }
  if (token !== 1) throw missing(stream, token, 0)
  return chain.reverse()
}

function append(stream: string, owner: OwnerRecords | undefined, { token, cut }: ChainLink, into: FoundRecord[]): void {
  for (let sequence = 1; sequence <= cut; sequence++) {
    const record = owner?.bySequence.get(sequence)
    if (record === undefined) {
      // The newest owner's records end where they end, if nothing of it lies behind a gap; an accepted cut must be reached.
      const laterExists = owner?.bySequence.keys().some(other => other > sequence) === true
      if (cut !== Number.POSITIVE_INFINITY || laterExists) throw missing(stream, token, sequence)
      return
    }
    into.push(record)
  }
}

function missing(stream: string, token: number, sequence: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `record ${sequence} of owner ${token} of ${stream} cannot be read, though it once was durable`,
    means: `What ${stream} recorded from there on cannot be trusted to be whole; other runs are not affected, and nothing was changed.`,
    remedy: `Start the work anew with --fresh, or put back the store's segments from a backup.`,
    details: { stream, token, sequence },
  })
}
