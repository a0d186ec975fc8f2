import { applyDelta } from '../format/delta.ts'
import type { PackReference } from '../format/manifest.ts'
import type { PackChunk } from '../format/pack-table.ts'
import { sha256 } from '../format/sha256.ts'
import { WaymarkError } from '../model/errors.ts'
import { packKey } from './chunk-list.ts'
import { damagedChunk } from './damaged-chunk.ts'
import { type ChunkSpan, decodeDeltaPayload } from './delta-payload.ts'
import type { Packs } from './pack-shelf.ts'

/** The bytes of a chunk as it was saved, checked against its digest. They are shared with others: who gives them away copies them. */
export async function readChunk(packs: Packs, pack: PackReference, number: number): Promise<Uint8Array> {
  return chunkBytes(packs, pack, number, await storedChunk(packs, pack, number))
}

/** The bytes of a chunk that stands in a frame, whose whole chunks were checked when it was decoded. A delta is applied to its base, which is whole. */
export async function chunkBytes(packs: Packs, pack: PackReference, number: number, chunk: PackChunk): Promise<Uint8Array> {
  if (chunk.kind !== 'delta') return chunk.payload
  const { bases, delta } = decodeDeltaPayload(chunk.payload)
  const raw = applyDelta(delta, await readSpans(packs, bases), chunk.rawBytes)
  if (sha256(raw).equals(chunk.digest)) return raw
  throw damagedChunk(packKey(pack), number)
}

/** The bytes of whole chunks, joined: the base of a delta. */
export async function readSpans(packs: Packs, spans: readonly ChunkSpan[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (const { pack, first, count } of spans) {
    for (let number = first; number < first + count; number++) {
      const { kind } = await storedChunk(packs, pack, number)
      if (kind !== 'full') throw notWhole(pack, number)
      parts.push(await readChunk(packs, pack, number))
    }
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
}

/** Reads the spans that a delta chunk stands on. */
export async function basesOf(packs: Packs, pack: PackReference, number: number): Promise<readonly ChunkSpan[]> {
  return decodeDeltaPayload((await storedChunk(packs, pack, number)).payload).bases
}

/** A chunk as it stands in its frame, not yet checked. */
async function storedChunk(packs: Packs, pack: PackReference, number: number): Promise<PackChunk> {
  const frame = await packs.frameOf(pack, number)
  const chunk = frame.chunks[number - frame.firstChunk]
  if (chunk === undefined) throw new RangeError(`frame ${frame.frame} has no chunk ${number}`)
  return chunk
}

function notWhole(pack: PackReference, number: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `chunk ${number} of pack ${packKey(pack)} is the base of a delta, but is not kept whole`,
    means: 'The checkpoints that hold the delta cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or see what is damaged with: waymark verify --full',
    details: { pack: packKey(pack), chunk: number },
  })
}
