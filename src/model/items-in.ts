import { rangesLength } from './completed-set.ts'
import { keyDigestBytes } from './key-digest.ts'
import type { StageProgress } from './records.ts'

/** How many items a progress record adds to those finished. */
export function itemsIn({ ranges, keys, keyDigests }: Pick<StageProgress, 'ranges' | 'keys' | 'keyDigests'>): number {
  return rangesLength(ranges ?? []) + (keys?.length ?? 0) + (keyDigests?.length ?? 0) / keyDigestBytes
}
