import type { OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { SealedReader } from '../seal/sealed-reader.ts'
import type { Seals } from '../seal/seals.ts'
import { RecordSeal } from './record-seal.ts'
import { sealedWith } from './segment-format.ts'

/**
 * What the records of a segment are sealed with; undefined if they are plain.
 *
 * @param header whole and checked
 * @param file a plain segment may be sealed as a file in blocks: then it counts as sealed
 * @throws WaymarkError `corrupt` if they are sealed with a key the store does not have, or plain in a store that has sealed ones only
 */
export async function sealOf(
  seals: Seals | undefined,
  segment: string,
  header: Uint8Array,
  file: OpenFile,
): Promise<RecordSeal | undefined> {
  const keyId = sealedWith(header)
  if (keyId === undefined && (seals?.acceptsPlain !== false || file instanceof SealedReader)) return undefined
  if (keyId === undefined) {
    // Whoever put it there: it is not of this store, and the other segments are read.
    throw unusable(segment, 'is not sealed, in a store that has sealed segments only', { reason: 'it is not sealed' })
  }
  const key = await seals?.find(keyId)
  if (seals === undefined || key === undefined)
    throw unusable(segment, `is sealed with the data key ${keyId}, which is not among the keys of this store`)
  return new RecordSeal(key, segment, stream => seals.name('stream', stream))
}

function unusable(segment: string, how: string, details: { readonly reason?: string } = {}): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `segment ${segment} of the log ${how}`,
    means: 'What it holds was not read; other segments are not affected.',
    remedy:
      'Put back the segment, and the folder keys, from one and the same backup of the store. If this store never wrote it, move it out of the folder segments.',
    details: { segment, ...details },
  })
}
