import type { FileSystem } from '../files/file-system.ts'
import type { OutputPosition } from '../model/output-position.ts'
import { isItemFile, itemFilePath } from '../outputs/item-file.ts'

/** Lines are counted in no more bytes than this: a check must not take long. */
const maxCountedBytes = 64 << 20
const readBytes = 1 << 20
const newline = 10

/**
 * How many rows an output has more than it had, counted apart from what was given to it: as its position says, or, of a JSONL file, by its lines. Undefined where that cannot be told, or
 * would take long.
 */
export async function rowsAdded(
  context: { readonly files: FileSystem; readonly baseDirectory: string },
  output: unknown,
  before: OutputPosition,
  after: OutputPosition,
): Promise<number | undefined> {
  if (before.kind !== after.kind) return undefined
  switch (after.kind) {
    case 'parts':
    case 'table':
      return before.kind === after.kind ? after.rows - before.rows : undefined
    case 'folder':
    case 'callback':
      return before.kind === after.kind ? after.count - before.count : undefined
    case undefined: {
      if (before.kind !== undefined || !isItemFile(output) || output.kind !== 'jsonl') return undefined
      if (after.length - before.length > maxCountedBytes) return undefined
      return linesBetween(context.files, itemFilePath(output, context.baseDirectory), before.length, after.length)
    }
  }
}

async function linesBetween(files: FileSystem, path: string, from: number, to: number): Promise<number | undefined> {
  try {
    const file = await files.open(path, 'read')
    try {
      let lines = 0
      for (let at = from; at < to; ) {
        const piece = await file.read(at, Math.min(readBytes, to - at))
        if (piece.length === 0) return lines
        for (let i = piece.indexOf(newline); i !== -1; i = piece.indexOf(newline, i + 1)) lines++
        at += piece.length
      }
      return lines
    } finally {
      await file.close()
    }
  } catch {
    // That it cannot be read says nothing about what was written.
    return undefined
  }
}
