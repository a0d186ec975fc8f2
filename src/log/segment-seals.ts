import type { OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { lacksKey } from '../seal/lacks-key.ts'
import { SealedReader } from '../seal/sealed-reader.ts'
import type { Seals } from '../seal/seals.ts'
import { RecordSeal } from './record-seal.ts'
import { sealedWith } from './segment-format.ts'

/** `seal`: undefined if the records are plain. `refused`: why the segment is not to be read in this store. */
export type FoundSeal = { readonly seal: RecordSeal | undefined } | { readonly refused: string }

/**
 * What the records of a segment are sealed with. One that is plain in a store that has sealed ones only is refused, and so is one sealed with a data key that the ring does not have: whoever put it there, the others are read.
 *
 * @param header whole and checked
 * @param file a plain segment may be sealed as a file in blocks: then it counts as sealed
 */
export async function findSeal(
  seals: Seals | undefined,
  segment: string,
  header: Uint8Array,
  file: OpenFile,
): Promise<FoundSeal> {
  const keyId = sealedWith(header)
  if (keyId === undefined) {
    const isTaken = seals?.acceptsPlain !== false || file instanceof SealedReader
    return isTaken ? { seal: undefined } : { refused: 'it is not sealed, in a store that has sealed segments only' }
  }
  const key = await seals?.find(keyId)
  if (seals === undefined || key === undefined) return { refused: lacksKey(keyId) }
  return { seal: new RecordSeal(key, segment, stream => seals.name('stream', stream)) }
}

/**
 * Offset of the first byte at or behind `from` of a segment sealed as a file in blocks that does not open, among those that were read from it; undefined for all other files. It was durable once, whether anything behind it says so
 * or not.
 */
export const unopenedFrom = async (file: OpenFile, from: number): Promise<number | undefined> =>
  file instanceof SealedReader ? file.firstUnopened(from) : undefined

/**
 * As {@link findSeal}, of a segment that has to be read.
 *
 * @throws WaymarkError `corrupt` also if it is refused
 */
export async function sealOf(
  seals: Seals | undefined,
  segment: string,
  header: Uint8Array,
  file: OpenFile,
): Promise<RecordSeal | undefined> {
  const found = await findSeal(seals, segment, header, file)
  if ('refused' in found) throw unusable(segment, found.refused)
  return found.seal
}

function unusable(segment: string, how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `segment ${segment} of the log cannot be read: ${how}`,
    means: 'What it holds was not read; other segments are not affected.',
    remedy:
      'Put back the segment, and the folder keys, from one and the same backup of the store. If this store never wrote it, move it out of the folder segments.',
    details: { segment },
  })
}
