import { contentHash } from './content-hash.ts'

/** Of keys with the same hash, so many are compared. */
const mostCandidates = 16

export interface PlacedKey {
  readonly key: unknown
  /** From 1. */
  readonly place: number
}

export interface MatchedKey extends PlacedKey {
  /** The same key on the other side; an object can be another one that holds the same. */
  readonly before: PlacedKey | undefined
}

type IsSame = (a: unknown, b: unknown) => boolean

/** While what it was before is looked for. */
interface OpenKey extends PlacedKey {
  before: PlacedKey | undefined
}

/** Keys of Maps and members of Sets: the same if they hold the same. */
export function matchKeys(
  a: Iterable<unknown>,
  b: Iterable<unknown>,
  isSame: IsSame,
): { readonly after: readonly MatchedKey[]; readonly removed: readonly PlacedKey[] } {
  const left = new Map<unknown, PlacedKey>()
  let place = 0
  for (const key of a) left.set(key, { key, place: ++place })
  const after: OpenKey[] = []
  const unknownObjects: OpenKey[] = []
  place = 0
  for (const key of b) {
    const before = left.get(key)
    left.delete(key)
    const matched = { key, place: ++place, before }
    after.push(matched)
    if (before === undefined && typeof key === 'object' && key !== null) unknownObjects.push(matched)
  }
  if (unknownObjects.length > 0 && left.size > 0) matchByContent(left, unknownObjects, isSame)
  return { after, removed: [...left.values()] }
}

function matchByContent(left: Map<unknown, PlacedKey>, right: readonly OpenKey[], isSame: IsSame): void {
  const byHash = new Map<number, PlacedKey[]>()
  for (const placed of left.values()) {
    if (typeof placed.key !== 'object' || placed.key === null) continue
    const hash = contentHash(placed.key)
    const known = byHash.get(hash)
    if (known === undefined) byHash.set(hash, [placed])
    else known.push(placed)
  }
  for (const matched of right) {
    const candidates = byHash.get(contentHash(matched.key)) ?? []
    const at = candidates.slice(0, mostCandidates).findIndex(({ key }) => isSame(key, matched.key))
    if (at < 0) continue
    const [before] = candidates.splice(at, 1)
    matched.before = before
    left.delete(before?.key)
  }
}
