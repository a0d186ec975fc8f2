import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { FolderLock } from './folder-lock.ts'
import { makeFolder } from './make-folder.ts'
import { oldName, tendOldFiles } from './old-files.ts'

const lineEnd = 10

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
 * A log file that any number of processes append whole lines to, and that is gone on with in a new file when it is large or a day is over (local time). No line is lost or written twice: one process writes or renames at a time, and only
 * into the file that has the name.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions
  #file: number | undefined
  #tending: Promise<void> = Promise.resolve()

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  get path(): string {
    return this.#options.path
  }

  /**
   * Appends whole lines, each of which ends with a line end, as many as fit into one file, and at least one.
   *
   * @returns how many bytes of them were written
   * @throws what the file system says, or the lock: then none was
   */
  append(lines: Buffer): number {
    return this.#options.lock.holding(() => {
      if (this.#isDue(lines.indexOf(lineEnd) + 1)) this.#moveOn()
      const file = this.#open()
      const { size } = fstatSync(file)
      const part = lines.subarray(0, this.#fitting(lines, size))
      try {
        // Of a line that a killed process broke off, the next one is no part.
        if (size > 0 && !endsLine(file, size)) writeSync(file, '\n')
        for (let at = 0; at < part.length; ) at += writeSync(file, part, at)
      } catch (error) {
        ftruncateSync(file, size)
        throw error
      }
      return part.length
    })
  }

  /** Bytes of the lines that the file has room for; the first one always fits. */
  #fitting(lines: Buffer, size: number): number {
    const room = this.#options.maxBytes - size
    if (lines.length <= room) return lines.length
    const first = lines.indexOf(lineEnd) + 1
    return Math.max(first, room <= 0 ? 0 : lines.lastIndexOf(lineEnd, room - 1) + 1)
  }

  /** Resolves when old files are compressed, and those that are too many are gone. */
  tended(): Promise<void> {
    return this.#tending
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** The file that has the name now. */
  #open(): number {
    if (this.#file !== undefined && this.#hasName(this.#file)) return this.#file
    this.close()
    makeFolder(dirname(this.#options.path))
    this.#file = openSync(this.#options.path, 'a+', 0o600)
    this.#tend()
    return this.#file
  }

  #hasName(file: number): boolean {
    const named = statSync(this.#options.path, { throwIfNoEntry: false })
    const { ino, dev } = fstatSync(file)
    return named?.ino === ino && named.dev === dev
  }

  #isDue(bytes: number): boolean {
    const { path, maxBytes, now } = this.#options
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined || found.size === 0) return false
    return found.size + bytes > maxBytes || dayOf(found.mtimeMs) < dayOf(now())
  }

  #moveOn(): void {
    const { path, now } = this.#options
    const nowMs = now()
    let count = 0
    while (existsSync(oldName(path, nowMs, count)) || existsSync(`${oldName(path, nowMs, count)}.gz`)) count++
    renameSync(path, oldName(path, nowMs, count))
    this.close()
  }

  #tend(): void {
    const { path, now, files, keepDays } = this.#options
    const tend = () => tendOldFiles(path, { files, keepDays, nowMs: now() })
    // What cannot be tended now is tended the next time.
    this.#tending = this.#tending.then(tend).catch(() => {})
  }
}

function endsLine(file: number, size: number): boolean {
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return last[0] === lineEnd
}

/** The local day, ascending. */
function dayOf(ms: number): number {
  const at = new Date(ms)
  return at.getFullYear() * 10_000 + at.getMonth() * 100 + at.getDate()
}
