import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'

/** Bytes and number of files. */
export interface FileTally {
  readonly files: number
  readonly bytes: number
}

/** What a store takes on the disk: the lengths of its files. */
export interface PhysicalSize extends FileTally {
  readonly packs: FileTally
  /** Sidecars from which damaged packs are healed. */
  readonly parity: FileTally
  /** Segments of the log, with the checkpoints that ride in it. */
  readonly log: FileTally
  /** The catalog and what remembers chunks: both can be built anew. */
  readonly catalog: FileTally
  /** Packs that are being written, or were when their process was killed: the name of one does not say whose it is, so nobody removes it. */
  readonly unfinished: FileTally
  /** Claims, leases, and what a repair set aside. */
  readonly other: FileTally
}

type Part = Exclude<keyof PhysicalSize, keyof FileTally>

/** Walks the folder of a store. What other processes remove meanwhile is not counted. */
export async function physicalSize(files: FileSystem, root: string): Promise<PhysicalSize> {
  const none = (): { files: number; bytes: number } => ({ files: 0, bytes: 0 })
  const parts = { packs: none(), parity: none(), log: none(), catalog: none(), unfinished: none(), other: none() }
  const total = none()
  try {
    for await (const { name, bytes } of filesBelow(files, root, '')) {
      for (const tally of [total, parts[partOf(name)]]) {
        tally.files++
        tally.bytes += bytes
      }
    }
  } catch (error) {
    throw fileFault(error, `measure ${root}`, 'Nothing was changed.')
  }
  return { ...total, ...parts }
}

function partOf(name: string): Part {
  if (name.startsWith('packs/') && name.endsWith('.tmp')) return 'unfinished'
  if (name.startsWith('packs/')) return name.endsWith('.par') ? 'parity' : 'packs'
  if (name.startsWith('segments/')) return 'log'
  return /^(catalog|chunks|events)\.sqlite/.test(name) ? 'catalog' : 'other'
}

async function* filesBelow(
  files: FileSystem,
  folder: string,
  prefix: string,
): AsyncIterableIterator<{ readonly name: string; readonly bytes: number }> {
  const names = (await files.stat(folder))?.kind === 'directory' ? await files.list(folder) : []
  for (const name of names) {
    const stat = await files.stat(`${folder}/${name}`)
    if (stat?.kind === 'file') yield { name: prefix + name, bytes: stat.size }
    else if (stat?.kind === 'directory') yield* filesBelow(files, `${folder}/${name}`, `${prefix}${name}/`)
  }
}
