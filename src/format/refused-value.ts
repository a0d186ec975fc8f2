import { WaymarkError } from '../model/errors.ts'

/** A value that cannot be stored as it is. `path` names it inside the whole; '' is the whole itself. */
export function refusedValue(path: string, problem: string, remedy: string, cause?: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `Cannot store ${path === '' ? 'the value' : path}: ${problem}.`,
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy,
    cause,
    details: { path },
  })
}

export function tooDeep(path: string, maxDepth: number): WaymarkError {
  return new WaymarkError('limit', {
    message: `Cannot store ${path.length > 200 ? `${path.slice(0, 200)}…` : path}: values nest deeper than ${maxDepth} levels.`,
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy: 'Keep long chains (linked lists, deep trees) in an array whose entries name each other by index or id.',
    details: { path: path.length > 1000 ? `${path.slice(0, 1000)}…` : path, maxDepth },
  })
}
