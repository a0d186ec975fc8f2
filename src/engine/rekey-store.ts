import { fileFault } from '../files/file-faults.ts'
import { namesIn } from '../files/names-in.ts'
import { removePlainClaims } from '../log/remove-plain-claims.ts'
import { checkOptions, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { isAbandoned } from './is-abandoned.ts'
import { sealedParts } from './keys-report.ts'
import { rekeyFile, rekeyLeftover } from './rekey-file.ts'
import type { LeftFile, RekeyOptions, RekeyReport } from './rekey-report.ts'
import { beginRekey, endRekey } from './rekey-ring.ts'
import { listJournals } from './repair-journal.ts'
import { type ContentFile, sealedWith } from './sealed-with.ts'
import type { StoreCore } from './store-core.ts'

/** What other processes finish while it is at work is found by looking again; if they never end, it gives up after so many looks. */
const mostLooks = 20
/** A file that is renamed while a folder is listed may be missed under both names, but not by the next listing: none is renamed twice. */
const cleanLooks = 2
const intact = 'Everything in the store can be read as before. What was sealed anew is; the rest follows when it is called again.'

/** `store.rekey()` */
export async function rekeyStore(core: StoreCore, options: RekeyOptions = {}): Promise<RekeyReport> {
  checkOptions<RekeyOptions>('rekey', options, { onProgress: optionRules.any, signal: optionRules.any })
  sealedParts(core)
  if (core.readOnly) throw readOnly()
  const startedAt = core.clock.monotonicMs()
  try {
    const work = new Rekey(core, options, await beginRekey(core))
    const left = await work.run()
    await core.chunks.shelf.clear()
    const { dataKey, files, bytes, removed, claims } = work
    const seconds = (core.clock.monotonicMs() - startedAt) / 1000
    return { complete: left.length === 0, dataKey, files, bytes, removed, claims, seconds, left, kept: [...work.kept] }
  } catch (error) {
    throw fileFault(error, `seal ${core.path} anew`, intact)
  }
}

class Rekey {
  /** Everything is sealed with this one: the newest there is. */
  dataKey: string
  files = 0
  bytes = 0
  removed = 0
  claims = 0
  /** Files of which nothing can be opened, as a repair has noted. */
  readonly kept = new Set<string>()
  readonly #core: StoreCore
  readonly #options: RekeyOptions
  #done = 0
  #total = 0

  constructor(core: StoreCore, options: RekeyOptions, dataKey: string) {
    this.#core = core
    this.#options = options
    this.dataKey = dataKey
  }

  /** Resolves with what is left. */
  async run(): Promise<readonly LeftFile[]> {
    const { disk, path } = this.#core
    await this.#removeIndex()
    const noted = await notedSegments(this.#core)
    let left: LeftFile[] = []
    for (let look = 0, clean = 0; look < mostLooks && clean < cleanLooks; look++) {
      await this.#followRing()
      await this.#removePlainClaims()
      await this.#removeLeftovers()
      const found = await this.#foundOld()
      this.#total = this.#done + found.reduce((sum, { bytes }) => sum + bytes, 0)
      const before = this.files + this.removed + this.kept.size
      left = []
      let again = false
      for (const file of found) {
        const outcome = await this.#one(file, noted)
        again ||= outcome === 'again'
        if (outcome === 'again') left.push({ name: file.name, because: 'changes while it is sealed anew' })
        else if (typeof outcome === 'object') left.push({ name: file.name, ...outcome })
      }
      clean = found.length === 0 ? clean + 1 : 0
      if (clean === 0 && !again && this.files + this.removed + this.kept.size === before) break
    }
    await disk.syncDirectory(path)
    if (left.length > 0 || (await endRekey(this.#core, this.dataKey))) return left
    return [{ name: 'keys', because: 'have got another new data key meanwhile' }]
  }

  /** Somebody may have made another data key meanwhile. */
  async #followRing(): Promise<void> {
    const { seals } = sealedParts(this.#core)
    await seals.settle()
    this.dataKey = seals.current.id
  }

  async #one(file: ContentFile, noted: ReadonlySet<string>) {
    this.#checkSignal()
    const doneBefore = this.#done
    const outcome = await rekeyFile(this.#core, file, noted, bytes => {
      this.#checkSignal()
      this.#tell(Math.min(this.#done + bytes, doneBefore + file.bytes))
    })
    if (outcome === 'sealed') {
      this.files++
      this.bytes += file.bytes
    } else if (outcome === 'removed') this.removed++
    else if (outcome === 'kept') this.kept.add(file.name)
    this.#tell(doneBefore + file.bytes)
    return outcome
  }

  #tell(done: number): void {
    this.#done = done
    this.#options.onProgress?.({ done, total: this.#total })
  }

  #checkSignal(): void {
    if (this.#options.signal?.aborted !== true) return
    throw new WaymarkError('cancelled', {
      message: 'sealing the store anew was told to stop',
      means: intact,
      remedy: 'Run it again: it goes on where it stopped.',
      retryable: true,
      cause: this.#options.signal.reason,
    })
  }

  async #removePlainClaims(): Promise<void> {
    const { disk, path, feed } = this.#core
    const { seals } = sealedParts(this.#core)
    if (!seals.acceptsPlain) return
    await feed.refresh()
    const isRun = async (name: string): Promise<boolean> => (await feed.query(catalog => catalog.run(name))) !== undefined
    this.claims += await removePlainClaims(disk, path, seals, isRun)
  }

  /** What remembers chunks of plain times: what is made anew in its place says nothing without the keys. */
  async #removeIndex(): Promise<void> {
    const { disk, path } = this.#core
    if (!sealedParts(this.#core).seals.acceptsPlain) return
    for (const name of await disk.list(path)) if (name.startsWith('chunks.sqlite')) await this.#remove(name)
  }

  /** Removes what a rekey that was killed has left. One that is at work notices, and seals the file anew once more. */
  async #removeLeftovers(): Promise<void> {
    const { disk, path } = this.#core
    for await (const { name } of sealedWith(disk, path)) if (rekeyLeftover.test(name)) await this.#remove(name)
    for await (const name of begun(this.#core)) if (rekeyLeftover.test(name)) await this.#remove(name)
  }

  async #remove(name: string): Promise<void> {
    await this.#core.disk.remove(`${this.#core.path}/${name}`)
    this.removed++
  }

  /** What is not sealed with the newest key. */
  async #foundOld(): Promise<readonly ContentFile[]> {
    const { disk, path } = this.#core
    const found: ContentFile[] = []
    for await (const file of sealedWith(disk, path))
      if (file.dataKey !== this.dataKey && !this.kept.has(file.name)) found.push(file)
    for await (const name of begun(this.#core)) found.push({ name, bytes: 0, dataKey: undefined })
    return found
  }
}

/** The segments of the log of which a repair that was not undone has noted that they are damaged. */
async function notedSegments({ files, path }: StoreCore): Promise<ReadonlySet<string>> {
  const journals = await listJournals(files, path)
  const counting = journals.filter(({ state }) => state === 'changing' || state === 'done')
  return new Set(counting.flatMap(({ segments }) => segments.map(({ segment }) => segment)))
}

/** Files that somebody may be about to seal with the key that was the newest a moment ago. */
async function* begun(core: StoreCore, folders: readonly string[] = ['packs', 'aside']): AsyncIterableIterator<string> {
  const { disk, path: root } = core
  for (const folder of folders)
    for (const name of await namesIn(disk, `${root}/${folder}`)) {
      const file = `${folder}/${name}`
      const { kind, size } = (await disk.stat(`${root}/${file}`)) ?? {}
      if (kind === 'directory') yield* begun(core, [file])
      else if (size === 0 && (name.endsWith('.tmp') || !(await isAbandoned(core, `${root}/${file}`)))) yield file
    }
}

const readOnly = (): WaymarkError =>
  new WaymarkError('unavailable', {
    message: 'the store was opened to be read only',
    means: 'Nothing was changed.',
    remedy: 'Open it without readOnly.',
  })
