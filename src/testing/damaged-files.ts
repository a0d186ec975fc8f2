import { fileError } from '../files/file-error.ts'
import type { FileStat, FileSystem, OpenFile } from '../files/file-system.ts'

/** One file as it is found instead of what was written. */
export interface Damage {
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * Files in memory that can be damaged and are whole again afterwards, at no cost: for trying every byte. Nothing can be written: EROFS.
 */
export class DamagedFiles implements FileSystem {
  readonly #files: ReadonlyMap<string, Uint8Array>
  readonly #folders = new Set<string>(['/'])
  #damages: ReadonlyMap<string, Uint8Array> = new Map()

  /** @param files by path; their folders exist. */
  constructor(files: ReadonlyMap<string, Uint8Array>, folders: readonly string[] = []) {
    this.#files = files
    for (const path of [...files.keys(), ...folders.map(folder => `${folder}/`)]) {
      for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) this.#folders.add(path.slice(0, at))
    }
  }

  get files(): ReadonlyMap<string, Uint8Array> {
    return this.#files
  }

  /** From now on these files are damaged and no others. */
  damage(...damages: readonly Damage[]): void {
    this.#damages = new Map(damages.map(({ path, bytes }) => [path, bytes]))
  }

  open = async (path: string, mode: string): Promise<OpenFile> => {
    if (mode === 'create') throw fileError(this.#bytes(path) === undefined ? 'EROFS' : 'EEXIST', 'open', path)
    const bytes = this.#bytes(path)
    if (bytes === undefined) throw fileError('ENOENT', 'open', path)
    const readOnly = async (): Promise<never> => {
      throw fileError('EROFS', 'write', path)
    }
    return {
      read: async (position, length) => bytes.slice(position, position + length),
      stat: async () => fileStat(path, bytes),
      close: async () => {},
      write: readOnly,
      sync: readOnly,
      truncate: readOnly,
    }
  }

  list = async (path: string): Promise<readonly string[]> => {
    if (!this.#folders.has(path)) throw fileError('ENOENT', 'list', path)
    const names = new Set<string>()
    for (const known of [...this.#files.keys(), ...this.#folders]) {
      if (known.startsWith(`${path}/`)) names.add(known.slice(path.length + 1).split('/')[0] ?? '')
    }
    return [...names].sort()
  }

  stat = async (path: string): Promise<FileStat | undefined> => {
    const bytes = this.#bytes(path)
    if (bytes !== undefined) return fileStat(path, bytes)
    return this.#folders.has(path) ? { size: 0, kind: 'directory', identity: path } : undefined
  }

  exists = async (path: string): Promise<boolean> => this.#bytes(path) !== undefined || this.#folders.has(path)
  makeDirectory = (path: string): Promise<void> => this.#refuse('makeDirectory', path)
  realPath = async (path: string): Promise<string> => path
  rename = (path: string): Promise<void> => this.#refuse('rename', path)
  remove = (path: string): Promise<void> => this.#refuse('remove', path)
  syncDirectory = async (): Promise<void> => {}

  #bytes(path: string): Uint8Array | undefined {
    return this.#damages.get(path) ?? this.#files.get(path)
  }

  async #refuse(operation: string, path: string): Promise<never> {
    throw fileError('EROFS', operation, path)
  }
}

const fileStat = (path: string, bytes: Uint8Array): FileStat => ({ size: bytes.length, kind: 'file', identity: path })
