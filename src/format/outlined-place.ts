import type { ItemReader } from './item-reader.ts'
import type { Extent } from './outline.ts'

/** Where an item begins, and what the outline knows of it. */
export interface OutlinedPlace {
  readonly offset: number
  readonly extent: Extent | undefined
}

/** The place of an item that begins at `offset` directly inside of `around`. */
export function placeInside(around: OutlinedPlace, offset: number): OutlinedPlace {
  const { extent } = around
  return { offset, extent: extent === undefined ? undefined : extentAt(extent.extents, offset - around.offset) }
}

/** Where the item ends. */
export async function endOf(items: ItemReader, { offset, extent }: OutlinedPlace): Promise<number> {
  return extent === undefined ? await items.skip(offset) : offset + extent.length
}

function extentAt(extents: readonly Extent[], at: number): Extent | undefined {
  let low = 0
  let high = extents.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((extents[middle]?.at ?? 0) < at) low = middle + 1
    else high = middle
  }
  return extents[low]?.at === at ? extents[low] : undefined
}
