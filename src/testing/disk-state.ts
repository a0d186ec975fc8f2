import { FileContent } from './file-content.ts'

/** What a disk writes as a whole: after a power cut a sector holds one of the contents it had, never a mixture. */
export const sectorBytes = 512

/** One write or truncate of a file. */
export interface FileChange {
  /** The whole content afterwards, as processes see it. */
  readonly after: FileContent
  /** The bytes changed: from here … */
  readonly from: number
  /** … up to here, exclusive; equal to `from` when only the length grew. */
  readonly to: number
}

export interface FileNode {
  readonly kind: 'file'
  readonly inode: number
  /** What processes read: the page cache. */
  content: FileContent
  /** What a power cut leaves if nothing that was not synced arrives. */
  durable: FileContent
  /** Since the last sync, oldest first. */
  unsynced: FileChange[]
  /** A sync failed and pages were marked clean: a later sync stores only the sectors changed since. */
  marksLost: boolean
}

export interface NamePlace {
  readonly directory: number
  readonly name: string
}

/** One change of names: a file or folder made (`puts`), removed (`removes`), or renamed (both). */
export interface NameChange {
  readonly removes?: NamePlace
  readonly puts?: NamePlace & { readonly inode: number }
}

export interface DirectoryNode {
  readonly kind: 'directory'
  readonly inode: number
  /** Name to inode, as processes see it. */
  readonly entries: Map<string, number>
  readonly durable: Map<string, number>
  unsynced: NameChange[]
}

export type DiskNode = FileNode | DirectoryNode

/**
 * What becomes of the bytes when a sync fails: gone at once (`drop`), or still read from the cache but never stored unless
 * written again (`keep`). Either way they are marked clean.
 */
export type FailedSyncFate = 'drop' | 'keep'

/** What one operation did to the disk; applying the effects of a trace in order rebuilds any moment of it. */
export type DiskEffect =
  | { readonly kind: 'make'; readonly node: 'file' | 'directory'; readonly inode: number; readonly change: NameChange }
  | { readonly kind: 'names'; readonly change: NameChange }
  | { readonly kind: 'data'; readonly inode: number; readonly change: FileChange }
  | { readonly kind: 'sync'; readonly inode: number }
  | { readonly kind: 'failed-sync'; readonly inode: number; readonly fate: FailedSyncFate }

export const rootInode = 1

/**
 * Files and folders by inode, each as processes see it and as the disk holds it. Nodes without a name are kept: a crash may bring
 * the name back.
 */
export class DiskState {
  readonly #nodes: Map<number, DiskNode>

  constructor(nodes: Iterable<DiskNode> = [directoryNode(rootInode)]) {
    this.#nodes = new Map(Array.from(nodes, node => [node.inode, node]))
  }

  node(inode: number): DiskNode {
    const node = this.#nodes.get(inode)
    if (!node) throw new Error(`the simulated disk has no inode ${inode}`)
    return node
  }

  file(inode: number): FileNode {
    const node = this.node(inode)
    if (node.kind !== 'file') throw new Error(`inode ${inode} is not a file`)
    return node
  }

  directory(inode: number): DirectoryNode {
    const node = this.node(inode)
    if (node.kind !== 'directory') throw new Error(`inode ${inode} is not a directory`)
    return node
  }

  get highestInode(): number {
    return Math.max(...this.#nodes.keys())
  }

  clone(): DiskState {
    return new DiskState(this.#nodes.values().map(cloneNode))
  }

  apply(effect: DiskEffect): void {
    switch (effect.kind) {
      case 'make':
        this.#nodes.set(effect.inode, effect.node === 'file' ? fileNode(effect.inode) : directoryNode(effect.inode))
        return this.#rename(effect.change)
      case 'names':
        return this.#rename(effect.change)
      case 'data': {
        const file = this.file(effect.inode)
        file.content = effect.change.after
        file.unsynced.push(effect.change)
        return
      }
      case 'sync':
        return syncNode(this.node(effect.inode))
      case 'failed-sync': {
        const file = this.file(effect.inode)
        if (effect.fate === 'drop') file.content = file.durable
        file.marksLost = effect.fate === 'keep' && (file.marksLost || file.unsynced.length > 0)
        file.unsynced = []
      }
    }
  }

  #rename(change: NameChange): void {
    for (const inode of new Set([change.removes?.directory, change.puts?.directory])) {
      if (inode === undefined) continue
      const directory = this.directory(inode)
      applyNameChange(directory.entries, inode, change)
      directory.unsynced.push(change)
    }
  }
}

/** What `change` does to the names of one folder. */
export function applyNameChange(entries: Map<string, number>, directory: number, { removes, puts }: NameChange): void {
  if (removes?.directory === directory) entries.delete(removes.name)
  if (puts?.directory === directory) entries.set(puts.name, puts.inode)
}

/** What the disk holds once everything not yet synced has arrived. */
export function storedContent(file: FileNode): FileContent {
  if (!file.marksLost) return file.content
  const sectors = new Set(file.unsynced.flatMap(change => sectorsOf(change)))
  const patches = Array.from(sectors, sector => sectorPatch(file.content, sector))
  return file.durable.edit(patches, file.content.length)
}

/** The numbers of the sectors that a change touched. */
export function sectorsOf({ from, to }: FileChange): number[] {
  const sectors = []
  for (let sector = Math.floor(from / sectorBytes); sector * sectorBytes < to; sector++) sectors.push(sector)
  return sectors
}

export function sectorPatch(content: FileContent, sector: number): { position: number; bytes: Uint8Array } {
  const position = sector * sectorBytes
  return { position, bytes: content.readPadded(position, sectorBytes) }
}

/** A file whose content is on the disk. */
export function fileNode(inode: number, content = FileContent.empty): FileNode {
  return { kind: 'file', inode, content, durable: content, unsynced: [], marksLost: false }
}

/** A folder whose names are on the disk. */
export function directoryNode(inode: number, entries: ReadonlyMap<string, number> = new Map()): DirectoryNode {
  return { kind: 'directory', inode, entries: new Map(entries), durable: new Map(entries), unsynced: [] }
}

function syncNode(node: DiskNode): void {
  if (node.kind === 'file') node.durable = storedContent(node)
  else for (const change of node.unsynced) applyNameChange(node.durable, node.inode, change)
  node.unsynced = []
}

function cloneNode(node: DiskNode): DiskNode {
  if (node.kind === 'file') return { ...node, unsynced: [...node.unsynced] }
  return { ...node, entries: new Map(node.entries), durable: new Map(node.durable), unsynced: [...node.unsynced] }
}
