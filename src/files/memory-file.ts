import { fileError } from './file-error.ts'
import type { FileStat, OpenFile } from './file-system.ts'

let made = 0

/** The content of a file that is in memory; it lives on while somebody has it open, whatever becomes of its name. */
export class MemoryFile {
  #bytes = new Uint8Array(0)
  #size = 0
  readonly #identity = `memory:${++made}`

  stat(): FileStat {
    return { size: this.#size, kind: 'file', identity: this.#identity }
  }

  opened(mayWrite: boolean, path: string): OpenFile {
    let isOpen = true
    const needsOpen = (operation: string): void => {
      if (!isOpen) throw fileError('EBADF', operation, path)
    }
    const needsWriting = (operation: string): void => {
      needsOpen(operation)
      if (!mayWrite) throw fileError('EBADF', operation, path)
    }
    return {
      write: async (bytes, position) => {
        needsWriting('write')
        this.#resize(Math.max(this.#size, position + bytes.length))
        this.#bytes.set(bytes, position)
      },
      read: async (position, length) => {
        needsOpen('read')
        return this.#bytes.slice(Math.min(position, this.#size), Math.min(position + length, this.#size))
      },
      sync: async () => needsOpen('fdatasync'),
      truncate: async length => {
        needsWriting('ftruncate')
        this.#resize(length)
      },
      stat: async () => {
        needsOpen('fstat')
        return this.stat()
      },
      close: async () => {
        isOpen = false
      },
    }
  }

  /** Room is doubled, so that a file that grows by little is not copied each time; bytes beyond the end are zeros. */
  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, this.#size))
      this.#bytes = larger
    }
    if (size < this.#size) this.#bytes.fill(0, size, this.#size)
    this.#size = size
  }
}
