import { type FileSystem, fileErrorCode, type OpenFile } from '../files/file-system.ts'

/**
 * A file system whose changes go to `upper` (a simulated disk) and whose reads find there what was written, and else what is in `lower` (the real disk): a pipeline reads its real inputs, and nothing
 * real is changed. What `upper` removed shows again as it is in `lower`.
 */
export function overlayFiles(upper: FileSystem, lower: FileSystem): FileSystem {
  const inUpper = async <T>(path: string, ask: (files: FileSystem) => Promise<T>): Promise<T> =>
    ask((await upper.exists(path)) ? upper : lower)
  /** Folders of the real disk that something is written into are made on the simulated one. */
  const makeRoom = async (path: string): Promise<void> => {
    const folder = path.slice(0, path.lastIndexOf('/')) || '/'
    if (!(await upper.exists(folder)) && (await lower.exists(folder))) await upper.makeDirectory(folder)
  }
  return {
    async open(path, mode, permissions): Promise<OpenFile> {
      if (mode === 'read') return inUpper(path, files => files.open(path, mode))
      await makeRoom(path)
      if (mode === 'create' && !(await upper.exists(path)) && (await lower.exists(path))) throw exists(path)
      if (mode === 'write' && !(await upper.exists(path)) && (await lower.exists(path))) await copyUp(upper, lower, path)
      return upper.open(path, mode, permissions)
    },
    makeDirectory: (path, permissions) => upper.makeDirectory(path, permissions),
    realPath: async path => ((await upper.exists(path)) ? upper.realPath(path) : lower.realPath(path)),
    async list(path) {
      const lists = await Promise.all([upper, lower].map(files => files.list(path).catch(missing)))
      if (lists.every(names => names === undefined)) return lower.list(path)
      return [...new Set(lists.flatMap(names => names ?? []))].sort()
    },
    stat: async path => (await upper.stat(path)) ?? lower.stat(path),
    exists: async path => (await upper.exists(path)) || lower.exists(path),
    async rename(from, to) {
      await makeRoom(to)
      await upper.rename(from, to)
    },
    remove: path => upper.remove(path),
    async syncDirectory(path) {
      if (await upper.exists(path)) await upper.syncDirectory(path)
    },
  }
}

function missing(error: unknown): undefined {
  if (fileErrorCode(error) !== 'ENOENT') throw error
}

async function copyUp(upper: FileSystem, lower: FileSystem, path: string): Promise<void> {
  const from = await lower.open(path, 'read')
  const to = await upper.open(path, 'create')
  try {
    await to.write(await from.read(0, (await from.stat()).size), 0)
    await to.sync()
  } finally {
    await from.close()
    await to.close()
  }
}

const exists = (path: string): Error => Object.assign(new Error(`EEXIST: file already exists, '${path}'`), { code: 'EEXIST' })
