import { fileFault } from '../files/file-faults.ts'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import { namesIn } from '../files/names-in.ts'
import { readStart } from '../files/read-start.ts'
import { type Clock, type Random, sleep } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { type KeyRing, type LockedRing, lockRing, openRing } from './key-ring.ts'
import { decodeRing, encodeRing } from './ring-text.ts'

const ringName = /^ring\.([1-9][0-9]*)\.json$/
const mostRingBytes = 1024 * 1024
/** How long somebody may take between making the file of a ring and having written it. */
const writingGraceMs = 2_000
const lookAgainMs = 20
/** A ring is not replaced so often in a row while it is read: its name leads nowhere. */
const mostLooks = 100

/**
 * The ring of a store on disk: `keys/ring.<generation>.json`, the one of the highest number that is whole. A change makes the next number, which only one of several processes can, and then removes those before, so that a master
 * key which was taken away opens none of them. One that its maker did not finish counts for nothing.
 */
export class RingFiles {
  readonly #files: FileSystem
  readonly #folder: string
  readonly #clock: Clock | undefined

  /**
   * @param root folder of the store
   * @param clock with it, a change waits for another that is being written, up to 2 s
   */
  constructor(files: FileSystem, root: string, clock?: Clock) {
    this.#files = files
    this.#folder = `${root}/keys`
    this.#clock = clock
  }

  /** Undefined if there is none. */
  async read(): Promise<LockedRing | undefined> {
    return this.#reading(async () => {
      for (let look = 1; ; look++) {
        const generations = await this.#generations()
        let gone = false
        for (const generation of generations) {
          const text = await this.#text(generation)
          gone ||= text === undefined
          const ring = text === undefined ? undefined : decodeRing(text)
          if (ring?.generation === generation) return ring
        }
        // Replaced while it was looked for.
        if (!gone || look === mostLooks) return undefined
      }
    })
  }

  /**
   * Puts a ring in the place of the one it was made from. False, having changed nothing, if somebody else has changed that one meanwhile: read again, and make the change anew.
   *
   * @throws WaymarkError `unavailable`, `disk_full`
   */
  async replace(ring: KeyRing, random: Random): Promise<boolean> {
    return this.#reading(async () => {
      await makeDurableDirectory(this.#files, this.#folder)
      await this.#letFinish()
      if (!(await this.#isNext(ring))) return false
      const highest = (await this.#generations())[0] ?? 0
      // Above what somebody left unfinished.
      const generation = Math.max(ring.generation, highest + 1)
      const path = this.#path(generation)
      const text = encodeRing(lockRing({ ...ring, generation }, random))
      if (!(await this.#make(path, text, () => this.#isNext(ring)))) return false
      await this.#files.syncDirectory(this.#folder)
      const all = await this.#generations()
      // Whoever made a later one may have done so before this one was whole, and not know of it.
      if (all.some(other => other > generation)) return false
      for (const old of all) if (old < generation) await this.#files.remove(this.#path(old))
      await this.#files.syncDirectory(this.#folder)
      return true
    })
  }

  /** Whether there is a file of this generation: once the ring was changed, there is none. */
  async has(generation: number): Promise<boolean> {
    return this.#files.exists(this.#path(generation))
  }

  /** Whether there is a file above this ring: one that somebody writes, or did not finish. */
  async isUnsettled({ generation }: KeyRing): Promise<boolean> {
    return this.#reading(async () => (await this.#generations()).some(other => other > generation))
  }

  /** Whether the one it was made from is still the newest. */
  async #isNext(ring: KeyRing): Promise<boolean> {
    const current = await this.read()
    return (current?.generation ?? 0) < ring.generation
  }

  /** Waits while the newest file is not whole: somebody may be writing it. */
  async #letFinish(): Promise<void> {
    if (this.#clock === undefined) return
    const deadline = this.#clock.monotonicMs() + writingGraceMs
    while (this.#clock.monotonicMs() < deadline) {
      const [newest] = await this.#generations()
      if (newest === undefined || (await this.read())?.generation === newest) return
      await sleep(this.#clock, lookAgainMs)
    }
  }

  /** @param mayGoOn asked once the name is taken: whoever takes the next one sees this file, and whoever was before is whole */
  async #make(path: string, text: string, mayGoOn: () => Promise<boolean>): Promise<boolean> {
    const file = await this.#files.open(path, 'create').catch((error: unknown) => {
      if (fileErrorCode(error) === 'EEXIST') return undefined
      throw error
    })
    if (file === undefined) return false
    try {
      const goesOn = await mayGoOn()
      if (goesOn) {
        await file.write(Buffer.from(text), 0)
        await file.sync()
      }
      await file.close()
      if (!goesOn) await this.#files.remove(path)
      return goesOn
    } catch (error) {
      await file.close().catch(() => {})
      await this.#files.remove(path).catch(() => {})
      throw error
    }
  }

  /** Highest first. */
  async #generations(): Promise<readonly number[]> {
    const names = await namesIn(this.#files, this.#folder)
    return names.flatMap(name => Number(ringName.exec(name)?.[1] ?? [])).sort((a, b) => b - a)
  }

  async #text(generation: number): Promise<string | undefined> {
    try {
      return (await readStart(this.#files, this.#path(generation), mostRingBytes))?.toString('utf8')
    } catch (error) {
      if (fileErrorCode(error) === 'EISDIR') throw isFolder(this.#path(generation))
      throw error
    }
  }

  #path(generation: number): string {
    return `${this.#folder}/ring.${generation}.json`
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw fileFault(error, `read or change ${this.#folder}`, 'Nothing that is recorded was changed.')
    }
  }
}

const isFolder = (path: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `${path} is a folder, and not a key ring`,
    means: 'Nothing was read or written. Waymark makes no such folder; what is sealed in the store is not touched by this.',
    remedy: 'Move it out of the folder keys of the store.',
    details: { path },
  })

/**
 * The ring, opened with its secret.
 *
 * @throws WaymarkError `corrupt` if it was changed by somebody who has not the secret
 */
export function provenRing(locked: LockedRing, ringSecret: Uint8Array): KeyRing {
  const ring = openRing(locked, ringSecret)
  if (ring !== undefined) return ring
  throw new WaymarkError('corrupt', {
    message: 'the key ring of the store was changed after it was written, or is damaged',
    means: 'Nothing was read or written. What is sealed in the store is not touched by this.',
    remedy: 'Put back the folder keys of the store from a backup.',
  })
}
