import type { FileSystem } from '../../src/files/file-system.ts'
import type { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

/** Every file on a disk with its content as text (Latin-1), every folder with a slash and null. */
export async function contentsOf(disk: SimulatedDisk): Promise<Record<string, string | null>> {
  const fs = disk.process('reader')
  const found: Record<string, string | null> = {}
  const visit = async (folder: string): Promise<void> => {
    for (const name of await fs.list(folder === '' ? '/' : folder)) {
      const path = `${folder}/${name}`
      if ((await fs.stat(path))?.kind === 'directory') {
        found[`${path}/`] = null
        await visit(path)
      } else {
        found[path] = (await readText(fs, path)) ?? ''
      }
    }
  }
  await visit('')
  return found
}

export async function readText(fs: FileSystem, path: string): Promise<string | undefined> {
  if (!(await fs.exists(path))) return undefined
  const file = await fs.open(path, 'read')
  const bytes = await file.read(0, 1_000_000)
  await file.close()
  return Buffer.from(bytes).toString('latin1')
}

export interface WriteOptions {
  /** Sync the file before closing it. Default false. */
  readonly sync?: boolean
}

/** Creates a file with this content. */
export async function writeText(fs: FileSystem, path: string, text: string, options: WriteOptions = {}): Promise<void> {
  const file = await fs.open(path, 'create')
  await file.write(Buffer.from(text, 'latin1'), 0)
  if (options.sync) await file.sync()
  await file.close()
}
