import type { ChunkIndex } from '../chunks/chunk-index.ts'
import { inlineWorkbench } from '../chunks/workbench.ts'
import type { Checkpoint } from '../engine/load-checkpoint.ts'
import { identifyProcess } from '../engine/process-identity.ts'
import type { SaveLabels } from '../engine/save-checkpoint.ts'
import type { Store } from '../engine/store.ts'
import type { FileSystem } from '../files/file-system.ts'
import type { Compression } from '../format/compression.ts'
import type { Clock } from '../model/clock.ts'
import { open } from '../open.ts'
import type { CatalogPool } from './catalog-pool.ts'
import { type SavedContent, saveOptionsOf } from './chunk-contents.ts'
import type { ChunkFacts, SaveAttempt } from './chunk-facts.ts'
import { BrokenChunkPromise, promised } from './chunk-promises.ts'
import { type CrashModel, crashState } from './crash-states.ts'
import { seededRandom } from './seeded-random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

export const storePath = '/disk/.waymark'

export interface MachineOptions {
  readonly disk: SimulatedDisk
  readonly facts: ChunkFacts
  readonly index: ChunkIndex
  readonly catalogs: CatalogPool
  readonly compression: Compression
  /** Packs are written with parity. */
  readonly parity?: boolean
  /** Each process draws its names from a seed of its own, which nobody has used before. */
  readonly nextSeed: () => number
  /** Changes the file system that a process sees. */
  readonly wrap?: (files: FileSystem) => FileSystem
}

/** A simulated machine: processes with a store each, and notes of what they were told. */
export class ChunkMachine {
  readonly disk: SimulatedDisk
  readonly facts: ChunkFacts
  readonly #options: MachineOptions

  constructor(options: MachineOptions) {
    this.#options = options
    this.disk = options.disk
    this.facts = options.facts
  }

  /** One more process. */
  open(): Promise<Store> {
    const { disk, index, catalogs, compression, parity = false, nextSeed, wrap = (files: FileSystem) => files } = this.#options
    const seed = nextSeed()
    return open({
      path: storePath,
      compression,
      parity,
      components: {
        files: wrap(disk.process(`process ${seed}`)),
        clock: diskClock(disk),
        random: seededRandom(seed),
        identify: name => ({ ...self, process: name, processStart: `simulated ${name}` }),
        openCatalog: () => catalogs.open(),
        openChunkIndex: () => index,
        workbenches: { forBytes: () => inlineWorkbench },
      },
    })
  }

  /** Saves, and notes when that was acknowledged. */
  async save(store: Store, name: string, content: SavedContent, labels: SaveLabels = {}): Promise<Checkpoint> {
    const attempt = this.facts.begin(name, content, this.disk.lastOperation)
    const before = new Set(await this.#packs())
    const saving = store.save({ ...saveOptionsOf(content), ...labels, metadata: { name } })
    const saved = await promised('undisturbed', `save of ${name}`, () => saving)
    const older = this.facts.attempts.find(other => saved.order <= (other.acknowledged?.order ?? 0) && isBefore(other, attempt))
    if (older !== undefined)
      throw new BrokenChunkPromise('ordered', `${name} is not newer than ${older.name}, which was there before`)
    const after = this.disk.lastOperation
    attempt.acknowledged = { after, id: saved.id, order: saved.order, packs: await this.#packs(before) }
    return saved
  }

  /**
   * Names in the folder of packs that are durable, of what is not half written. Others may be of a save that is still under way, or of a process that was killed: nothing stands on those.
   */
  async #packs(before?: ReadonlySet<string>): Promise<readonly string[]> {
    const listIn = (model: CrashModel): Promise<readonly string[]> =>
      crashState(this.disk, this.disk.lastOperation, model, seededRandom(0)).process('look').list(`${storePath}/packs`)
    // One that was removed is still there after a power cut as long as the folder was not synced.
    const present = new Set(await listIn('everything'))
    const names = (await listIn('only-synced')).filter(name => !name.endsWith('.tmp') && present.has(name))
    // What a power cut left of a save that was never acknowledged may lack its parity.
    const alone = names.find(
      name => before?.has(name) === false && name.endsWith('.pack') && !names.includes(name.replace(/\.pack$/, '.par')),
    )
    if (this.#options.parity === true && alone !== undefined) throw new BrokenChunkPromise('paired', alone)
    return names
  }

  async delete(store: Store, name: string): Promise<void> {
    const attempt = this.facts.get(name)
    if (attempt?.acknowledged === undefined) throw new Error(`${name} was not saved`)
    attempt.deleting = this.disk.lastOperation
    await store.delete(attempt.acknowledged.id)
    attempt.deleted = this.disk.lastOperation
  }
}

const self = identifyProcess('simulated')

/** One was acknowledged before the other was begun. */
const isBefore = (a: SaveAttempt, b: SaveAttempt): boolean => a.acknowledged !== undefined && a.acknowledged.after <= b.began

/** A wall clock for all processes of a machine, that moves with the operations of its disk, and at once where somebody waits. Timers in the background never fire. */
function diskClock(disk: SimulatedDisk): Clock {
  let waitedMs = Date.UTC(2026, 0, 1)
  const now = (): number => waitedMs + disk.lastOperation
  return {
    now,
    monotonicMs: now,
    after(delayMs, callback, options) {
      if (options?.background === true) return () => {}
      const timer = setImmediate(() => {
        waitedMs += delayMs
        callback()
      })
      return () => clearImmediate(timer)
    },
  }
}
