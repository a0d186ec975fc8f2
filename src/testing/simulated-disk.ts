import { fileError } from '../files/file-error.ts'
import type { FileStat, FileSystem, OpenFile, OpenMode } from '../files/file-system.ts'
import type { DirectoryNode, DiskEffect, DiskNode, FailedSyncFate, NamePlace } from './disk-state.ts'
import { DiskState, rootInode } from './disk-state.ts'
import type { OperationKind } from './intercepted-files.ts'

/** One operation in the trace of a disk. */
export interface DiskOperation {
  /** Counted from 1 over all processes. */
  readonly number: number
  /** The label of the process. */
  readonly process: string
  readonly kind: OperationKind
  readonly path: string
  /** What it changed; undefined for one that only looked, failed, or found nothing to do. */
  readonly effect?: DiskEffect
  /** The code it failed with. */
  readonly error?: string
}

interface SimulatedProcess {
  readonly label: string
  alive: boolean
}

/** What an operation answers and what it changes. */
interface Outcome<T> {
  readonly answer: T
  readonly effect?: DiskEffect
}

/**
 * A disk in memory, shared by simulated processes, that remembers every operation and what of it was made durable:
 * the bytes and the length of a file by `sync`, the names in a folder by `syncDirectory` of that folder (a new folder is a name
 * in its parent; a rename across folders needs both). A sync of a file does not make its name durable. `crashState` makes of a
 * moment of the trace the disk that a machine would find after a power cut.
 *
 * An operation takes effect as a whole, in a microtask after the call.
 */
export class SimulatedDisk {
  readonly #state: DiskState
  readonly #operations: DiskOperation[] = []
  readonly #processes: SimulatedProcess[] = []
  #nextInode: number
  /** A copy of the disk as it was before the first change of this trace, made when that happens. */
  #start: DiskState | undefined
  /** Where the last look into the past ended, so that going through a trace forward costs one effect per step. */
  #past: { state: DiskState; after: number } | undefined

  /** @param state What the disk holds to begin with; it belongs to the disk from then on. */
  constructor(state: DiskState = new DiskState()) {
    this.#state = state
    this.#nextInode = state.highestInode + 1
  }

  /** The file system as a process sees it. The same label may be given again, before or after a kill. */
  process(label: string): FileSystem {
    const process = { label, alive: true }
    this.#processes.push(process)
    return this.#filesOf(process)
  }

  /** kill -9: what the process still had under way never happens and never answers; its open files are gone. */
  kill(label: string): void {
    for (const process of this.#processes) if (process.label === label) process.alive = false
  }

  /** Every operation of every process, in order. */
  get operations(): readonly DiskOperation[] {
    return this.#operations
  }

  /**
   * The number of the last operation, 0 before the first: note it when something is acknowledged, to ask later whether a crash
   * may lose it.
   */
  get lastOperation(): number {
    return this.#operations.length
  }

  /**
   * The disk right after an operation (0: before the first), for `crashState`. It is shared and changes with the next call: only
   * read it. Moving forward through the trace is cheap.
   */
  stateAfter(operation: number): DiskState {
    if (!Number.isInteger(operation) || operation < 0 || operation > this.lastOperation) {
      throw new RangeError(`the trace has operations 1 to ${this.lastOperation}, not ${operation}`)
    }
    let past = this.#past
    if (!past || past.after > operation) past = { state: (this.#start ?? this.#state).clone(), after: 0 }
    for (const { effect } of this.#operations.slice(past.after, operation)) if (effect) past.state.apply(effect)
    past.after = operation
    this.#past = past
    return past.state
  }

  /**
   * For fault wrappers: the sync of a file fails, and the pages not yet synced are marked clean (what ext4, XFS and btrfs do).
   * @param identity From `stat` of the file.
   */
  failSync(identity: string, fate: FailedSyncFate, process = 'fault'): void {
    const inode = inodeOf(identity)
    this.#state.file(inode)
    this.#record({ process, kind: 'sync', path: `inode ${inode}`, error: 'EIO', effect: { kind: 'failed-sync', inode, fate } })
  }

  #filesOf(process: SimulatedProcess): FileSystem {
    return {
      open: (path, mode) => this.#perform(process, 'open', path, () => this.#open(process, path, mode)),
      makeDirectory: path => this.#makeDirectory(process, path),
      list: path =>
        this.#perform(process, 'list', path, () => ({ answer: [...this.#directory('list', path).entries.keys()].sort() })),
      stat: path =>
        this.#perform(process, 'stat', path, () => {
          const node = this.#find(path)
          return { answer: node && fileStat(node) }
        }),
      exists: path => this.#perform(process, 'exists', path, () => ({ answer: this.#find(path) !== undefined })),
      // There are no links on it.
      realPath: async path => path,
      rename: (from, to) => this.#perform(process, 'rename', from, () => this.#rename(from, to)),
      remove: path => this.#perform(process, 'remove', path, () => this.#remove(path)),
      syncDirectory: path =>
        this.#perform(process, 'syncDirectory', path, () =>
          done({ kind: 'sync', inode: this.#directory('syncDirectory', path).inode }),
        ),
    }
  }

  #open(process: SimulatedProcess, path: string, mode: OpenMode): Outcome<OpenFile> {
    if (mode === 'create') {
      const place = this.#place('open', path)
      if (this.#state.directory(place.directory).entries.has(place.name)) throw fileError('EEXIST', 'open', path)
      const inode = this.#nextInode++
      const effect = { kind: 'make', node: 'file', inode, change: { puts: { ...place, inode } } } as const
      return { answer: this.#openFile(process, path, inode, mode), effect }
    }
    const place = this.#place('open', path)
    const inode = this.#state.directory(place.directory).entries.get(place.name)
    if (inode === undefined) throw fileError('ENOENT', 'open', path)
    if (this.#state.node(inode).kind !== 'file') throw fileError('EISDIR', 'open', path)
    return { answer: this.#openFile(process, path, inode, mode) }
  }

  /** Each folder made is an operation of its own: a crash may fall between them. */
  async #makeDirectory(process: SimulatedProcess, path: string): Promise<void> {
    const names = namesOf(path)
    for (let depth = 1; depth <= names.length; depth++) {
      const partial = `/${names.slice(0, depth).join('/')}`
      await this.#perform(process, 'makeDirectory', partial, () => {
        const place = this.#place('makeDirectory', partial)
        const present = this.#state.directory(place.directory).entries.get(place.name)
        if (present === undefined) {
          const inode = this.#nextInode++
          return done({ kind: 'make', node: 'directory', inode, change: { puts: { ...place, inode } } })
        }
        if (this.#state.node(present).kind === 'directory') return done()
        throw fileError(depth === names.length ? 'EEXIST' : 'ENOTDIR', 'makeDirectory', path)
      })
    }
  }

  #rename(from: string, to: string): Outcome<void> {
    const removes = this.#place('rename', from)
    const inode = this.#state.directory(removes.directory).entries.get(removes.name)
    if (inode === undefined) throw fileError('ENOENT', 'rename', from)
    if (this.#state.node(inode).kind === 'directory') throw fileError('ENOTSUP', 'rename', from)
    const target = this.#place('rename', to)
    const replaced = this.#state.directory(target.directory).entries.get(target.name)
    if (replaced === inode) return done()
    if (replaced !== undefined && this.#state.node(replaced).kind === 'directory') throw fileError('EISDIR', 'rename', to)
    return done({ kind: 'names', change: { removes, puts: { ...target, inode } } })
  }

  #remove(path: string): Outcome<void> {
    const node = this.#find(path)
    if (!node) return done()
    if (node.kind === 'directory') throw fileError('EISDIR', 'remove', path)
    return done({ kind: 'names', change: { removes: this.#place('remove', path) } })
  }

  #openFile(process: SimulatedProcess, path: string, inode: number, mode: OpenMode): OpenFile {
    let open = true
    const use = <T>(kind: OperationKind, body: () => Outcome<T>): Promise<T> =>
      this.#perform(process, kind, path, () => {
        if (!open || (mode === 'read' && (kind === 'write' || kind === 'truncate'))) throw fileError('EBADF', kind, path)
        return body()
      })
    const content = () => this.#state.file(inode).content
    return {
      write: (bytes, position) =>
        use('write', () => {
          if (bytes.length === 0) return done()
          const after = content().write(bytes, position)
          return done({ kind: 'data', inode, change: { after, from: position, to: position + bytes.length } })
        }),
      read: (position, length) => use('read', () => ({ answer: content().read(position, length) })),
      sync: () => use('sync', () => done({ kind: 'sync', inode })),
      truncate: length =>
        use('truncate', () => {
          const before = content()
          const change = { after: before.truncate(length), from: length, to: Math.max(length, before.length) }
          return done({ kind: 'data', inode, change })
        }),
      stat: () => use('stat', () => ({ answer: fileStat(this.#state.file(inode)) })),
      close: () =>
        this.#perform(process, 'close', path, () => {
          open = false
          return done()
        }),
    }
  }

  #perform<T>(process: SimulatedProcess, kind: OperationKind, path: string, body: () => Outcome<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      queueMicrotask(() => {
        if (!process.alive) return
        try {
          const { answer, effect } = body()
          this.#record({ process: process.label, kind, path, ...(effect && { effect }) })
          resolve(answer)
        } catch (error) {
          this.#record({ process: process.label, kind, path, error: errorText(error) })
          reject(error)
        }
      })
    })
  }

  #record(operation: Omit<DiskOperation, 'number'>): void {
    if (operation.effect) {
      this.#start ??= this.#state.clone()
      this.#state.apply(operation.effect)
    }
    this.#operations.push({ number: this.#operations.length + 1, ...operation })
  }

  /** The node at a path, or undefined where there is none. */
  #find(path: string): DiskNode | undefined {
    return this.#follow(namesOf(path))
  }

  #follow(names: readonly string[]): DiskNode | undefined {
    let node: DiskNode | undefined = this.#state.directory(rootInode)
    for (const name of names) {
      const inode: number | undefined = node.kind === 'directory' ? node.entries.get(name) : undefined
      if (inode === undefined) return undefined
      node = this.#state.node(inode)
    }
    return node
  }

  #directory(operation: string, path: string): DirectoryNode {
    const node = this.#find(path)
    if (!node) throw fileError('ENOENT', operation, path)
    if (node.kind !== 'directory') throw fileError('ENOTDIR', operation, path)
    return node
  }

  /** The folder a name is in, and the name; the name need not exist, the folder must. */
  #place(operation: string, path: string): NamePlace {
    const names = namesOf(path)
    const name = names.pop()
    if (name === undefined) throw fileError('EISDIR', operation, path)
    const folder = this.#follow(names)
    const { inode } = folder?.kind === 'directory' ? folder : this.#directory(operation, `/${names.join('/')}`)
    return { directory: inode, name }
  }
}

function done(effect?: DiskEffect): Outcome<void> {
  return effect ? { answer: undefined, effect } : { answer: undefined }
}

function namesOf(path: string): string[] {
  if (!path.startsWith('/')) throw fileError('EINVAL', 'resolve', path)
  // As nearly every path is: called for every operation, this is felt.
  if (!path.includes('//') && !path.endsWith('/')) return path.slice(1).split('/')
  return path.split('/').filter(name => name !== '')
}

function fileStat(node: DiskNode): FileStat {
  return {
    size: node.kind === 'file' ? node.content.length : 0,
    kind: node.kind,
    identity: `simulated:${node.inode}`,
  }
}

function inodeOf(identity: string): number {
  return Number(identity.slice('simulated:'.length))
}

function errorText(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
