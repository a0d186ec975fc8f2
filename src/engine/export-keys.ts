import { dirname, resolve } from 'node:path'
import { WaymarkError } from '../model/errors.ts'
import { encodeRing } from '../seal/ring-text.ts'
import { type MasterKeyInfo, masterInfo, sealedParts } from './keys-report.ts'
import type { StoreCore } from './store-core.ts'
import { writeWholeFile } from './write-whole-file.ts'

/** A copy of the key ring that was written. */
export interface ExportedKeys {
  /** Absolute. */
  readonly path: string
  readonly bytes: number
  readonly generation: number
  /** Each of these opens it. */
  readonly masters: readonly MasterKeyInfo[]
  /** Where it belongs when it is put back, below the folder of the store. */
  readonly putBackAs: string
}

/** `store.exportKeys()` */
export async function exportKeys(core: StoreCore, to: string): Promise<ExportedKeys> {
  if (typeof to !== 'string' || to === '') throw noPath()
  const { keeper } = sealedParts(core)
  const path = resolve(to)
  const folder = dirname(path)
  if (path.startsWith(`${core.path}/`)) throw inStore(path)
  if ((await core.disk.stat(folder))?.kind !== 'directory') throw noFolder(path, folder)
  // Proves it as well: what is copied is what a key opens.
  await keeper.read()
  const locked = await keeper.locked()
  if (locked === undefined) throw new TypeError('a ring that was just read is there')
  if ((await core.disk.stat(path)) !== undefined) throw exists(path)
  const bytes = await writeWholeFile(core.disk, path, pieces(encodeRing(locked)))
  const masters = locked.masters.map(master => masterInfo(master, keeper.openedBy))
  return { path, bytes, generation: locked.generation, masters, putBackAs: `keys/ring.${locked.generation}.json` }
}

async function* pieces(text: string): AsyncIterableIterator<Uint8Array> {
  yield Buffer.from(text)
}

const noPath = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'exportKeys: it is not said into which file',
    means: 'Nothing was written.',
    remedy: "Give the path of a file that does not exist: store.exportKeys('/backup/ring.json')",
  })

const inStore = (path: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${path} is in the folder of the store, and would be lost together with its ring`,
    means: 'Nothing was written.',
    remedy: 'Write the copy to a folder outside, best on another disk.',
    details: { path },
  })

const noFolder = (path: string, folder: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${path} cannot be written: there is no folder ${folder}`,
    means: 'Nothing was written.',
    remedy: 'Make the folder first, or write the copy elsewhere.',
    details: { path },
  })

const exists = (path: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} exists already`,
    means: 'Nothing was written.',
    remedy: 'Write the copy to another file.',
    details: { path },
  })
