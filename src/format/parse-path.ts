import { pathSegments, quotedKey } from '../model/path-segments.ts'

/** One step of a path. */
export interface PathStep {
  /** The key of an object or a Map, or the index of an array; for a Map also what else its keys can be. */
  readonly key: string | number | boolean | null | undefined
  /** Whether the path names the key of a Map: `[map key "a"]`. */
  readonly isMapKey: boolean
}

const segment =
  /\.?([^.[\]"]+)|\[(map key )?(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(true|false|null|undefined))\]/y

const refusal = {
  means: 'Nothing was read.',
  remedy: 'Write it as metrics.loss, orders[3].total, settings["odd name"] or byId[map key "a"].',
}

/**
 * The steps of a path as errors name them: `orders[3].total`, `["odd name"]`, `byId[map key "a"]`; none for ''. Anything else is
 * `invalid`.
 */
export function parsePath(path: string): PathStep[] {
  const steps: PathStep[] = []
  for (const { found, position } of pathSegments(path, segment, refusal)) {
    const [, name, mapKey, quoted, number, word] = found
    steps.push({ key: name ?? keyOf(path, position, quoted, number, word), isMapKey: mapKey !== undefined })
  }
  return steps
}

function keyOf(path: string, position: number, quoted?: string, number?: string, word?: string): PathStep['key'] {
  if (number !== undefined) return Number(number)
  if (quoted !== undefined) return quotedKey(quoted, path, position, refusal)
  return word === undefined || word === 'undefined' ? undefined : word === 'null' ? null : word === 'true'
}
