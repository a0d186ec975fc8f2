import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { fileFault } from '../files/file-faults.ts'
import type { OpenFile } from '../files/file-system.ts'
import { newProcessId } from '../model/ids.ts'
import type { Scratch } from '../tables/scratch.ts'
import type { StoreCore } from './store-core.ts'

/** So much is kept in memory: most tables need no file. */
const memoryBytes = 16 * 1024 * 1024
/** Written to the file together. */
const writeBytes = 1 << 20
/** Of the cipher: a place in the file begins with a block. */
const blockBytes = 16

/**
 * A scratch in memory, and from 16 MiB on in a file beside the store that has no name: whatever ends the process, nothing is left. What is in the file is encrypted with a key that only
 * this process ever has, so that no copy of the data outlives it on the disk.
 */
export class ScratchFile implements Scratch {
  readonly #core: Pick<StoreCore, 'files' | 'path' | 'random'>
  readonly #memoryBytes: number
  readonly #signal: AbortSignal | undefined
  readonly #key = randomBytes(32)
  /** What is not in the file yet, from `#written` on. */
  #buffer = Buffer.allocUnsafe(writeBytes)
  #buffered = 0
  #written = 0
  #file: OpenFile | undefined
  #path: string | undefined

  /** @param signal what it was made for is over when this aborts: whoever goes on with it gets the reason */
  constructor(core: Pick<StoreCore, 'files' | 'path' | 'random'>, memory: number = memoryBytes, signal?: AbortSignal) {
    this.#core = core
    this.#memoryBytes = memory
    this.#signal = signal
  }

  /** @throws WaymarkError `disk_full`, `unavailable` */
  async append(bytes: Uint8Array): Promise<number> {
    this.#signal?.throwIfAborted()
    const position = this.#written + this.#buffered
    if (this.#buffered + bytes.length > this.#buffer.length) await this.#makeRoom(bytes.length)
    this.#buffer.set(bytes, this.#buffered)
    this.#buffered += bytes.length
    return position
  }

  /** @throws WaymarkError `unavailable` */
  async read(position: number, length: number): Promise<Uint8Array> {
    this.#signal?.throwIfAborted()
    const result = new Uint8Array(length)
    const inFile = Math.max(0, Math.min(length, this.#written - position))
    if (inFile > 0) result.set(await this.#readFile(position, inFile))
    const from = position + inFile - this.#written
    result.set(this.#buffer.subarray(from, from + length - inFile), inFile)
    return result
  }

  async close(): Promise<void> {
    await this.#file?.close()
    if (this.#path !== undefined) await this.#core.files.remove(this.#path).catch(() => {})
    this.#file = undefined
  }

  async #makeRoom(length: number): Promise<void> {
    const needed = this.#buffered + length
    if (this.#file === undefined && needed <= this.#memoryBytes) {
      this.#grow(Math.min(this.#memoryBytes, Math.max(needed, 2 * this.#buffer.length)))
      return
    }
    this.#file ??= await this.#open()
    // Only whole blocks, so that the next write begins with one.
    const whole = this.#buffered - (this.#buffered % blockBytes)
    const cipher = createCipheriv('aes-256-ctr', this.#key, counterAt(this.#written))
    const encrypted = cipher.update(this.#buffer.subarray(0, whole))
    await this.#file.write(encrypted, this.#written).catch(error => this.#refuse(error, 'write'))
    this.#buffer.copyWithin(0, whole, this.#buffered)
    this.#written += whole
    this.#buffered -= whole
    this.#grow(Math.max(writeBytes, this.#buffered + length))
  }

  #grow(bytes: number): void {
    const buffer = Buffer.allocUnsafe(bytes)
    buffer.set(this.#buffer.subarray(0, this.#buffered))
    this.#buffer = buffer
  }

  async #readFile(position: number, length: number): Promise<Uint8Array> {
    const skipped = position % blockBytes
    const bytes = await this.#file?.read(position - skipped, length + skipped).catch(error => this.#refuse(error, 'read'))
    if (bytes === undefined || bytes.length !== length + skipped)
      throw new Error('the scratch file is shorter than what was written')
    return createDecipheriv('aes-256-ctr', this.#key, counterAt(position - skipped))
      .update(bytes)
      .subarray(skipped)
  }

  async #open(): Promise<OpenFile> {
    const { files, path, random } = this.#core
    const name = `${path}/scratch-${newProcessId(random)}`
    const file = await files.open(name, 'create').catch(error => this.#refuse(error, 'make'))
    // Where a file that is open cannot be removed, it is when it is closed.
    this.#path = await files.remove(name).then(
      () => undefined,
      () => name,
    )
    return file
  }

  #refuse(error: unknown, doing: string): never {
    const what = `${doing} the file in ${this.#core.path} in which rows wait until a table is saved`
    throw fileFault(error, what, 'The table was not saved; every checkpoint before it is as it was.')
  }
}

/** The counter of the block that begins at this byte. */
function counterAt(position: number): Buffer {
  const counter = Buffer.alloc(blockBytes)
  counter.writeBigUInt64BE(BigInt(position / blockBytes), blockBytes - 8)
  return counter
}
