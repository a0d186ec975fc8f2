import { dirname } from 'node:path'

/** The test files of one process. */
export interface TestProcess {
  readonly files: readonly string[]
  /** It is made for this file alone, which Node runs as it is. */
  readonly apart: boolean
}

/**
 * Loading the library costs a process up to 0.4 s of CPU. With ten files a tenth of that is left; more would come near the five
 * minutes that Node 22 gives a process.
 */
const filesTogether = 10

/**
 * Which test files share a process: up to ten of the same folder, unless they are to be apart.
 *
 * @param files Paths of all test files.
 * @param apart Those that get a process of their own.
 * @param long Those of `apart` that are begun before all others, the longest first.
 * @returns In the order in which they are to be begun.
 */
export function planProcesses(files: readonly string[], apart: ReadonlySet<string>, long: readonly string[]): TestProcess[] {
  const alone = (file: string): TestProcess => ({ files: [file], apart: true })
  const first = long.filter(file => files.includes(file))
  const last = files.filter(file => apart.has(file) && !long.includes(file))
  const folders = Map.groupBy(
    files.filter(file => !apart.has(file)),
    file => dirname(file),
  )
  return [...first.map(alone), ...[...folders.values()].flatMap(inEvenParts), ...last.map(alone)]
}

/** Twelve files are six and six, not ten and two. */
function inEvenParts(files: readonly string[]): TestProcess[] {
  const processes = Math.ceil(files.length / filesTogether)
  const from = (n: number): number => Math.round((n * files.length) / processes)
  return Array.from({ length: processes }, (_, n) => ({ files: files.slice(from(n), from(n + 1)), apart: false }))
}
