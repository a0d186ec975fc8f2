import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import type { FolderLock } from './folder-lock.ts'
import { oldName, tendOldFiles } from './old-files.ts'

export interface RotatingFileOptions {
  readonly path: string
  /** Of the folder that it lies in: all processes that write there have the same. */
  readonly lock: FolderLock
  /** A file that would grow beyond this is gone on with in a new one. */
  readonly maxBytes: number
  /** Old files at most. */
  readonly files: number
  readonly keepDays: number
  readonly now: () => number
}

/**
 * A log file that any number of processes append whole lines to, and that is gone on with in a new file when it is large or a day is over (local time). No line is lost or written twice: lines go into the file that has the name while
 * the lock is shared, and the name moves on only while nobody has it.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions
  #file: number | undefined
  #tending: Promise<void> = Promise.resolve()

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  /**
   * Appends whole lines, each of which ends with a line end.
   *
   * @throws what the file system says; then some of it may have been written
   */
  append(lines: Buffer): void {
    const { lock } = this.#options
    try {
      if (lock.shared(() => this.#appendNow(lines))) return
      lock.alone(() => {
        if (this.#isDue(lines.length)) this.#moveOn()
        this.#write(this.#open(), lines)
      })
    } catch (error) {
      // It may have ended within a line: that is seen to when it is opened.
      this.close()
      throw error
    }
  }

  /** Resolves when old files are compressed, and those that are too many are gone. */
  tended(): Promise<void> {
    return this.#tending
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** False where another file is to be opened first, or a new one begun. */
  #appendNow(lines: Buffer): boolean {
    if (this.#file === undefined || !this.#hasName(this.#file) || this.#isDue(lines.length)) return false
    this.#write(this.#file, lines)
    return true
  }

  #write(file: number, lines: Buffer): void {
    for (let at = 0; at < lines.length; ) at += writeSync(file, lines, at)
  }

  #hasName(file: number): boolean {
    const named = statSync(this.#options.path, { throwIfNoEntry: false })
    const { ino, dev } = fstatSync(file)
    return named?.ino === ino && named.dev === dev
  }

  /** Only while nobody writes: what is not a whole line yet was broken off, and the next line is no part of it. */
  #open(): number {
    if (this.#file !== undefined && this.#hasName(this.#file)) return this.#file
    this.close()
    const file = openSync(this.#options.path, 'a+', 0o600)
    this.#file = file
    const { size } = fstatSync(file)
    if (size > 0 && !endsLine(file, size)) writeSync(file, '\n')
    return file
  }

  #isDue(bytes: number): boolean {
    const { path, maxBytes, now } = this.#options
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined || found.size === 0) return false
    return found.size + bytes > maxBytes || dayOf(found.mtimeMs) < dayOf(now())
  }

  #moveOn(): void {
    const { path, now, files, keepDays } = this.#options
    const nowMs = now()
    let count = 0
    while (existsSync(oldName(path, nowMs, count)) || existsSync(`${oldName(path, nowMs, count)}.gz`)) count++
    renameSync(path, oldName(path, nowMs, count))
    this.close()
    const tend = () => tendOldFiles(path, { files, keepDays, nowMs })
    // What cannot be tended now is tended when the file is gone on with the next time.
    this.#tending = this.#tending.then(tend).catch(() => {})
  }
}

function endsLine(file: number, size: number): boolean {
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return last[0] === 10
}

/** The local day, ascending. */
function dayOf(ms: number): number {
  const at = new Date(ms)
  return at.getFullYear() * 10_000 + at.getMonth() * 100 + at.getDate()
}
