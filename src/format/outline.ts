import { types } from 'node:util'
import { WaymarkError } from '../model/errors.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { mostMarks, mostRootKeys, type Note, notedBytes, type OutlineNotes, thinned } from './outline-notes.ts'

/** Where the large parts of one encoded value are. A help for reading: all of it can also be found by reading more of the value. */
export interface Outline {
  /** The keys of the value itself, in order, each with the bytes of its entry (key and value); undefined if they are not listed. */
  readonly keys: readonly RootKey[] | undefined
  readonly root: Extent
}

export interface RootKey {
  readonly key: string
  readonly length: number
}

/** A part of a value, tags included. */
export interface Extent {
  /** Under which it is in the container around it, where that is known. */
  readonly key: string | undefined
  /** Where it begins, counted from the beginning of the extent around it. */
  readonly at: number
  readonly length: number
  /** Flat, ascending: the index of an element, and where it begins, counted from the beginning of the extent. */
  readonly marks: readonly number[]
  /** In order, not overlapping. */
  readonly extents: readonly Extent[]
}

const mostOutlineBytes = 64 * 1024
const leastOutlineBytes = 1024
/** Containers deeper inside one another than this are left out. */
const mostLevels = 100

/** The outline of a value of `length` bytes: what is shorter than a thousandth is left out, and more if it would be long. */
export function outlineOf(notes: OutlineNotes, value: unknown, length: number): Outline | undefined {
  const note = notes.whole()
  if (note === undefined) return undefined
  const budget = Math.min(mostOutlineBytes, Math.max(leastOutlineBytes, Math.floor(length / 200)))
  const listed = rootKeysOf(value, notes.rootEnds)
  let least = Math.max(notedBytes, length / 1024)
  for (let marks = mostMarks; marks > 0; marks >>= 1) {
    const root = extentOf(note, 0, least, marks, 0)
    for (const keys of marks === 1 && listed !== undefined ? [listed, undefined] : [listed]) {
      if (encodeOutline({ keys, root }).length <= budget) return { keys, root }
    }
    least *= 2
  }
  return undefined
}

function extentOf(note: Note, at: number, least: number, marks: number, level: number): Extent {
  const children = level < mostLevels ? note.children.filter(child => child.note.length >= least) : []
  let kept = note.marks
  while (kept.length > 2 * marks) kept = thinned(kept)
  return {
    key: note.key !== undefined && note.key.length <= 200 ? note.key : undefined,
    at,
    length: note.length,
    marks: kept,
    extents: children.map(child => extentOf(child.note, child.at, least, marks, level + 1)),
  }
}

/** The keys of a plain object, or of a Map that has only strings as keys, by where the entries end. */
function rootKeysOf(value: unknown, ends: readonly number[]): RootKey[] | undefined {
  if (typeof value !== 'object' || value === null || ends.length === 0 || ends.length > mostRootKeys) return undefined
  const isMap = types.isMap(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!isMap && prototype !== null && prototype !== Object.prototype) return undefined
  const names: unknown[] = isMap ? [...value.keys()] : Object.keys(value)
  if (names.length !== ends.length) return undefined
  const keys: RootKey[] = []
  let start = entriesFrom(names.length, isMap, prototype === null)
  for (const [index, key] of names.entries()) {
    const end = ends[index] ?? 0
    if (typeof key !== 'string') return undefined
    keys.push({ key, length: end - start })
    start = end
  }
  return keys
}

/** Where the first entry of a map with this many begins, after its tag and head. */
function entriesFrom(count: number, isMap: boolean, isNullPrototype: boolean): number {
  const head = count < 24 ? 1 : count < 256 ? 2 : 3
  return head + (isMap ? 3 : isNullPrototype ? 5 : 0)
}

/**
 * The bytes of an outline: CBOR `[keys, root length, marks, extents]`. `keys` is null or flat `[key, bytes, …]`; `marks` is flat
 * `[indices since the mark before, bytes since it, …]`; `extents` is flat `[key or null, bytes since the end of the extent before,
 * length, inner, …]` where `inner` is null or `[marks, extents]`. All relative, so that an edit changes few of the numbers.
 */
export function encodeOutline(outline: Outline): Uint8Array {
  const { keys, root } = outline
  return encodeValue([
    keys === undefined ? null : keys.flatMap(({ key, length }) => [key, length]),
    root.length,
    relativeMarks(root.marks),
    relativeExtents(root.extents),
  ])
}

function relativeMarks(marks: readonly number[]): number[] {
  return marks.map((number, place) => number - (marks[place - 2] ?? 0))
}

function relativeExtents(extents: readonly Extent[]): unknown[] {
  let end = 0
  return extents.flatMap(({ key, at, length, marks, extents: inner }) => {
    const gap = at - end
    end = at + length
    const isBare = marks.length === 0 && inner.length === 0
    return [key ?? null, gap, length, isBare ? null : [relativeMarks(marks), relativeExtents(inner)]]
  })
}

/** The outline of a value of `length` bytes. Bytes that {@link encodeOutline} does not make for such a value are `corrupt`. */
export function decodeOutline(bytes: Uint8Array, length: number): Outline {
  if (bytes.length > mostOutlineBytes) throw damagedOutline('it is longer than one can be')
  const [keys, rootLength, marks, extents, ...more] = listOf(decoded(bytes))
  if (more.length > 0 || rootLength !== length) throw damagedOutline('it is of another value')
  const root = { key: undefined, at: 0, length, marks: marksFrom(marks, length), extents: extentsFrom(extents, length) }
  return { keys: keys === null ? undefined : keysFrom(keys, length), root }
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return decodeValue(bytes, { maxDepth: 3 + 2 * mostLevels })
  } catch (error) {
    throw damagedOutline('it cannot be read', error)
  }
}

function keysFrom(value: unknown, length: number): RootKey[] {
  const flat = listOf(value)
  const keys: RootKey[] = []
  let total = 0
  for (let place = 0; place < flat.length; place += 2) {
    const key = flat[place]
    const entry = numberOf(flat[place + 1])
    total += entry
    if (typeof key !== 'string' || total > length) throw damagedOutline('its keys are none of this value')
    keys.push({ key, length: entry })
  }
  return keys
}

function marksFrom(value: unknown, length: number): number[] {
  const marks: number[] = []
  for (const [place, number] of listOf(value).entries()) {
    const before = marks[place - 2] ?? 0
    const mark = before + numberOf(number)
    if (mark <= before || mark >= length) throw damagedOutline('a position lies outside of its container')
    marks.push(mark)
  }
  if (marks.length % 2 !== 0) throw damagedOutline('an index without a position')
  return marks
}

function extentsFrom(value: unknown, length: number): Extent[] {
  const flat = listOf(value)
  const extents: Extent[] = []
  let end = 0
  for (let place = 0; place < flat.length; place += 4) {
    const key = flat[place] ?? undefined
    const at = end + numberOf(flat[place + 1])
    const own = numberOf(flat[place + 2])
    const inner = flat[place + 3]
    end = at + own
    if (at === 0 || own === 0 || end > length) throw damagedOutline('a part lies outside of its container')
    if (key !== undefined && typeof key !== 'string') throw damagedOutline('a key is not a text')
    const [marks, parts, ...more] = inner === null ? [[], []] : listOf(inner)
    if (more.length > 0) throw damagedOutline('a part has more than it can')
    extents.push({ key, at, length: own, marks: marksFrom(marks, own), extents: extentsFrom(parts, own) })
  }
  return extents
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw damagedOutline('a list is missing')
  return value
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw damagedOutline('a number is none')
  return value
}

function damagedOutline(problem: string, cause?: unknown): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `The outline of a stored value is damaged: ${problem}.`,
    means: 'The value itself may be intact; only its parts cannot be found by this outline.',
    remedy: 'Load the whole value, or run: waymark verify.',
    cause,
  })
}
