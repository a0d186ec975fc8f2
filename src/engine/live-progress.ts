import type { FileSystem } from '../files/file-system.ts'
import type { Clock } from '../model/clock.ts'
import type { StageProgressEvent } from '../model/run-events.ts'

/** What a process says of a run it works on, while somebody watches. */
export interface LiveReport {
  /** Wall milliseconds of that process. */
  readonly time: number
  /** Of each pass that goes on, what is not recorded yet included. */
  readonly progress: readonly StageProgressEvent[]
}

const askEveryMs = 5_000
/** A watcher that asked and then asked no more for so long is gone. */
const watcherGoneMs = 15_000
const mostPasses = 20
const mostBytes = 256 * 1024

/**
 * Progress between two saves, which may be minutes apart, for those who watch from another process: they leave a file that they renew, and as long as it changes the process that works on the run writes down
 * how far it is, four times a second. Without a watcher nothing is written. Nothing here is durable, and nothing depends on it.
 */
export class LiveProgress {
  readonly #files: FileSystem
  readonly #folder: string
  readonly #clock: Clock
  /** Of those who watch, what they last left here, and since when. */
  readonly #watchers = new Map<string, { said: string; sinceMs: number }>()
  readonly #asked = new Map<string, number>()

  constructor(files: FileSystem, folder: string, clock: Clock) {
    this.#files = files
    this.#folder = folder
    this.#clock = clock
  }

  /** For the process that works on the run: answers whoever asks in the file `name`. */
  async answer(name: string, key: string, measure: () => readonly StageProgressEvent[]): Promise<void> {
    const said = (await this.#read(name)) ?? ''
    const known = this.#watchers.get(name)
    const now = this.#clock.monotonicMs()
    if (known === undefined || known.said !== said) this.#watchers.set(name, { said, sinceMs: now })
    else if (now - known.sinceMs > watcherGoneMs) return
    const report: LiveReport = { time: this.#clock.now(), progress: measure().slice(0, mostPasses) }
    await this.#write(`${key}.live`, JSON.stringify(report))
  }

  /** For whoever watches: asks again if that is due, and gives the newest answer; undefined while there is none. */
  async ask(key: string): Promise<LiveReport | undefined> {
    const now = this.#clock.monotonicMs()
    const last = this.#asked.get(key)
    if (last === undefined || now - last > askEveryMs) {
      this.#asked.set(key, now)
      await this.#files.makeDirectory(this.#folder).catch(() => {})
      await this.#write(`${key}.watch`, `${this.#clock.now()} ${now}`)
    }
    const text = await this.#read(`${key}.live`)
    return text === undefined ? undefined : reportIn(text)
  }

  /** Not synced: after a power cut there is nothing left to watch. What fails is tried again by the next look. */
  async #write(name: string, text: string): Promise<void> {
    const path = `${this.#folder}/${name}`
    const temporary = `${path}.tmp`
    try {
      await this.#files.remove(temporary)
      const file = await this.#files.open(temporary, 'create')
      try {
        await file.write(Buffer.from(text), 0)
      } finally {
        await file.close()
      }
      await this.#files.rename(temporary, path)
    } catch {
      await this.#files.remove(temporary).catch(() => {})
    }
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      const file = await this.#files.open(`${this.#folder}/${name}`, 'read')
      try {
        return Buffer.from(await file.read(0, mostBytes)).toString('utf8')
      } finally {
        await file.close()
      }
    } catch {
      return undefined
    }
  }
}

/** Another version may have written it: what is not as expected is no answer. */
function reportIn(text: string): LiveReport | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value) || typeof value['time'] !== 'number' || !Array.isArray(value['progress'])) return undefined
    return { time: value['time'], progress: value['progress'].filter(isProgress) }
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function isProgress(value: unknown): value is StageProgressEvent {
  if (!isObject(value) || value['type'] !== 'progress' || typeof value['stage'] !== 'string') return false
  const { counts, reused, atRisk } = value
  if (!isObject(counts) || typeof reused !== 'number' || typeof atRisk !== 'number') return false
  return ['done', 'skipped', 'setAside', 'retries'].every(name => typeof counts[name] === 'number')
}
