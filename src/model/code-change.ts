/** What changed in one file of the project, comments and white space aside. */
export interface CodeChange {
  /** Relative to the pipeline's project. */
  readonly file: string
  readonly change: 'changed' | 'added' | 'removed'
  /** Lines that changed, from 1, both included, as the file is now. Absent where they are not known. */
  readonly lines?: readonly (readonly [from: number, to: number])[]
}

const shownRanges = 4

/** `src/orders.ts:80–97, 120`. */
export function codeChangeText({ file, change, lines }: CodeChange): string {
  if (change !== 'changed') return `${file} ${change}`
  if (lines === undefined || lines.length === 0) return file
  const ranges = lines.slice(0, shownRanges).map(([from, to]) => (from === to ? String(from) : `${from}–${to}`))
  return `${file}:${ranges.join(', ')}${lines.length > shownRanges ? ' …' : ''}`
}
