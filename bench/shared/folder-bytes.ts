import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Sizes of all files below a folder; `catalog` is our SQLite view of the log, which can be rebuilt at any time, and is not in `truth`. */
export interface FolderBytes {
  readonly truth: number
  readonly catalog: number
}

export function folderBytes(folder: string): FolderBytes {
  let truth = 0
  let catalog = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const { size } = statSync(join(entry.parentPath, entry.name))
    if (entry.name.startsWith('catalog.sqlite')) catalog += size
    else truth += size
  }
  return { truth, catalog }
}
