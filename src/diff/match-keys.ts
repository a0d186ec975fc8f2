import { ContentIndex, type IsSame } from './content-index.ts'

export interface PlacedKey {
  readonly key: unknown
  /** From 1. */
  readonly place: number
}

export interface MatchedKey extends PlacedKey {
  /** The same key on the other side; an object can be another one that holds the same. */
  readonly before: PlacedKey | undefined
}

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
  const open = [...left.values()].filter(({ key }) => typeof key === 'object' && key !== null)
  const index = new ContentIndex(
    open.map(({ key }) => key),
    isSame,
  )
  for (const matched of right) {
    const at = index.take(matched.key)
    if (at === undefined) continue
    matched.before = open[at]
    left.delete(open[at]?.key)
  }
}
