/**
 * How many objects may lie inside one another. Writing and reading call themselves for each; on the default stack of Node (984 KiB)
 * and before V8 has optimised them they reach 1250 to 2550 levels writing and 1450 to 3800 reading, by kind of object. What one
 * process can write another must be able to read, with some of its stack in use already.
 */
export const defaultMaxDepth = 1000

/** True for the RangeError that V8 throws when calls nest too deeply. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack')
}
