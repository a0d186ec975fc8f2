import type { Clock } from '../model/clock.ts'
import { isLocked } from './folder-lock.ts'
import type { RotatingFile } from './rotating-file.ts'

/** How long a line may wait for more before it is written. */
const waitMs = 200
const mostWaitingBytes = 64 * 1024
/** Lines that cannot be written are kept up to this, so that those of a short trouble are not lost. */
const mostKeptBytes = 4 << 20
/** While they cannot be written it is tried again ever more seldom, up to this. */
const longestWaitMs = 30_000
/** So often in a row another process may be at it before that counts as trouble. */
const mostLocked = 5

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
  /** Tries in a row that failed. */
  #failed = 0
  #isTold = false
  #cancel: (() => void) | undefined

  constructor(options: LineBufferOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0
  }

  /** Gives up what is not written yet; returns how many lines are lost. */
  end(): number {
    this.#cancel?.()
    const lost = this.#lost + this.#lines.length
    this.#lines = []
    return lost
  }

  /** @param line ends with a line end */
  write(line: string): void {
    this.#lines.push(line)
    this.#length += line.length
    // Where it failed it is tried again in time, not with each line.
    if (this.#length >= mostWaitingBytes && this.#failed === 0) return this.flush()
    if (this.#length > mostKeptBytes) this.#drop()
    this.#plan()
  }

  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.isEmpty) return
    const { file, onTrouble, onRelief } = this.#options
    let lines = Buffer.from(this.#lines.join(''))
    try {
      while (lines.length > 0) lines = lines.subarray(file.append(lines))
    } catch (error) {
      this.#lines = lines.toString().split(/(?<=\n)/)
      this.#length = lines.length
      this.#failed++
      if (!this.#isTold && (!isLocked(error) || this.#failed > mostLocked)) {
        this.#isTold = true
        onTrouble(error)
      }
      return this.#plan()
    }
    this.#lines = []
    this.#length = 0
    this.#failed = 0
    if (this.#isTold || this.#lost > 0) onRelief(this.#lost)
    this.#isTold = false
    this.#lost = 0
  }

  #plan(): void {
    const ms = Math.min(longestWaitMs, waitMs * 2 ** this.#failed)
    this.#cancel ??= this.#options.clock.after(ms, () => this.flush(), { background: true })
  }

  #drop(): void {
    const dropped = this.#lines.splice(0, Math.ceil(this.#lines.length / 2))
    this.#lost += dropped.length
    for (const { length } of dropped) this.#length -= length
  }
}
