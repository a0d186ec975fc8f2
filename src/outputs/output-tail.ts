import { createHash } from 'node:crypto'
import type { OpenFile } from '../files/file-system.ts'

/** Enough to tell another file, or other lines, from ours; little enough to hash at every flush. */
const tailBytes = 4_096

/** The last bytes before a position of an output, by which the file is recognised on resume. */
export class OutputTail {
  #bytes: Uint8Array

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#bytes = bytes.slice(-tailBytes)
  }

  /** The tail before `length`; shorter than it should be if the file is. */
  static async read(file: Pick<OpenFile, 'read'>, length: number): Promise<OutputTail> {
    const start = Math.max(0, length - tailBytes)
    return new OutputTail(await file.read(start, length - start))
  }

  /** Moves on behind `bytes`. */
  add(bytes: Uint8Array): void {
    this.#bytes = bytes.length >= tailBytes ? bytes.slice(-tailBytes) : Buffer.concat([this.#bytes, bytes]).subarray(-tailBytes)
  }

  /** Whether the last line is finished; true where there is none. */
  get endsLine(): boolean {
    return this.#bytes.length === 0 || this.#bytes.at(-1) === 10
  }

  /** SHA-256 in hex. */
  get digest(): string {
    return createHash('sha256').update(this.#bytes).digest('hex')
  }
}
