import { type PathStep, parsePath } from '../format/parse-path.ts'
import type { ValueChange } from '../format/value-changes.ts'
import { joinPath, propertySegment } from '../format/value-path.ts'
import type { CheckpointTable } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { cappedTables, type TablesOfCheckpoint } from './tables-of-checkpoint.ts'

/** The tables of a checkpoint after changes by path: those that nothing has replaced, where they are then, and those that were set. */
export function changedTables(view: CheckpointView, changes: readonly ValueChange[]): TablesOfCheckpoint {
  const { tables = [], tableCount = tables.length } = view
  const kept = tables.flatMap(table => keptTable(table, changes))
  const set = changes.flatMap(({ path, value }) =>
    (value?.tables ?? []).map(({ path: inside, form, digest, facts }) => ({ path: below(path, inside), form, digest, facts })),
  )
  // Of those that the record does not describe it is not known where they are: they are taken to be untouched.
  return cappedTables([...kept, ...set], kept.length + set.length + tableCount - tables.length)
}

function keptTable(table: CheckpointTable, changes: readonly ValueChange[]): readonly CheckpointTable[] {
  const steps = stepsOf(table.path)
  if (steps === undefined) return [table]
  if (changes.some(change => isAround(change.steps, steps))) return []
  const moved = steps.map(
    (_, depth) => changes.filter(({ value, steps: gone }) => value === undefined && isElementBefore(gone, steps, depth)).length,
  )
  if (moved.every(places => places === 0)) return [table]
  const path = steps.reduce((outer, step, depth) => joinPath(outer, segmentOf(step, moved[depth] ?? 0)), '')
  return [{ ...table, path }]
}

/** Undefined for what no path of a change can name: an element of a Set, a key of a Map that is an object. */
function stepsOf(path: string): readonly PathStep[] | undefined {
  try {
    return parsePath(path)
  } catch {
    return undefined
  }
}

/** Whether the first is the second, or what holds it. */
const isAround = (outer: readonly PathStep[], inner: readonly PathStep[]): boolean =>
  outer.length <= inner.length && outer.every((step, index) => isSame(step, inner[index]))

const isSame = (one: PathStep, other: PathStep | undefined): boolean =>
  other !== undefined && one.key === other.key && one.isMapKey === other.isMapKey

/** Whether it is an element of the same array, in front of that in which the table lies. */
function isElementBefore(gone: readonly PathStep[], steps: readonly PathStep[], depth: number): boolean {
  const own = steps[depth]
  const last = gone[depth]
  if (gone.length !== depth + 1 || own === undefined || last === undefined || own.isMapKey || last.isMapKey) return false
  if (typeof own.key !== 'number' || typeof last.key !== 'number' || last.key >= own.key) return false
  return gone.slice(0, depth).every((step, index) => isSame(step, steps[index]))
}

const segmentOf = ({ key, isMapKey }: PathStep, places: number): string => {
  const text = typeof key === 'string' ? JSON.stringify(key) : String(key)
  if (isMapKey) return `[map key ${text}]`
  if (typeof key === 'number') return `[${key - places}]`
  return typeof key === 'string' ? propertySegment(key) : `[${text}]`
}

const below = (path: string, inside: string): string =>
  joinPath(path, inside === '' || inside.startsWith('[') ? inside : `.${inside}`)
