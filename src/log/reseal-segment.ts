import { createHash, type Hash } from 'node:crypto'
import type { FileSystem, OpenFile } from '../files/file-system.ts'
import { type CountBytes, replaceFile } from '../files/replace-file.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordSeal } from './record-seal.ts'
import {
  batchHeadLength,
  checkBatch,
  checkHeader,
  decodeBatchHead,
  decodeRecord,
  digestBefore,
  encodeHeader,
  encodeRecord,
  headerLength,
  rewriteBatch,
  type SegmentIdentity,
  splitRecords,
} from './segment-format.ts'
import { readSegment } from './segment-reader.ts'

/** Bytes of batches that are held at a time, at least one batch. */
const windowBytes = 8 << 20

export interface ResealOptions {
  readonly files: FileSystem
  readonly path: string
  /** A name in the same folder that nobody uses, and no reader takes for a segment. */
  readonly temporary: string
  readonly identity: SegmentIdentity
  readonly from: RecordSeal
  readonly to: RecordSeal
  readonly count?: CountBytes
}

/**
 * Seals the records of a segment with another data key. Each stays where it is and as long as it is, so the places that are known of it stay right. What is no good batch (torn, damaged, behind a hole) is copied byte for
 * byte, and what no batch says to be durable is not said to be: a reader comes to the same verdicts, which is proven before the new segment takes the place of the old one.
 *
 * The segment must be one into which nobody can acknowledge anything any more; bytes that somebody writes all the same may be left out. False, with nothing changed, if it was removed or replaced meanwhile.
 *
 * @throws WaymarkError `corrupt` if its header is damaged or its batches do not follow one another; file errors
 */
export function resealSegment(options: ResealOptions): Promise<boolean> {
  const { files, path, temporary, identity, from, to } = options
  return replaceFile({
    files,
    path,
    temporary,
    async write() {
      const end = await rewrite(options)
      const before = await saidBy(files, path, identity, from, end)
      const after = await saidBy(files, temporary, identity, to, end)
      if (before === after) return true
      throw notTheSame(identity.segment)
    },
  })
}

/** Resolves with the length of what was written. */
async function rewrite({ files, path, temporary, identity, from, to, count }: ResealOptions): Promise<number> {
  const source = await files.open(path, 'read')
  try {
    const { size } = await source.stat()
    const chainOfOld = checkHeader(await source.read(0, headerLength), identity)
    if (chainOfOld === undefined) throw damaged(identity.segment, 'its header is damaged')
    const target = await files.open(temporary, 'create')
    try {
      const header = encodeHeader(identity, to.keyId)
      await target.write(header, 0)
      const work = { segment: identity.segment, source, target, from, to, count: count ?? (() => {}) }
      const chain = { at: headerLength, old: chainOfOld, new: header.subarray(80, headerLength) }
      await rewriteBatches(files, path, identity, { ...work, size, chain })
      await target.sync()
    } finally {
      await target.close()
    }
    return size
  } finally {
    await source.close()
  }
}

interface Rewriting {
  readonly segment: string
  readonly source: OpenFile
  readonly target: OpenFile
  readonly from: RecordSeal
  readonly to: RecordSeal
  readonly count: CountBytes
  readonly size: number
  /** Where the next batch should stand, and the digests of what is before it, in both files. */
  readonly chain: { at: number; old: Buffer; new: Buffer }
}

async function rewriteBatches(files: FileSystem, path: string, identity: SegmentIdentity, work: Rewriting): Promise<void> {
  const { source, target, size, chain } = work
  for (let from = 0, more = true; more; ) {
    // Without a seal: frames, batches and what is damage are told without a key.
    const tail = await readSegment(files, path, identity, { from, limit: windowBytes })
    for (const { end, records } of tail.batches) {
      if (end > size) break
      const start = (records[0]?.position.offset ?? end) - batchHeadLength
      const isChained = start === chain.at
      if (!isChained) await copyBytes(source, target, chain.at, start)
      const batch = bufferOf(await source.read(start, end - start))
      if (isChained && !digestBefore(batch).equals(chain.old))
        throw damaged(identity.segment, 'its batches do not follow one another')
      const rewritten = resealBatch(work, batch, start, isChained ? chain.new : digestBefore(batch))
      await target.write(rewritten.bytes, start)
      work.count(batch.length)
      chain.at = end
      chain.old = rewritten.old
      chain.new = rewritten.digest
    }
    more = tail.more === true && tail.end < size
    from = tail.end
  }
  await copyBytes(source, target, chain.at, size)
}

function resealBatch({ segment, from, to }: Rewriting, batch: Buffer, start: number, before: Buffer) {
  const head = decodeBatchHead(batch.subarray(0, batchHeadLength), start)
  const old = checkBatch(segment, batch)
  const records = head && splitRecords(batch, start, head.records)
  if (old === undefined || records === undefined) throw damaged(segment, 'a batch changed while it was read')
  const frames = records.map(({ frame, offset }) => {
    const shown = decodeRecord(frame)
    const meant = shown && from.open(shown, offset)
    // One that was tampered with does not open under any key: it stays what it is.
    return meant === undefined ? frame : encodeRecord(to.seal(meant.record, offset).record)
  })
  return { ...rewriteBatch(segment, batch, before, frames), old }
}

async function copyBytes(source: OpenFile, target: OpenFile, start: number, end: number): Promise<void> {
  for (let at = start; at < end; at += windowBytes) await target.write(await source.read(at, Math.min(windowBytes, end - at)), at)
}

/** SHA-256 over all that a reader is told of the first `end` bytes of a segment but the digests of its batches. */
async function saidBy(
  files: FileSystem,
  path: string,
  identity: SegmentIdentity,
  seal: RecordSeal,
  end: number,
): Promise<string> {
  const digest = createHash('sha256')
  for (let from = 0, more = true; more; ) {
    const tail = await readSegment(files, path, { ...identity, findSeal: async () => ({ seal }) }, { from, limit: windowBytes })
    for (const batch of tail.batches) {
      if (batch.end > end) break
      addTo(digest, { end: batch.end })
      for (const { payload, ...record } of batch.records) {
        addTo(digest, { ...record, bytes: payload.length })
        digest.update(payload)
      }
    }
    const { provenEnd, closed, damage } = tail
    more = tail.more === true && tail.end < end
    from = tail.end
    // What was written behind meanwhile is not looked at.
    if (tail.end + tail.tornBytes <= end || more) addTo(digest, { end: tail.end, provenEnd, closed, damage: damage ?? null })
  }
  return digest.digest('hex')
}

const addTo = (digest: Hash, said: object): void => {
  digest.update(JSON.stringify(said))
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const damaged = (segment: string, how: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `segment ${segment} of the log cannot be sealed anew: ${how}`,
    means: 'It was left as it is; other segments are not affected.',
    remedy: 'Run waymark verify to see what is damaged, and waymark repair.',
    details: { segment },
  })

const notTheSame = (segment: string): WaymarkError =>
  new WaymarkError('unavailable', {
    message: `segment ${segment} of the log does not read back as it was when it is sealed anew`,
    means: 'It was left as it is; nothing is lost.',
    remedy: 'Run it again. If it stays so, check the disk and the memory of the machine.',
    retryable: true,
    details: { segment },
  })
