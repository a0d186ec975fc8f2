/**
 * How many objects may lie inside one another. Writing and reading call themselves once per level; TODO.
 */
export const defaultMaxDepth = 2000

/** True for the RangeError that V8 throws when calls nest too deeply. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack')
}
