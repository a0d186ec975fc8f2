import type { RetainedLeaves } from '../chunks/retained-leaves.ts'
import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import { KnownSubtrees } from '../format/known-subtrees.ts'
import { WaymarkError } from '../model/errors.ts'
import type { Parents } from './parents.ts'
import { asideFolder, journalName, listJournals } from './repair-journal.ts'

export interface MemoryOptions {
  readonly files: FileSystem
  /** The store's folder. */
  readonly path: string
  readonly parents: Parents
  readonly leaves: RetainedLeaves
  /** Closes and forgets what is open for reading. */
  readonly clearReading: () => Promise<void>
}

/**
 * What this process remembers of its saves, so that the next needs to read, compare and store less: where the chunks of the newest checkpoints are. A repair may take chunks away, in this process or
 * another; then all of it is forgotten.
 */
export class MemoryOfSaves {
  readonly parents: Parents
  readonly leaves: RetainedLeaves
  readonly #options: MemoryOptions
  #subtrees = new KnownSubtrees()
  /** The repairs that were there when it was last asked, and how far each had got. */
  #repairs = ''
  #epoch = 0
  #underRepair = false

  constructor(options: MemoryOptions) {
    this.#options = options
    this.parents = options.parents
    this.leaves = options.leaves
  }

  /** What was saved in `immutable` mode. */
  get subtrees(): KnownSubtrees {
    return this.#subtrees
  }

  /** Grows whenever everything is forgotten: what was learned under another one may be gone. */
  get epoch(): number {
    return this.#epoch
  }

  /** A repair is at work, or was interrupted: what it will take away cannot be known, so a save should stand on nothing. */
  get underRepair(): boolean {
    return this.#underRepair
  }

  /** Forgets everything if somebody has repaired the store, or got further with it, since it was last asked. */
  async refresh(): Promise<void> {
    const journals = await this.#journals()
    const repairs = journals.join('\n')
    if (repairs === this.#repairs) return
    this.#repairs = repairs
    // Until their states are known.
    this.#underRepair = true
    await this.forget()
    const { files, path } = this.#options
    const states = (await listJournals(files, path).catch(() => [])).map(journal => journal.state)
    if (repairs === this.#repairs) this.#underRepair = states.length < journals.length || states.some(isUnfinished)
  }

  /**
   * Whether what was learned under an epoch still holds.
   *
   * @throws WaymarkError `conflict`, retryable, if not
   */
  async mustHold(epoch: number): Promise<void> {
    await this.refresh()
    if (epoch !== this.#epoch) throw repairedMeanwhile()
  }

  /** Each repair by its name and its newest journal: every step of a repair puts a new one in the place of the one before. */
  async #journals(): Promise<readonly string[]> {
    const { files, path } = this.#options
    const folder = `${path}/${asideFolder}`
    try {
      if (!(await files.exists(folder))) return []
      const names = await files.list(folder)
      return await Promise.all(
        names.map(async name => `${name} ${(await files.stat(`${folder}/${name}/${journalName}`))?.identity}`),
      )
    } catch (error) {
      throw fileFault(error, 'look for repairs of the store', 'Nothing was saved; everything saved before is intact.')
    }
  }

  async forget(): Promise<void> {
    this.#epoch++
    this.parents.forget()
    this.leaves.forget()
    this.#subtrees = new KnownSubtrees()
    await this.#options.clearReading()
  }
}

const isUnfinished = (state: string): boolean => state !== 'done' && state !== 'undone'

function repairedMeanwhile(): WaymarkError {
  return new WaymarkError('conflict', {
    message: 'the store was repaired since this save began, or since the one before',
    means:
      'This state was not saved, because it stood on what the repair may have set aside; everything saved before is as the repair left it.',
    remedy: 'Save again: it is then kept anew.',
    retryable: true,
  })
}
