import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { PackReference } from '../format/manifest.ts'
import { WaymarkError } from '../model/errors.ts'

/** Chunks of one pack that follow one another. */
export interface ChunkSpan {
  readonly pack: PackReference
  readonly first: number
  readonly count: number
}

/** Most chunks that a delta may stand on: a reader needs all of them. */
export const mostBaseChunks = 8

/**
 * What a delta chunk keeps (`docs/format.md`): length of the list u16 | CBOR [[pack id | [segment, offset, length], first, count] …] | copy and insert records. The base are the whole chunks of
 * the list, joined.
 */
export function encodeDeltaPayload(bases: readonly ChunkSpan[], delta: Uint8Array): Uint8Array {
  const list = encodeBases(bases)
  const payload = Buffer.allocUnsafe(2 + list.length + delta.length)
  payload.writeUInt16LE(list.length, 0)
  payload.set(list, 2)
  payload.set(delta, 2 + list.length)
  return payload
}

const encodeBases = (bases: readonly ChunkSpan[]): Uint8Array =>
  encodeValue(
    bases.map(({ pack, first, count }) => [
      typeof pack === 'string' ? pack : [pack.segment, pack.offset, pack.length],
      first,
      count,
    ]),
  )

/** @throws WaymarkError `corrupt` if it is none */
export function decodeDeltaPayload(payload: Uint8Array): { readonly bases: readonly ChunkSpan[]; readonly delta: Uint8Array } {
  const buffer = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  if (buffer.length < 2) throw damagedDelta()
  const length = buffer.readUInt16LE(0)
  if (2 + length > buffer.length) throw damagedDelta()
  const list = decodeValue(buffer.subarray(2, 2 + length))
  if (!Array.isArray(list) || list.length === 0) throw damagedDelta()
  const bases = list.map(spanOf)
  if (bases.reduce((sum, span) => sum + span.count, 0) > mostBaseChunks) throw damagedDelta()
  return { bases, delta: buffer.subarray(2 + length) }
}

function spanOf(item: unknown): ChunkSpan {
  if (!Array.isArray(item) || item.length !== 3) throw damagedDelta()
  const [pack, first, count]: readonly unknown[] = item
  if (!isCount(first) || !isCount(count) || count === 0) throw damagedDelta()
  if (typeof pack === 'string') return { pack, first, count }
  if (Array.isArray(pack) && pack.length === 3) {
    const [segment, offset, length]: readonly unknown[] = pack
    if (typeof segment === 'string' && isCount(offset) && isCount(length)) {
      return { pack: { segment, offset, length }, first, count }
    }
  }
  throw damagedDelta()
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function damagedDelta(): WaymarkError {
  return new WaymarkError('corrupt', {
    message: 'a delta does not name its base',
    means: 'The checkpoints that hold it cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or see what is damaged with: waymark verify --full',
  })
}
