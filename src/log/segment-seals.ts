import { WaymarkError } from '../model/errors.ts'
import type { Seals } from '../seal/seals.ts'
import { RecordSeal } from './record-seal.ts'
import { sealedWith } from './segment-format.ts'

/**
 * What the records of a segment are sealed with; undefined if they are plain.
 *
 * @param header whole and checked
 * @throws WaymarkError `corrupt` if they are sealed with a key the store does not have, or plain in a store that has sealed ones only
 */
export async function sealOf(seals: Seals | undefined, segment: string, header: Uint8Array): Promise<RecordSeal | undefined> {
  const keyId = sealedWith(header)
  if (keyId === undefined && seals?.acceptsPlain !== false) return undefined
  if (keyId === undefined) {
    throw unusable(segment, 'is not sealed, in a store that has sealed segments only')
  }
  const key = await seals?.find(keyId)
  if (seals === undefined || key === undefined)
    throw unusable(segment, `is sealed with the data key ${keyId}, which is not among the keys of this store`)
  return new RecordSeal(key, segment, stream => seals.name('stream', stream))
}

function unusable(segment: string, how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `segment ${segment} of the log ${how}`,
    means: 'What it holds was not read; other segments are not affected.',
    remedy: 'Put back the segment, and the folder keys, from one and the same backup of the store.',
    details: { segment },
  })
}
