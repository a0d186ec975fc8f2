import { parsePath } from '../format/parse-path.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'

/** A table on the way of a path, and the steps that are left from there. */
export interface TableOnTheWay {
  readonly path: string
  readonly steps: readonly Key[]
}

type Key = ReturnType<typeof parsePath>[number]['key']

/** The described table of a checkpoint that a path leads into, if it does. */
export function tableOnTheWay({ tables = [] }: CheckpointView, path: string): TableOnTheWay | undefined {
  const steps = parsePath(path)
  for (const table of tables) {
    const way = parsePath(table.path)
    if (way.length < steps.length && way.every(({ key }, at) => key === steps[at]?.key))
      return { path: table.path, steps: steps.slice(way.length).map(({ key }) => key) }
  }
  return undefined
}

/**
 * What the steps lead to among rows.
 *
 * @throws WaymarkError `invalid` for an Arrow table, whose rows have no form of their own
 */
export function partOfTable(table: unknown, { path, steps }: TableOnTheWay, view: CheckpointView): unknown {
  if (!Array.isArray(table)) throw endsHere(view, path)
  let part: unknown = table
  for (const key of steps) {
    if (typeof part !== 'object' || part === null || (typeof key !== 'string' && typeof key !== 'number')) return undefined
    part = Object.prototype.propertyIsEnumerable.call(part, key) ? Reflect.get(part, key) : undefined
  }
  return part
}

function endsHere(view: CheckpointView, path: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${path === '' ? `checkpoint ${view.id} is` : `${path} of checkpoint ${view.id} is`} an Arrow table, at which paths end`,
    means: 'Nothing was read or changed.',
    remedy: 'Load the table, and take the row or column from it; or ask for it with waymark query.',
    details: { checkpoint: view.id, path },
  })
}
