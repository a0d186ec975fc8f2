import { createHash } from 'node:crypto'
import type { Compression } from '../../src/format/compression.ts'
import { encodeFrame } from '../../src/format/pack-frame.ts'
import type { ReadPack } from '../../src/format/pack-header.ts'
import { PackReader } from '../../src/format/pack-reader.ts'
import type { PackChunk } from '../../src/format/pack-table.ts'
import { PackWriter } from '../../src/format/pack-writer.ts'

export const packId = 'p'.repeat(26)
export const storeId = 's'.repeat(26)

export function fullChunk(raw: Uint8Array): PackChunk {
  return { digest: createHash('sha256').update(raw).digest(), rawBytes: raw.length, kind: 'full', payload: raw }
}

/** A chunk stored as something else than its raw bytes. */
export function deltaChunk(raw: Uint8Array, payload: Uint8Array): PackChunk {
  return { digest: createHash('sha256').update(raw).digest(), rawBytes: raw.length, kind: 'delta', payload }
}

/** A pack of the given frames. */
export function buildPack(
  frames: readonly (readonly PackChunk[])[],
  compression: Compression = { codec: 'zstd' },
  pack: string = packId,
  store: string = storeId,
): Buffer {
  const writer = new PackWriter(pack, store)
  const parts = [writer.header()]
  for (const chunks of frames) {
    const place = { frame: writer.frameCount, firstChunk: writer.chunkCount }
    parts.push(...writer.add(encodeFrame(pack, place, chunks, compression)))
  }
  parts.push(...writer.finish())
  return Buffer.concat(parts)
}

/** Reads from memory as a file does: asking beyond the end gives less. */
export function readerOf(bytes: Uint8Array, onRead: (offset: number, length: number) => void = () => {}): ReadPack {
  return async (offset, length) => {
    onRead(offset, length)
    return bytes.subarray(offset, offset + length)
  }
}

/** All chunks of a pack through its footer. */
export async function readAll(bytes: Uint8Array, pack: string = packId): Promise<PackChunk[]> {
  const reader = await PackReader.open(readerOf(bytes), pack, bytes.length)
  const chunks: PackChunk[] = []
  for (const index of reader.frames.keys()) {
    const table = await reader.readTable(index)
    const frame = await reader.readFrame(index)
    for (const [at, chunk] of frame.chunks.entries()) {
      const entry = table[at]
      if (entry?.kind !== chunk.kind || Buffer.compare(entry.digest, chunk.digest) !== 0)
        throw new Error('table and frame differ')
      chunks.push(chunk)
    }
  }
  return chunks
}

/** The same bytes on every run: xorshift32. */
export function randomBytesFrom(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = seed | 1
  for (let index = 0; index < length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state >>> 11
  }
  return bytes
}

/** Text that compresses about as records do. */
export function recordsOf(seed: number, length: number): Buffer {
  const random = randomBytesFrom(seed, length >> 3)
  const lines: string[] = []
  let size = 0
  for (let index = 0; size < length; index++) {
    const line = `{"id":${index},"state":"${['done', 'running', 'failed'][(random[index] ?? 0) % 3]}","amount":${random[index + 1] ?? 0}}\n`
    lines.push(line)
    size += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, length)
}

/** A small pack with frames of every kind of chunk, compressed where that pays and not. */
export function smallPack(compression: Compression = { codec: 'zstd' }, pack: string = packId): Buffer {
  return buildPack(smallFrames(), compression, pack)
}

export function smallFrames(): PackChunk[][] {
  return [
    [fullChunk(recordsOf(1, 700)), fullChunk(recordsOf(2, 300))],
    [fullChunk(randomBytesFrom(3, 200))],
    [deltaChunk(recordsOf(4, 5000), randomBytesFrom(5, 40)), { ...fullChunk(recordsOf(6, 400)), kind: 'list' }],
  ]
}

export function sameChunks(found: readonly PackChunk[], expected: readonly PackChunk[]): boolean {
  return (
    found.length === expected.length &&
    expected.every((chunk, index) => {
      const other = found[index]
      return (
        other !== undefined &&
        other.kind === chunk.kind &&
        other.rawBytes === chunk.rawBytes &&
        Buffer.compare(other.digest, chunk.digest) === 0 &&
        Buffer.compare(other.payload, chunk.payload) === 0
      )
    })
  )
}
