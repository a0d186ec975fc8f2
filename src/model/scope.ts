import { WaymarkError } from './errors.ts'

/**
 * Where in a run something happens, as text: `stage`, `stage[key]` for an item (or a stage called in a loop with a key),
 * `stage[key]/inner` for a stage inside it, and so on. The text is the stage's identity in the log; it never depends on the order of calls.
 */
export type ScopePath = string

const reserved = /[%[\]/\p{Cc}]/gu
const holdsReserved = /[%[\]/\p{Cc}]/u

/** Percent-encodes what the grammar of a path reserves, so that any key can stand in one. */
export function escapeKey(key: string): string {
  if (!holdsReserved.test(key)) return key
  return key.replace(reserved, character =>
    Array.from(new TextEncoder().encode(character), byte => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  )
}

/** The key that {@link escapeKey} made this from. */
export function unescapeKey(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The path of a stage called `name` inside `parent` ('' for the run itself), with `key` when it is called in a loop.
 *
 * @throws WaymarkError `invalid` if the name is empty or holds a character the grammar reserves
 */
export function stagePath(parent: ScopePath, name: string, key?: string | number): ScopePath {
  if (typeof name !== 'string' || name === '' || name !== escapeKey(name) || name.startsWith('@')) {
    throw new WaymarkError('invalid', {
      message: `${JSON.stringify(name)} cannot be the name of a stage`,
      means: 'Nothing of this stage was run.',
      remedy: 'Use a non-empty name without / [ ] % and without a leading @.',
    })
  }
  const own = key === undefined ? name : `${name}[${escapeKey(String(key))}]`
  return parent === '' ? own : `${parent}/${own}`
}

/** The path of one item of a stage. */
export const itemPath = (stage: ScopePath, key: string): ScopePath => `${stage}[${escapeKey(key)}]`

/** What `path` can mean in an address: a stage as it is written, or a call of it in a loop: STAGE/KEY. */
export function addressedPaths(path: string): readonly ScopePath[] {
  const slash = path.indexOf('/')
  return slash < 0 ? [path] : [path, itemPath(path.slice(0, slash), path.slice(slash + 1))]
}

/** True if `path` lies inside `ancestor`: in one of its items or in a stage of its function. */
export const isInside = (path: ScopePath, ancestor: ScopePath): boolean =>
  (path[ancestor.length] === '[' || path[ancestor.length] === '/') && path.startsWith(ancestor)

/** Every path that this one lies inside, the outermost first: of `a[k]/b` that is `a` and `a[k]`. */
export function ancestorsOf(path: ScopePath): readonly ScopePath[] {
  const ancestors: ScopePath[] = []
  for (let end = 1; end < path.length; end++) if (path[end] === '[' || path[end] === '/') ancestors.push(path.slice(0, end))
  return ancestors
}

/** A stage's path without the key of a loop: what all its calls have in common. */
export const stageNameOf = (path: ScopePath): string => path.replace(/\[[^\]]*\]$/, '')

/** The run's own stage that a path is or lies in, with its key if it is a stage called in a loop: of `enrich[o-17]/fetch` that is `enrich[o-17]`. */
export const topOf = (path: ScopePath): ScopePath => path.split('/', 1)[0] ?? path
