import type { CodeChange } from '../model/code-change.ts'
import type { CodeDigest } from '../model/code-digest.ts'
import { lineMarkLength } from './code-digest.ts'

/** Above so many pairs of lines between the first and the last change all lines between them count as changed: the comparison takes time and memory for each pair. */
const maxPairs = 1_000_000

/** What changed in a project's files between two attempts: files by name, and of a changed one its lines as they are now. */
export function codeChanges(before: CodeDigest | undefined, now: CodeDigest | undefined): readonly CodeChange[] {
  if (before === undefined || now === undefined || before.digest === now.digest) return []
  const files = [...new Set([...Object.keys(now.files), ...Object.keys(before.files)])]
  return files.flatMap((file): CodeChange[] => {
    const [old, current] = [before.files[file], now.files[file]]
    if (old === current) return []
    if (old === undefined) return [{ file, change: 'added' }]
    if (current === undefined) return [{ file, change: 'removed' }]
    const [oldLines, lines] = [before.lines?.[file], now.lines?.[file]]
    if (oldLines === undefined || lines === undefined) return [{ file, change: 'changed' }]
    return [{ file, change: 'changed', lines: changedLines(marksOf(oldLines), marksOf(lines)) }]
  })
}

/** Lines (from 1) of the new text that the old one has not at this place; where lines were only taken out, the one that follows. Lines without code do not count. */
function changedLines(before: readonly string[], now: readonly string[]): readonly (readonly [number, number])[] {
  const old = codeOf(before)
  const current = codeOf(now)
  let start = 0
  while (start < old.length && start < current.length && old[start]?.mark === current[start]?.mark) start++
  let end = 0
  while (end < old.length - start && end < current.length - start && old.at(-1 - end)?.mark === current.at(-1 - end)?.mark) end++
  const oldPart = old.slice(start, old.length - end)
  const part = current.slice(start, current.length - end)
  const changed = new Set<number>()
  if (oldPart.length * part.length > maxPairs) for (let i = 0; i < part.length; i++) changed.add(i)
  else for (const i of unmatched(oldPart, part)) changed.add(i)
  const places = [...changed].sort((a, b) => a - b).map(i => start + i)
  // What was taken out at the end leaves no line behind it.
  return rangesOf(
    places.map(place => Math.min(place, current.length - 1)),
    current,
  )
}

interface CodeLine {
  readonly mark: string
  /** From 1. */
  readonly line: number
}

const codeOf = (marks: readonly string[]): CodeLine[] =>
  marks.map((mark, i) => ({ mark, line: i + 1 })).filter(({ mark }) => !/^\.+$/.test(mark))

/** Indexes of `now` that are not part of the longest common subsequence, and those before which something was taken out. */
function unmatched(before: readonly CodeLine[], now: readonly CodeLine[]): Set<number> {
  const width = now.length + 1
  const longest = new Uint32Array((before.length + 1) * width)
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      longest[i * width + j] = before[i]?.mark === now[j]?.mark ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const changed = new Set<number>()
  const isSame = (i: number, j: number): boolean => i < before.length && j < now.length && before[i]?.mark === now[j]?.mark
  for (let i = 0, j = 0; i < before.length || j < now.length; i++, j++) {
    const [takenFrom, addedFrom] = [i, j]
    while ((i < before.length || j < now.length) && !isSame(i, j)) {
      if (j < now.length && (i === before.length || at(i, j + 1) >= at(i + 1, j))) changed.add(j++)
      else i++
    }
    // Taken out, and nothing put in its place: told by the line that follows.
    if (i > takenFrom && j === addedFrom) changed.add(j)
  }
  return changed
}

/** Neighbouring lines of code as ranges of line numbers. */
function rangesOf(places: readonly number[], code: readonly CodeLine[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = []
  let last = Number.NaN
  for (const place of places) {
    const line = code[place]?.line ?? 1
    const open = ranges.at(-1)
    if (open !== undefined && place <= last + 1) open[1] = line
    else ranges.push([line, line])
    last = place
  }
  return ranges
}

function marksOf(text: string): string[] {
  const marks: string[] = []
  for (let at = 0; at < text.length; at += lineMarkLength) marks.push(text.slice(at, at + lineMarkLength))
  return marks
}
