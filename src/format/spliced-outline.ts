import { type Extent, encodeOutline, type Outline, type RootKey } from './outline.ts'
import { mostRootKeys, notedBytes, thinned } from './outline-notes.ts'
import type { ValueEdit } from './splice-value.ts'

/** An outline is never longer (`outline.ts`), nor much more than this share of the value. */
const mostOutlineBytes = 64 * 1024
const leastOutlineBytes = 1024
const valueBytesPerOutlineByte = 200
/** An element that is appended is marked this far behind the mark before. */
const markEveryBytes = 16 * 1024
const longestKey = 200

/**
 * The outline of a changed value, from that of before and the edits, in the order of the bytes: what was replaced or removed is no longer in it, what is large among the new is. It may say less than
 * that of the same value saved anew, where something small has grown large.
 */
export function splicedOutline(outline: Outline | undefined, edits: readonly ValueEdit[], length: number): Outline | undefined {
  if (outline === undefined) return undefined
  const moves = new Moves(edits)
  const root = movedExtent(outline.root, 0, 0, moves)
  return withinBudget({ keys: movedKeys(outline, moves), root: { ...root, length } }, length)
}

/** Where the edits put what they do not touch. */
class Moves {
  readonly edits: readonly ValueEdit[]
  /** By how much everything before each edit, and last everything behind all of them, has grown. */
  readonly #grown: number[] = [0]
  readonly #byOwner = new Map<number, number[]>()

  constructor(edits: readonly ValueEdit[]) {
    this.edits = edits
    let grown = 0
    for (const [index, { bytes, removed, owner }] of edits.entries()) {
      grown += bytes.length - removed
      this.#grown.push(grown)
      const own = this.#byOwner.get(owner)
      if (own === undefined) this.#byOwner.set(owner, [index])
      else own.push(index)
    }
  }

  /** The new place of what begins at `offset`, and is not itself replaced. */
  position(offset: number): number {
    return offset + (this.#grown[this.#first(edit => edit.offset + edit.removed > offset)] ?? 0)
  }

  /** Where the bytes of an edit begin. */
  placeOf(index: number): number {
    return (this.edits[index]?.offset ?? 0) + (this.#grown[index] ?? 0)
  }

  /** The edits directly inside of the container at `offset`: their indexes. */
  ownedBy(offset: number): readonly number[] {
    return this.#byOwner.get(offset) ?? []
  }

  /** By how much an item has grown; undefined if it was itself replaced or removed. */
  growth(start: number, length: number): number | undefined {
    let growth = 0
    const end = start + length
    for (let index = this.#first(edit => edit.offset + edit.removed >= start); index < this.edits.length; index++) {
      const edit = this.edits[index]
      if (edit === undefined || edit.offset > end) break
      if (edit.owner >= start && edit.owner < end) growth += edit.bytes.length - edit.removed
      else if (edit.offset < end && edit.offset + edit.removed > start) return undefined
    }
    return growth
  }

  /** The first edit of which this holds: it does of all that follow. */
  #first(holds: (edit: ValueEdit) => boolean): number {
    let low = 0
    let high = this.edits.length
    while (low < high) {
      const middle = (low + high) >> 1
      const edit = this.edits[middle]
      if (edit !== undefined && holds(edit)) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** @param start where the extent began in the value; it was not itself replaced */
function movedExtent(extent: Extent, start: number, around: number, moves: Moves): Extent {
  const newStart = moves.position(start)
  const extents: Extent[] = []
  for (const inner of extent.extents) {
    const innerStart = start + inner.at
    if (moves.growth(innerStart, inner.length) !== undefined) extents.push(movedExtent(inner, innerStart, newStart, moves))
  }
  for (const index of moves.ownedBy(start)) {
    const edit = moves.edits[index]
    if (edit?.outline === undefined) continue
    const key = typeof edit.key === 'string' && edit.key.length <= longestKey ? edit.key : undefined
    extents.push({ ...edit.outline.root, key, at: moves.placeOf(index) + edit.valueAt - newStart })
  }
  return {
    key: extent.key,
    at: newStart - around,
    length: extent.length + (moves.growth(start, extent.length) ?? 0),
    marks: movedMarks(extent, start, newStart, moves),
    extents: extents.sort((one, other) => one.at - other.at),
  }
}

function movedMarks({ marks }: Extent, start: number, newStart: number, moves: Moves): number[] {
  if (marks.length === 0) return []
  const own = moves.ownedBy(start)
  const indexesOf = (kind: ValueEdit['kind']): number[] =>
    own.flatMap(index => (moves.edits[index]?.kind === kind ? [index] : []))
  const removed = indexesOf('remove').map(index => moves.edits[index]?.index ?? 0)
  const moved: number[] = []
  let gone = 0
  for (let mark = 0; mark < marks.length; mark += 2) {
    const index = marks[mark] ?? 0
    while (gone < removed.length && (removed[gone] ?? 0) < index) gone++
    if (removed[gone] === index || index === gone) continue
    moved.push(index - gone, moves.position(start + (marks[mark + 1] ?? 0)) - newStart)
  }
  for (const index of indexesOf('insert')) {
    const at = moves.placeOf(index) - newStart
    if (at - (moved.at(-1) ?? 0) >= markEveryBytes) moved.push(moves.edits[index]?.index ?? 0, at)
  }
  return moved
}

/** The list of keys, with those that came and without those that went. */
function movedKeys({ keys, root }: Outline, moves: Moves): readonly RootKey[] | undefined {
  if (keys === undefined) return undefined
  const own = moves.ownedBy(0).flatMap(index => moves.edits[index] ?? [])
  const added = own.filter(edit => edit.kind === 'insert')
  const removed = new Set(own.flatMap(edit => (edit.kind === 'remove' ? [edit.key] : [])))
  const moved: RootKey[] = []
  let next = 0
  const addUpTo = (end: number): boolean => {
    for (let edit = added[next]; edit !== undefined && edit.offset <= end; edit = added[++next]) {
      if (typeof edit.key !== 'string') return false
      moved.push({ key: edit.key, length: edit.bytes.length })
    }
    return true
  }
  let start = keys.reduce((bytes, entry) => bytes - entry.length, root.length)
  for (const { key, length } of keys) {
    if (!addUpTo(start)) return undefined
    if (!removed.has(key)) moved.push({ key, length: length + grownInside(start, length, moves) })
    start += length
  }
  if (!addUpTo(start) || moved.length > mostRootKeys) return undefined
  return moved
}

/** By how much the entry at `start` of the value has grown. */
function grownInside(start: number, length: number, moves: Moves): number {
  let growth = 0
  const end = start + length
  for (const { owner, kind, offset, bytes, removed } of moves.edits) {
    const isInside = owner === 0 ? kind === 'set' && offset > start && offset < end : owner > start && owner < end
    if (isInside) growth += bytes.length - removed
  }
  return growth
}

/** Leaves out more and more of the small, until it is as short as it must be. */
function withinBudget(outline: Outline, length: number): Outline | undefined {
  const budget = Math.min(mostOutlineBytes, Math.max(leastOutlineBytes, Math.floor(length / valueBytesPerOutlineByte)))
  let { keys, root } = outline
  for (let least = Math.max(notedBytes, length / 1024); least < 2 * length; least *= 2) {
    if (encodeOutline({ keys, root }).length <= budget) return { keys, root }
    root = thinnedExtent(root, least)
    if (least > length / 2) keys = undefined
  }
  return undefined
}

function thinnedExtent(extent: Extent, least: number): Extent {
  const extents = extent.extents.filter(({ length }) => length >= least).map(inner => thinnedExtent(inner, least))
  return { ...extent, marks: thinned(extent.marks), extents }
}
