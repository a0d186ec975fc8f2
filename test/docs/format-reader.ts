import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import zlib from 'node:zlib'

// A reader of stores written from docs/format.md alone: it shares no code with src, so that the page is known to say enough.

export interface ReadRecord {
  readonly kind: number
  readonly stream: string
  readonly token: number
  readonly sequence: number
  readonly payload: Buffer
}

export interface ReadSegment {
  readonly records: readonly ReadRecord[]
  readonly batches: number
  readonly closed: boolean
  readonly tornBytes: number
  readonly damaged: boolean
}

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The id in waymark.json, if its checksum holds. */
export function readStoreId(store: string): string | undefined {
  const { checksum, ...body } = JSON.parse(readFileSync(join(store, 'waymark.json'), 'utf8'))
  return checksum === sha256(JSON.stringify(body)).toString('hex') ? body.store : undefined
}

export function readSegments(store: string): ReadSegment[] {
  const id = readStoreId(store)
  return readdirSync(join(store, 'segments')).map(name => {
    const segment = name.replace(/\.seg$/, '')
    return readSegment(readFileSync(join(store, 'segments', name)), segment, id ?? '')
  })
}

export function readSegment(bytes: Buffer, segment: string, store: string): ReadSegment {
  const records: ReadRecord[] = []
  const flawed = { records, batches: 0, closed: false, tornBytes: bytes.length, damaged: bytes.length > 96 }
  const digest = sha256(segment, bytes.subarray(0, 80)).subarray(0, 16)
  if (bytes.toString('latin1', 0, 8) !== 'waymkseg' || !digest.equals(bytes.subarray(80, 96))) return flawed
  if (bytes.readUInt16LE(8) !== 1 || bytes.readUInt32LE(12) !== 0) throw new Error('written by a newer version')
  if (bytes.toString('latin1', 16, 42) !== segment || bytes.toString('latin1', 44, 70) !== store)
    throw new Error('of another store')
  let at = 96
  let before: Buffer | undefined = digest
  let number: number | undefined = 0
  let batches = 0
  let closed = false
  let damaged = false
  while (at < bytes.length) {
    const batch: Batch | undefined = closed ? undefined : readBatch(bytes, at, segment)
    const follows =
      batch !== undefined &&
      (number === undefined || batch.number === number + 1) &&
      (before === undefined || before.equals(batch.before))
    if (!follows) {
      if (closed) damaged = true
      const next = closed ? -1 : nextBatch(bytes, at + 1, segment)
      if (next < 0) break
      damaged = true
      at = next
      before = undefined
      number = undefined
      continue
    }
    records.push(...batch.records)
    batches++
    closed = batch.closes
    before = batch.digest
    number = batch.number
    at = batch.end
  }
  return { records, batches, closed, tornBytes: bytes.length - at, damaged }
}

interface Batch {
  readonly number: number
  readonly before: Buffer
  readonly digest: Buffer
  readonly records: readonly ReadRecord[]
  readonly closes: boolean
  readonly end: number
}

function readBatch(bytes: Buffer, at: number, segment: string): Batch | undefined {
  if (at + 64 > bytes.length || bytes.toString('latin1', at, at + 4) !== 'WMBT') return undefined
  if (bytes.readBigUInt64LE(at + 8) !== BigInt(at)) return undefined
  const end = at + 64 + bytes.readUInt32LE(at + 32)
  if (end > bytes.length) return undefined
  const digest = sha256(segment, bytes.subarray(at, at + 48), bytes.subarray(at + 64, end)).subarray(0, 16)
  if (!digest.equals(bytes.subarray(at + 48, at + 64))) return undefined
  const records = readRecords(bytes.subarray(at + 64, end))
  if (records.length !== bytes.readUInt32LE(at + 36)) return undefined
  const closes = (bytes.readUInt32LE(at + 40) & 1) === 1
  return { number: bytes.readUInt32LE(at + 4), before: bytes.subarray(at + 16, at + 32), digest, records, closes, end }
}

function nextBatch(bytes: Buffer, from: number, segment: string): number {
  for (let at = from; at < bytes.length; at++) if (readBatch(bytes, at, segment) !== undefined) return at
  return -1
}

function readRecords(bytes: Buffer): ReadRecord[] {
  const records: ReadRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    const record = bytes.subarray(at, at + length)
    if (zlib.crc32(record.subarray(8)) !== record.readUInt32LE(4)) throw new Error('a record has another checksum')
    const streamEnd = 20 + record.readUInt8(9)
    records.push({
      kind: record.readUInt8(8),
      token: record.readUInt32LE(12),
      sequence: record.readUInt32LE(16),
      stream: record.toString('latin1', 20, streamEnd),
      payload: record.subarray(streamEnd),
    })
    at += length
  }
  return records
}

interface Accept {
  readonly baseToken: number
  readonly baseSequence: number
  readonly copies: readonly ReadRecord[]
}

function readAccept(payload: Buffer): Accept {
  const copiesAt = 9 + payload.readUInt8(8)
  return {
    baseToken: payload.readUInt32LE(0),
    baseSequence: payload.readUInt32LE(4),
    copies: readRecords(payload.subarray(copiesAt)),
  }
}

/** What counts of a stream, oldest first. */
export function historyOf(stream: string, segments: readonly ReadSegment[]): ReadRecord[] {
  const accepts = new Map<number, Accept>()
  const data = new Map<string, ReadRecord>()
  const take = (record: ReadRecord) => {
    if (record.kind === 0) data.set(`${record.token} ${record.sequence}`, record)
    else {
      const accept = readAccept(record.payload)
      accepts.set(record.token, accept)
      accept.copies.forEach(take)
    }
  }
  for (const { records } of segments) for (const record of records) if (record.stream === stream) take(record)
  const chain: { token: number; cut: number }[] = []
  let token = Math.max(1, ...accepts.keys())
  let cut = Number.POSITIVE_INFINITY
  for (let accept = accepts.get(token); ; accept = accepts.get(token)) {
    chain.unshift({ token, cut })
    if (accept === undefined) break
    token = accept.baseToken
    cut = accept.baseSequence
  }
  if (token !== 1) throw new Error('the chain does not end at token 1')
  const history: ReadRecord[] = []
  for (const link of chain) {
    for (let sequence = 1; sequence <= link.cut; sequence++) {
      const record = data.get(`${link.token} ${sequence}`)
      if (record === undefined && link.cut !== Number.POSITIVE_INFINITY) throw new Error(`record ${sequence} is missing`)
      if (record === undefined) break
      history.push(record)
    }
  }
  return history
}

const claimPath = (store: string, stream: string, token: number): string =>
  join(store, 'claims', sha256(stream).toString('hex').slice(0, 2), `${stream}.${token}`)

/** The segment that a claim names. */
export function readClaim(store: string, stream: string, token: number): string | undefined {
  const path = claimPath(store, stream, token)
  if (!existsSync(path)) return undefined
  const [segment = '', sum] = readFileSync(path, 'latin1').trimEnd().split(' ')
  return zlib.crc32(`${stream}.${token} ${segment}`).toString(16) === sum ? segment : undefined
}

/** The raw bytes of frames of a pack, joined. */
export function readPack(store: string, pack: string, first: number, count: number): Buffer {
  const bytes = readFileSync(join(store, 'packs', `${pack}.pack`))
  const headerDigest = sha256(bytes.subarray(0, 80)).subarray(0, 16)
  if (bytes.toString('latin1', 0, 8) !== 'waymkpak' || !headerDigest.equals(bytes.subarray(80, 96))) throw new Error('bad header')
  if (bytes.toString('latin1', 16, 42) !== pack || bytes.toString('latin1', 44, 70) !== readStoreId(store))
    throw new Error('another pack')
  const trailer = bytes.subarray(bytes.length - 64)
  const footerAt = Number(trailer.readBigUInt64LE(0))
  const frames = trailer.readUInt32LE(8)
  const footer = bytes.subarray(footerAt, footerAt + frames * 24)
  const digest = sha256(footer, trailer.subarray(0, 32)).subarray(0, 24)
  if (trailer.toString('latin1', 56) !== 'waymkend' || !digest.equals(trailer.subarray(32, 56))) throw new Error('bad footer')
  const raw: Buffer[] = []
  for (let frame = first; frame < first + count; frame++) {
    const at = Number(footer.readBigUInt64LE(frame * 24))
    const stored = footer.readUInt32LE(frame * 24 + 8)
    const content = bytes.subarray(at + 48, at + 48 + stored)
    if (bytes.readUInt32LE(at) !== stored || bytes.readUInt32LE(at + 4) !== footer.readUInt32LE(frame * 24 + 12))
      throw new Error('bad frame')
    if (bytes.readUInt16LE(at + 8) !== 0) throw new Error('unknown codec or kind')
    if (!sha256(content).equals(bytes.subarray(at + 16, at + 48))) throw new Error('bad frame')
    raw.push(content)
  }
  return Buffer.concat(raw)
}
