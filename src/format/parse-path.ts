import { WaymarkError } from '../model/errors.ts'

/** One step of a path. */
export interface PathStep {
  /** The key of an object or a Map, or the index of an array; for a Map also what else its keys can be. */
  readonly key: string | number | boolean | null | undefined
  /** Whether the path names the key of a Map: `[map key "a"]`. */
  readonly isMapKey: boolean
}

const segment =
  /\.?([^.[\]"]+)|\[(map key )?(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(true|false|null|undefined))\]/y

/**
 * The steps of a path as errors name them: `orders[3].total`, `["odd name"]`, `byId[map key "a"]`; none for ''. Anything else is
 * `invalid`.
 */
export function parsePath(path: string): PathStep[] {
  const steps: PathStep[] = []
  segment.lastIndex = 0
  for (let position = 0; position < path.length; position = segment.lastIndex) {
    segment.lastIndex = position
    const found = segment.exec(path)
    const isFirst = position === 0
    if (found === null || (found[1] !== undefined && (path[position] === '.') === isFirst)) throw noPath(path, position)
    const [, name, mapKey, quoted, number, word] = found
    steps.push({ key: name ?? keyOf(path, position, quoted, number, word), isMapKey: mapKey !== undefined })
  }
  return steps
}

function keyOf(path: string, position: number, quoted?: string, number?: string, word?: string): PathStep['key'] {
  if (number !== undefined) return Number(number)
  if (quoted === undefined)
    return word === undefined || word === 'undefined' ? undefined : word === 'null' ? null : word === 'true'
  try {
    return String(JSON.parse(quoted))
  } catch {
    throw noPath(path, position)
  }
}

function noPath(path: string, position: number): WaymarkError {
  return new WaymarkError('invalid', {
    message: `The path ${JSON.stringify(path)} cannot be understood from character ${position + 1} on.`,
    means: 'Nothing was read.',
    remedy: 'Write it as metrics.loss, orders[3].total, settings["odd name"] or byId[map key "a"].',
    details: { path, position },
  })
}
