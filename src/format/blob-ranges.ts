import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import type { ItemReader } from './item-reader.ts'
import type { Extent, Outline } from './outline.ts'
import type { BlobRange } from './value-changes.ts'

/** A byte string of so many bytes is a part of its own when a value is cut (`encode-parts.ts`), unless it stands for a text or a bigint. */
const leastBlobBytes = 64 * 1024
const nameless: ReadonlySet<number | undefined> = new Set([cborTag.positiveBigInt, cborTag.negativeBigInt, cborTag.wtf8])

/** Where the content of the large binary leaves lies from `from`, where an item or the content of a container begins, to `to`. */
export async function blobRanges(items: ItemReader, from: number, to: number): Promise<readonly BlobRange[]> {
  const blobs: BlobRange[] = []
  let tag: number | undefined
  for (let at = from; at < to; ) {
    const { majorType, argument, after } = await items.head(at)
    at = after
    if (majorType === major.bytes && argument >= leastBlobBytes && !nameless.has(tag))
      blobs.push({ offset: after, length: argument })
    if (majorType === major.bytes || majorType === major.text) at += argument
    tag = majorType === major.tag ? argument : undefined
  }
  return blobs
}

/** Whether the last bytes of a value are those of a large binary leaf. */
export async function endsWithBlob(items: ItemReader, outline: Outline | undefined, length: number): Promise<boolean> {
  const last = (await blobRanges(items, lastKnownPlace(outline, length), length)).at(-1)
  return last !== undefined && last.offset + last.length === length
}

/** The last place at which, by the outline, an item begins. */
function lastKnownPlace(outline: Outline | undefined, length: number): number {
  if (outline === undefined) return 0
  let place = length - (outline.keys?.at(-1)?.length ?? length)
  let start = 0
  for (let extent: Extent | undefined = outline.root; extent !== undefined; ) {
    const last: Extent | undefined = extent.extents.at(-1)
    place = Math.max(place, start, start + (extent.marks.at(-1) ?? 0))
    if (last === undefined) break
    const isLast: boolean = last.at + last.length === extent.length
    if (!isLast) place = Math.max(place, start + last.at + last.length)
    start += last.at
    extent = isLast ? last : undefined
  }
  return place
}
