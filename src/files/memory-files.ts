import { fileError } from './file-error.ts'
import type { FileStat, FileSystem, OpenFile } from './file-system.ts'
import { MemoryFile } from './memory-file.ts'

/** A name below the root: a file, or a folder. */
type Node = MemoryFile | 'folder'

/**
 * A file system that keeps what lies below `root` (absolute, with `/`) in memory, so that nothing of it reaches the disk, and passes the rest on to `files`. What is on the disk below `root` is
 * neither seen nor touched; the root itself has to be made, and its parents need not exist. A file that is renamed from one side to the other rejects with EXDEV.
 */
export function memoryFiles(files: FileSystem, root: string): FileSystem {
  const nodes = new Map<string, Node>()
  const isInside = (path: string): boolean => path === root || path.startsWith(`${root}/`)
  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
  const needsFolder = (path: string, operation: string): void => {
    const node = nodes.get(folderOf(path))
    if (path !== root && node !== 'folder') throw fileError(node === undefined ? 'ENOENT' : 'ENOTDIR', operation, path)
  }
  const existing = (path: string, operation: string): Node => {
    const node = nodes.get(path)
    if (node === undefined) throw fileError('ENOENT', operation, path)
    return node
  }
  const fileAt = (path: string, operation: string): MemoryFile => {
    const node = existing(path, operation)
    if (node === 'folder') throw fileError('EISDIR', operation, path)
    return node
  }
  const folderAt = (path: string, operation: string): void => {
    if (existing(path, operation) !== 'folder') throw fileError('ENOTDIR', operation, path)
  }
  const statOf = (path: string, node: Node): FileStat =>
    node === 'folder' ? { size: 0, kind: 'directory', identity: `memory:${path}` } : node.stat()
  const makeFolders = (path: string): void => {
    if (nodes.get(path) === 'folder') return
    if (nodes.has(path)) throw fileError('EEXIST', 'mkdir', path)
    if (path !== root) makeFolders(folderOf(path))
    nodes.set(path, 'folder')
  }
  return {
    async open(path, mode, permissions): Promise<OpenFile> {
      if (!isInside(path)) return files.open(path, mode, permissions)
      if (mode !== 'create') return fileAt(path, 'open').opened(mode === 'write', path)
      if (nodes.has(path)) throw fileError('EEXIST', 'open', path)
      needsFolder(path, 'open')
      const file = new MemoryFile()
      nodes.set(path, file)
      return file.opened(true, path)
    },
    async makeDirectory(path, permissions) {
      if (!isInside(path)) return files.makeDirectory(path, permissions)
      makeFolders(path)
    },
    realPath: async path => (isInside(path) ? path : files.realPath(path)),
    async list(path) {
      if (!isInside(path)) return files.list(path)
      folderAt(path, 'scandir')
      return [...nodes.keys()]
        .filter(name => name !== root && folderOf(name) === path)
        .map(name => name.slice(path.length + 1))
        .sort()
    },
    async stat(path) {
      if (!isInside(path)) return files.stat(path)
      const node = nodes.get(path)
      return node === undefined ? undefined : statOf(path, node)
    },
    exists: async path => (isInside(path) ? nodes.has(path) : files.exists(path)),
    async rename(from, to) {
      if (!isInside(from) && !isInside(to)) return files.rename(from, to)
      if (!isInside(from) || !isInside(to)) throw fileError('EXDEV', 'rename', from)
      const file = fileAt(from, 'rename')
      needsFolder(to, 'rename')
      if (nodes.get(to) === 'folder') throw fileError('EISDIR', 'rename', to)
      nodes.delete(from)
      nodes.set(to, file)
    },
    async remove(path) {
      if (!isInside(path)) return files.remove(path)
      if (nodes.get(path) === 'folder') throw fileError('EISDIR', 'unlink', path)
      nodes.delete(path)
    },
    async syncDirectory(path) {
      if (!isInside(path)) return files.syncDirectory(path)
      folderAt(path, 'fsync')
    },
  }
}
