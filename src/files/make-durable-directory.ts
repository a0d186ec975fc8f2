import type { FileSystem } from './file-system.ts'

/**
 * Makes a folder and its parents, all durable when it resolves: a new folder is a name in its parent. Parents that were there are synced too, where this user may, because whoever made
 * them may have been interrupted before.
 */
export async function makeDurableDirectory(files: FileSystem, path: string, permissions?: number): Promise<void> {
  const parents: { readonly path: string; readonly mustSync: boolean }[] = []
  for (let child = path; parentOf(child) !== child; child = parentOf(child)) {
    parents.push({ path: parentOf(child), mustSync: !(await files.exists(child)) })
  }
  await files.makeDirectory(path, permissions)
  for (const parent of parents.reverse()) {
    const synced = files.syncDirectory(parent.path)
    await (parent.mustSync ? synced : synced.catch(() => {}))
  }
}

/** The folder a path is in; the root is its own. */
export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))
