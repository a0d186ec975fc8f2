import { fileFault } from '../files/file-faults.ts'
import { type FileSystem, fileErrorCode, type OpenFile } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { BlobReader, BlobStore, BlobWriter } from './blob-store.ts'

const packSuffix = '.pack'
/** Never ends in the suffix that {@link FsBlobStore.list} looks for. */
const temporarySuffix = '.tmp'

/** Blobs as files of one folder, which must exist and be durable. */
export class FsBlobStore implements BlobStore {
  readonly #files: FileSystem
  readonly #folder: string
  readonly #suffix: string

  /** @param suffix ends the names of the files: stores of different suffixes can share a folder */
  constructor(files: FileSystem, folder: string, suffix = packSuffix) {
    this.#files = files
    this.#folder = folder
    this.#suffix = suffix
  }

  async create(name: string): Promise<BlobWriter> {
    const final = this.#path(name)
    const temporary = `${final}${temporarySuffix}`
    try {
      if (await this.#files.exists(final)) throw alreadyThere(name)
      return new FileBlobWriter(this.#files, await this.#files.open(temporary, 'create'), temporary, final)
    } catch (error) {
      // Made all the same, perhaps: nobody else has this name.
      if (fileErrorCode(error) !== 'EEXIST') await this.#files.remove(temporary).catch(() => {})
      throw writeFault(error, final)
    }
  }

  async flush(): Promise<void> {
    try {
      await this.#files.syncDirectory(this.#folder)
    } catch (error) {
      throw writeFault(error, this.#folder)
    }
  }

  async open(name: string): Promise<BlobReader> {
    let file: OpenFile
    try {
      file = await this.#files.open(this.#path(name), 'read')
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') throw lost(name, 'it is missing')
      throw fileFault(error, `open pack ${name}`, 'Nothing was changed.')
    }
    try {
      if (file.refused !== undefined) throw lost(name, file.refused)
      return new FileBlobReader(name, file, (await file.stat()).size)
    } catch (error) {
      await file.close().catch(() => {})
      throw fileFault(error, `open pack ${name}`, 'Nothing was changed.')
    }
  }

  size(name: string): Promise<number | undefined> {
    return faulted(`look at ${name}`, async () => (await this.#files.stat(this.#path(name)))?.size)
  }

  remove(name: string): Promise<void> {
    return faulted(`remove ${name}`, async () => {
      await this.#files.remove(this.#path(name))
      await this.#files.syncDirectory(this.#folder)
    })
  }

  list(): Promise<readonly string[]> {
    return faulted('list the packs', async () => {
      const names = await this.#files.list(this.#folder)
      return names.filter(name => name.endsWith(this.#suffix)).map(name => name.slice(0, -this.#suffix.length))
    })
  }

  #path(name: string): string {
    return `${this.#folder}/${name}${this.#suffix}`
  }
}

class FileBlobWriter implements BlobWriter {
  readonly #files: FileSystem
  readonly #file: OpenFile
  readonly #temporary: string
  readonly #final: string
  #end = 0

  constructor(files: FileSystem, file: OpenFile, temporary: string, final: string) {
    this.#files = files
    this.#file = file
    this.#temporary = temporary
    this.#final = final
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    let at = this.#end
    for (const part of parts) this.#end += part.length
    try {
      for (const part of parts) {
        await this.#file.write(part, at)
        at += part.length
      }
    } catch (error) {
      throw writeFault(error, this.#final)
    }
  }

  async seal(): Promise<void> {
    try {
      await this.#file.sync()
      await this.#file.close()
      await this.#files.rename(this.#temporary, this.#final)
    } catch (error) {
      throw writeFault(error, this.#final)
    }
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {})
    await this.#files.remove(this.#temporary).catch(() => {})
    await this.#files.remove(this.#final).catch(() => {})
  }
}

class FileBlobReader implements BlobReader {
  readonly size: number
  readonly #name: string
  readonly #file: OpenFile

  constructor(name: string, file: OpenFile, size: number) {
    this.#name = name
    this.#file = file
    this.size = size
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    let bytes: Uint8Array
    try {
      bytes = await this.#file.read(offset, length)
    } catch (error) {
      throw fileFault(error, `read pack ${this.#name}`, 'Nothing was changed.')
    }
    if (bytes.length < length) throw lost(this.#name, 'it is cut short')
    return bytes
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {})
  }
}

const writeFault = (error: unknown, path: string): Error =>
  fileFault(error, `write ${path}`, 'This state was not saved; everything saved before is intact.')

async function faulted<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileFault(error, doing, 'Nothing that is recorded was changed.')
  }
}

function alreadyThere(name: string): WaymarkError {
  return new WaymarkError('conflict', {
    message: `a pack named ${name} exists already`,
    means: 'It was left as it is; this state was not saved.',
    remedy: 'Save again: names are drawn at random.',
    retryable: true,
  })
}

function lost(name: string, how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `pack ${name} cannot be read: ${how}`,
    means: 'The checkpoints in it cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
    details: { pack: name },
  })
}
