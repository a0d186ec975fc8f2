import { fileFault } from '../files/file-faults.ts'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { BlobStore } from './blob-store.ts'

const suffix = '.pack'
/** Never ends in the suffix that {@link FsBlobStore.list} looks for. */
const temporarySuffix = '.tmp'

/** Blobs as files of one folder, which must exist and be durable. */
export class FsBlobStore implements BlobStore {
  readonly #files: FileSystem
  readonly #folder: string

  constructor(files: FileSystem, folder: string) {
    this.#files = files
    this.#folder = folder
  }

  async put(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const final = this.#path(name)
    const temporary = `${this.#folder}/${name}${temporarySuffix}`
    try {
      if (await this.#files.exists(final)) throw alreadyThere(name)
      const file = await this.#files.open(temporary, 'create')
      try {
        let at = 0
        for (const part of parts) {
          await file.write(part, at)
          at += part.length
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#publish(temporary, final)
    } catch (error) {
      await this.#files.remove(temporary).catch(() => {})
      throw fileFault(error, `store ${name}`, 'This state was not saved; everything saved before is intact.')
    }
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    let bytes: Uint8Array
    try {
      const file = await this.#files.open(this.#path(name), 'read')
      try {
        bytes = await file.read(offset, length)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') throw lost(name, 'it is missing')
      throw fileFault(error, `read ${name}`, 'Nothing was changed.')
    }
    if (bytes.length < length) throw lost(name, 'it is cut short')
    return bytes
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
      return names.filter(name => name.endsWith(suffix)).map(name => name.slice(0, -suffix.length))
    })
  }

  async #publish(temporary: string, final: string): Promise<void> {
    await this.#files.rename(temporary, final)
    try {
      await this.#files.syncDirectory(this.#folder)
    } catch (error) {
      await this.#files.remove(final).catch(() => {})
      throw error
    }
  }

  #path(name: string): string {
    return `${this.#folder}/${name}${suffix}`
  }
}

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
