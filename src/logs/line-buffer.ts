import type { Clock } from '../model/clock.ts'
import type { RotatingFile } from './rotating-file.ts'

/** How long a line may wait for more before it is written. */
const waitMs = 200
const mostWaitingBytes = 64 * 1024
/** Lines that cannot be written are kept up to this, so that those of a short trouble are not lost. */
const mostKeptBytes = 4 << 20

export interface LineBufferOptions {
  readonly file: RotatingFile
  readonly clock: Clock
  /** Called when lines cannot be written, once until they can be again. */
  readonly onTrouble: (error: unknown) => void
  /** Called when lines can be written again: how many were lost. */
  readonly onRelief: (lost: number) => void
}

/** Lines on their way into a file: gathered for a moment, and kept where it cannot be written. Nothing here throws. */
export class LineBuffer {
  readonly #options: LineBufferOptions
  #lines: string[] = []
  #length = 0
  #lost = 0
  #isTroubled = false
  #cancel: (() => void) | undefined

  constructor(options: LineBufferOptions) {
    this.#options = options
  }

  /** @param line ends with a line end */
  write(line: string): void {
    this.#lines.push(line)
    this.#length += line.length
    // In trouble it is tried again in time, not with each line.
    if (this.#length >= mostWaitingBytes && !this.#isTroubled) return this.flush()
    if (this.#length > mostKeptBytes) this.#drop()
    this.#cancel ??= this.#options.clock.after(waitMs, () => this.flush(), { background: true })
  }

  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#lines.length === 0) return
    const { file, onTrouble, onRelief } = this.#options
    try {
      file.append(Buffer.from(this.#lines.join('')))
    } catch (error) {
      if (!this.#isTroubled) onTrouble(error)
      this.#isTroubled = true
      return
    }
    this.#lines = []
    this.#length = 0
    if (this.#isTroubled) onRelief(this.#lost)
    this.#isTroubled = false
    this.#lost = 0
  }

  #drop(): void {
    const dropped = this.#lines.splice(0, Math.ceil(this.#lines.length / 2))
    this.#lost += dropped.length
    for (const { length } of dropped) this.#length -= length
  }
}
