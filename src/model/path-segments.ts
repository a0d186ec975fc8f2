import { WaymarkError } from './errors.ts'

/** What is told of a path that cannot be understood. */
export interface PathRefusal {
  readonly means: string
  /** How it is written. */
  readonly remedy: string
}

/** A piece of a path: what the pattern found there, and where. */
export interface PathSegment {
  readonly found: RegExpExecArray
  /** Of the first character. */
  readonly position: number
}

/**
 * Cuts a path into pieces of which each follows the one before without a gap.
 *
 * @param pattern sticky, with the name of a key as its first group; before a name stands a dot, unless the path begins with it
 * @throws WaymarkError `invalid` where no piece begins
 */
export function* pathSegments(path: string, pattern: RegExp, refusal: PathRefusal): Generator<PathSegment, void, undefined> {
  for (let position = 0; position < path.length; ) {
    pattern.lastIndex = position
    const found = pattern.exec(path)
    const isFirst = position === 0
    if (found === null || (found[1] !== undefined && (path[position] === '.') === isFirst))
      throw unreadablePath(path, position, refusal)
    yield { found, position }
    position += found[0].length
  }
}

/** The key that stands in quotes in a path. */
export function quotedKey(quoted: string, path: string, position: number, refusal: PathRefusal): string {
  try {
    return String(JSON.parse(quoted))
  } catch {
    throw unreadablePath(path, position, refusal)
  }
}

export const unreadablePath = (path: string, position: number, refusal: PathRefusal): WaymarkError =>
  new WaymarkError('invalid', {
    message: `The path ${JSON.stringify(path)} cannot be understood from character ${position + 1} on.`,
    ...refusal,
    details: { path, position },
  })
