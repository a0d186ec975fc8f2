import { PathPatterns } from '../model/path-pattern.ts'
import { hasPlace } from './has-place.ts'

/** Which of the paths that are left out of a comparison fit nothing in what was compared: mistyped, probably. Those with `**` would lead through all of it, and are not looked for. */
export function unusedIgnores(
  ignore: readonly string[],
  before: readonly unknown[],
  after: readonly unknown[],
): readonly string[] {
  return ignore.filter(path => {
    if (path.includes('**')) return false
    const patterns = new PathPatterns([path])
    return ![before, after].some(values => values.some(value => hasPlace(value, patterns)))
  })
}
