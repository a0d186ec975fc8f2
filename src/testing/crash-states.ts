import type { DirectoryNode, DiskNode, FileChange, FileNode, NameChange } from './disk-state.ts'
import {
  applyNameChange,
  DiskState,
  directoryNode,
  fileNode,
  rootInode,
  sectorBytes,
  sectorPatch,
  sectorsOf,
  storedContent,
} from './disk-state.ts'
import type { FileContent } from './file-content.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'

/**
 * What is left after a crash:
 * - `everything`: all operations; what was not synced is still only in the page cache, so that a later power cut may take it
 *   (kill -9 of all processes).
 * - `only-synced`: bytes and names as of their last sync.
 * - `random-sectors`: of what was not synced, any part. Each 512-byte sector of a file holds one of the contents it had since its
 *   last sync; the length is one it had, or any between, with zeros where the data did not arrive; of the changes of names a
 *   random subset (a rename within a folder is one change, and a name never points to nothing).
 * - `names-before-data`: all names, bytes as of their last sync: the new name with the old or no content.
 * - `names-lost`: all bytes, names as of their last sync.
 */
export type CrashModel = (typeof crashModels)[number]

export const crashModels = ['everything', 'only-synced', 'random-sectors', 'names-before-data', 'names-lost'] as const

export interface CrashOptions {
  /**
   * The crash comes in the middle of the next operation: if that is a write, its first sectors (a random number of them, from
   * none to all) had been written too, as far as the model keeps unsynced bytes.
   */
  readonly tearNextWrite?: boolean
}

/**
 * The disk as it is found after a crash right after an operation of the trace (0: before the first). The same arguments and the
 * same state of `random` give the same disk. The disk itself is not changed; going through a trace forward is cheap.
 */
export function crashState(
  disk: SimulatedDisk,
  afterOperation: number,
  model: CrashModel,
  random: SeededRandom,
  options: CrashOptions = {},
): SimulatedDisk {
  const torn = options.tearNextWrite ? tornWrite(disk, afterOperation, random) : undefined
  const before = disk.stateAfter(afterOperation)
  if (model === 'everything') {
    const state = before.clone()
    if (torn) state.apply({ kind: 'data', ...torn })
    return new SimulatedDisk(state)
  }

  const entriesOf = survivingNames(model, random)
  const nodes = new Map<number, DiskNode>()
  const visit = (inode: number): void => {
    if (nodes.has(inode)) return
    const node = before.node(inode)
    if (node.kind === 'file') {
      const file = torn?.inode === inode ? withChange(node, torn.change) : node
      nodes.set(inode, fileNode(inode, survivingContent(file, model, random)))
      return
    }
    const entries = entriesOf(node)
    nodes.set(inode, directoryNode(inode, entries))
    for (const entry of entries.values()) visit(entry)
  }
  visit(rootInode)
  return new SimulatedDisk(new DiskState(nodes.values()))
}

/**
 * The operations after which a crash finds another disk than before them, and 0: a crash after one that only looked shows nothing
 * new.
 */
export function crashPoints(disk: SimulatedDisk): readonly number[] {
  return [0, ...disk.operations.filter(operation => operation.effect).map(operation => operation.number)]
}

function survivingContent(file: FileNode, model: CrashModel, random: SeededRandom): FileContent {
  if (model === 'names-lost') return storedContent(file)
  if (model === 'random-sectors') return randomSectors(file, random)
  return file.durable
}

function survivingNames(model: CrashModel, random: SeededRandom): (directory: DirectoryNode) => ReadonlyMap<string, number> {
  if (model === 'names-before-data') return directory => directory.entries
  if (model !== 'random-sectors') return directory => directory.durable

  const share = random.pick(shares)
  // One decision per change: a rename across folders, as long as neither is synced, arrives in both or in none.
  const decided = new Map<NameChange, boolean>()
  const arrived = (change: NameChange): boolean => {
    const decision = decided.get(change) ?? random.bool(share)
    decided.set(change, decision)
    return decision
  }
  return directory => {
    const entries = new Map(directory.durable)
    for (const change of directory.unsynced) if (arrived(change)) applyNameChange(entries, directory.inode, change)
    return entries
  }
}

/**
 * How much arrives of a file, or of all names: chosen once for it, or "all" and "nothing" would hardly ever come up among many
 * sectors.
 */
const shares = [0, 0.1, 0.5, 0.9, 1] as const

function randomSectors(file: FileNode, random: SeededRandom): FileContent {
  if (file.unsynced.length === 0) return file.durable
  const share = random.pick(shares)
  const contents = new Map<number, FileContent[]>()
  for (const change of file.unsynced) {
    for (const sector of sectorsOf(change)) {
      const before = contents.get(sector)
      if (before) before.push(change.after)
      else contents.set(sector, [file.durable, change.after])
    }
  }
  const patches = Array.from(contents, ([sector, versions]) => {
    const newest = versions.pop() ?? file.durable
    return sectorPatch(random.bool(share) ? newest : random.pick(versions), sector)
  })
  return file.durable.edit(patches, randomLength(file, share, random))
}

function randomLength(file: FileNode, share: number, random: SeededRandom): number {
  const lengths = [file.durable.length, ...file.unsynced.map(change => change.after.length)]
  if (random.bool(share)) return file.content.length
  if (random.bool(0.5)) return random.pick(lengths)
  const shortest = lengths.reduce((a, b) => Math.min(a, b))
  const longest = lengths.reduce((a, b) => Math.max(a, b))
  return shortest + random.integer(longest - shortest + 1)
}

function tornWrite(
  disk: SimulatedDisk,
  afterOperation: number,
  random: SeededRandom,
): { readonly inode: number; readonly change: FileChange } | undefined {
  const next = disk.operations[afterOperation]
  if (next?.kind !== 'write' || next.effect?.kind !== 'data') return undefined
  const { inode, change } = next.effect
  const { from, to } = change
  const sectors = random.integer(sectorsOf(change).length + 1)
  const cut = Math.min(to, Math.max(from, (Math.floor(from / sectorBytes) + sectors) * sectorBytes))
  if (cut === from) return undefined
  const before = disk.stateAfter(afterOperation).file(inode).content
  return { inode, change: { after: before.write(change.after.read(from, cut - from), from), from, to: cut } }
}

function withChange(file: FileNode, change: FileChange): FileNode {
  return { ...file, content: change.after, unsynced: [...file.unsynced, change] }
}
