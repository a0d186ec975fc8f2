import { type PathStep, parsePath } from '../format/parse-path.ts'
import type { ValueChange } from '../format/value-changes.ts'
import { joinPath, propertySegment } from '../format/value-path.ts'
import type { CheckpointTable } from '../model/checkpoint.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { cappedTables, type TablesOfCheckpoint } from './tables-of-checkpoint.ts'

/**
 * The tables of a checkpoint after changes by path: those that nothing has replaced, where they are then, and those that were set.
 *
 * How many there are is counted in the bytes: `removed` has the digest of each table that is gone, also of those that the record does not describe. Which of the
 * described ones that are, their paths tell; a path is for people, so it decides only among tables of one digest.
 */
export function changedTables(
  view: CheckpointView,
  changes: readonly ValueChange[],
  removed: readonly string[],
): TablesOfCheckpoint {
  const { tables = [], tableCount = tables.length } = view
  const gone = countsOf(removed)
  const kept = tables.flatMap(table => {
    const left = gone.get(table.digest) ?? 0
    const place = placeOf(table.path)
    if (left === 0 || !changes.some(change => isAround(change.steps, place.steps))) return [movedTable(table, place, changes)]
    gone.set(table.digest, left - 1)
    return []
  })
  const set = changes.flatMap(({ path: outer, value }) =>
    (value?.tables ?? []).map(({ path: inside, form, digest, facts }) => {
      const path = below(outer, inside)
      return movedTable({ path, form, digest, facts }, placeOf(path), changes)
    }),
  )
  return cappedTables([...kept, ...set], tableCount - removed.length + set.length)
}

function countsOf(digests: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1)
  return counts
}

interface Place {
  readonly steps: readonly PathStep[]
  /** What no path of a change can name, and what lies behind it: an element of a Set, a key of a Map that is an object. */
  readonly rest: string
}

function placeOf(path: string): Place {
  try {
    return { steps: parsePath(path), rest: '' }
  } catch (error) {
    const position = isWaymarkError(error, 'invalid') ? Number(error.details['position']) : 0
    return { steps: parsePath(path.slice(0, position)), rest: path.slice(position) }
  }
}

function movedTable(table: CheckpointTable, { steps, rest }: Place, changes: readonly ValueChange[]): CheckpointTable {
  const moved = steps.map(
    (_, depth) => changes.filter(({ value, steps: gone }) => value === undefined && isElementBefore(gone, steps, depth)).length,
  )
  if (moved.every(places => places === 0)) return table
  const path = steps.reduce((outer, step, depth) => joinPath(outer, segmentOf(step, moved[depth] ?? 0)), '')
  return { ...table, path: path + rest }
}

/** Whether the first may be the second, or what holds it. */
const isAround = (outer: readonly PathStep[], inner: readonly PathStep[]): boolean =>
  outer.length <= inner.length && outer.every((step, index) => mayBeSame(step, inner[index]))

/** `a["1"]`, `a[1]` and `a[map key 1]` can be one place, and the path of a table has only the first characters of a long key. */
function mayBeSame({ key }: PathStep, other: PathStep | undefined): boolean {
  if (other === undefined) return false
  const [one, written] = [String(key), String(other.key)]
  return one === written || (written.endsWith('…') && one.startsWith(written.slice(0, -1)))
}

/** Whether it is an element of the same array, in front of that in which the table lies. */
function isElementBefore(gone: readonly PathStep[], steps: readonly PathStep[], depth: number): boolean {
  const own = steps[depth]
  const last = gone[depth]
  if (gone.length !== depth + 1 || own === undefined || last === undefined || own.isMapKey || last.isMapKey) return false
  if (typeof own.key !== 'number' || typeof last.key !== 'number' || last.key >= own.key) return false
  return gone.slice(0, depth).every((step, index) => mayBeSame(step, steps[index]))
}

const segmentOf = ({ key, isMapKey }: PathStep, places: number): string => {
  const text = typeof key === 'string' ? JSON.stringify(key) : String(key)
  if (isMapKey) return `[map key ${text}]`
  if (typeof key === 'number') return `[${key - places}]`
  return typeof key === 'string' ? propertySegment(key) : `[${text}]`
}

const below = (path: string, inside: string): string =>
  joinPath(path, inside === '' || inside.startsWith('[') ? inside : `.${inside}`)
