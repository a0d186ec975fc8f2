import { fileFault } from '../files/file-faults.ts'
import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { makeDurableDirectory } from '../files/make-durable-directory.ts'
import type { Clock } from '../model/clock.ts'
import type { StageProgressEvent } from '../model/run-events.ts'
import type { StopKind, StopRequest } from '../model/stop-request.ts'
import { LiveProgress, type LiveReport } from './live-progress.ts'

const lookEveryMs = 250
const seenMark = '.seen'
/** Longer reasons are cut. */
const mostReasonLength = 500

/** `7kq2m4xh91da.2.pause`: run, attempt, what is asked. An attempt is one process's, so a request never stops another than the one it was meant for. */
const requestName = /^(.+)\.(\d+)\.(pause|pause-now|cancel|watch|live)$/

interface Watched {
  readonly run: string
  readonly attempt: number
  readonly obey: (request: StopRequest) => void
  readonly measure: (() => readonly StageProgressEvent[]) | undefined
  readonly obeyed: Set<StopKind>
  /** Found once, and not to be read: perhaps just being written. */
  readonly unread: Set<StopKind>
}

/**
 * What processes ask of each other's runs: small durable files in one folder of the store. Whoever works on runs looks at the folder four times a second, once for all of them, obeys what names its attempt,
 * says that it has seen it by renaming the file, and removes it when the attempt has ended. A file of an attempt that is over means nothing, whoever failed to remove it.
 */
export class RunRequests {
  readonly #files: FileSystem
  readonly #folder: string
  readonly #clock: Clock
  readonly #nameOf: (run: string) => string
  readonly #watched = new Map<string, Watched>()
  /** What is told to those who only watch. */
  readonly #live: LiveProgress
  #cancelLook: (() => void) | undefined
  #looking = false

  /** @param nameOf how a run is named in the names of files */
  constructor(files: FileSystem, folder: string, clock: Clock, nameOf: (run: string) => string = run => run) {
    this.#files = files
    this.#folder = folder
    this.#clock = clock
    this.#nameOf = nameOf
    this.#live = new LiveProgress(files, folder, clock)
  }

  /**
   * Calls `obey` once for each kind of request that names this attempt, and `measure` while somebody watches, until the function returned is called: that removes what was asked. Keeps no process alive.
   */
  watch(
    run: string,
    attempt: number,
    obey: (request: StopRequest) => void,
    measure?: () => readonly StageProgressEvent[],
  ): () => Promise<void> {
    const key = this.#keyOf(run, attempt)
    this.#watched.set(key, { run, attempt, obey, measure, obeyed: new Set(), unread: new Set() })
    if (this.#cancelLook === undefined && !this.#looking) this.#schedule()
    return async () => {
      this.#watched.delete(key)
      if (this.#watched.size === 0) {
        this.#cancelLook?.()
        this.#cancelLook = undefined
      }
      await this.forget(run, attempt)
    }
  }

  /**
   * Asks; durable when it resolves. Asked before, it is the same request.
   *
   * @throws WaymarkError `disk_full`, `unavailable`
   */
  async ask(run: string, attempt: number, request: StopRequest): Promise<void> {
    const path = `${this.#folder}/${this.#keyOf(run, attempt)}.${request.kind}`
    try {
      await makeDurableDirectory(this.#files, this.#folder)
      if (await this.#files.exists(path + seenMark)) return
      const file = await this.#files.open(path, 'create')
      try {
        const { kind: _kind, reason, ...rest } = request
        const said = { ...rest, ...(reason === undefined ? {} : { reason: reason.slice(0, mostReasonLength) }) }
        await file.write(Buffer.from(JSON.stringify(said)), 0)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#files.syncDirectory(this.#folder)
    } catch (error) {
      if (fileErrorCode(error) === 'EEXIST') return
      throw fileFault(error, `ask for it in ${this.#folder}`, 'The run goes on as before.')
    }
  }

  /** For whoever watches: how far the attempt is, between two saves too; undefined while it has not answered. */
  live(run: string, attempt: number): Promise<LiveReport | undefined> {
    return this.#live.ask(this.#keyOf(run, attempt))
  }

  /** Whether the process that works on the run has noticed the request. */
  wasSeen(run: string, attempt: number, kind: StopKind): Promise<boolean> {
    return this.#files.exists(`${this.#folder}/${this.#keyOf(run, attempt)}.${kind}${seenMark}`).catch(() => false)
  }

  /** Removes what was asked of a run up to this attempt. Left over, it would do no harm. */
  async forget(run: string, attempt: number): Promise<void> {
    const named = this.#nameOf(run)
    for (const name of await this.#names()) {
      const found = parse(name)
      if (found?.run === named && found.attempt <= attempt) await this.#files.remove(`${this.#folder}/${name}`).catch(() => {})
    }
  }

  #keyOf(run: string, attempt: number): string {
    return keyOf(this.#nameOf(run), attempt)
  }

  #schedule(): void {
    this.#cancelLook = this.#clock.after(
      lookEveryMs,
      () => {
        this.#cancelLook = undefined
        this.#looking = true
        void this.#look().finally(() => {
          this.#looking = false
          if (this.#watched.size > 0 && this.#cancelLook === undefined) this.#schedule()
        })
      },
      { background: true },
    )
  }

  async #look(): Promise<void> {
    for (const name of await this.#names()) {
      const found = parse(name)
      if (found === undefined) continue
      const watched = this.#watched.get(keyOf(found.run, found.attempt))
      if (watched === undefined || found.kind === 'live') continue
      if (found.kind === 'watch') {
        if (watched.measure !== undefined) await this.#live.answer(name, keyOf(found.run, found.attempt), watched.measure)
        continue
      }
      if (watched.obeyed.has(found.kind)) continue
      const path = `${this.#folder}/${name}`
      const said = await this.#read(path)
      if (said === undefined && !watched.unread.has(found.kind)) {
        watched.unread.add(found.kind)
        continue
      }
      watched.obeyed.add(found.kind)
      watched.obey({ ...(said ?? { time: this.#clock.now() }), kind: found.kind })
      if (!found.seen) await this.#files.rename(path, path + seenMark).catch(() => {})
    }
  }

  /** Without the folder nobody ever asked; one that cannot be read is looked at again. */
  #names(): Promise<readonly string[]> {
    return this.#files.list(this.#folder).catch(() => [])
  }

  /** What is in the file is only for people: what counts is its name, so that one torn by a power cut is obeyed all the same. */
  async #read(path: string): Promise<Omit<StopRequest, 'kind'> | undefined> {
    try {
      const file = await this.#files.open(path, 'read')
      try {
        return saidIn(JSON.parse(Buffer.from(await file.read(0, 4096)).toString('utf8')))
      } finally {
        await file.close()
      }
    } catch {
      return undefined
    }
  }
}

const keyOf = (run: string, attempt: number): string => `${run}.${attempt}`

interface Named {
  readonly run: string
  readonly attempt: number
  readonly kind: StopKind | 'watch' | 'live'
  readonly seen: boolean
}

const kinds: readonly Named['kind'][] = ['pause', 'pause-now', 'cancel', 'watch', 'live']

function parse(name: string): Named | undefined {
  const seen = name.endsWith(seenMark)
  const [, run, attempt, word] = requestName.exec(seen ? name.slice(0, -seenMark.length) : name) ?? []
  const kind = kinds.find(one => one === word)
  return run === undefined || kind === undefined ? undefined : { run, attempt: Number(attempt), kind, seen }
}

function saidIn(value: unknown): Omit<StopRequest, 'kind'> | undefined {
  if (typeof value !== 'object' || value === null || !('time' in value) || typeof value.time !== 'number') return undefined
  const by = 'by' in value ? value.by : undefined
  const reason = 'reason' in value && typeof value.reason === 'string' ? value.reason : undefined
  const isProcess = (one: unknown): one is { host: string; pid: number } =>
    typeof one === 'object' &&
    one !== null &&
    'host' in one &&
    typeof one.host === 'string' &&
    'pid' in one &&
    typeof one.pid === 'number'
  return {
    time: value.time,
    ...(isProcess(by) ? { by: { host: by.host, pid: by.pid } } : {}),
    ...(reason === undefined ? {} : { reason }),
  }
}
