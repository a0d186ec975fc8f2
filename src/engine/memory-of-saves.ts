import type { RetainedLeaves } from '../chunks/retained-leaves.ts'
import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import { KnownSubtrees } from '../format/known-subtrees.ts'
import type { Parents } from './parents.ts'

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
  /** The repairs that were there when the memory began. */
  #repairs = ''

  constructor(options: MemoryOptions) {
    this.#options = options
    this.parents = options.parents
    this.leaves = options.leaves
  }

  /** What was saved in `immutable` mode. */
  get subtrees(): KnownSubtrees {
    return this.#subtrees
  }

  /** Forgets everything if somebody has repaired the store since it was last asked. True if so. */
  async forgetIfRepaired(): Promise<boolean> {
    const repairs = await this.#repairsMade()
    if (repairs === this.#repairs) return false
    this.#repairs = repairs
    await this.forget()
    return true
  }

  async forget(): Promise<void> {
    this.parents.forget()
    this.leaves.forget()
    this.#subtrees = new KnownSubtrees()
    await this.#options.clearReading()
  }

  /** Each repair has a folder, which is there before it changes anything. */
  async #repairsMade(): Promise<string> {
    const { files, path } = this.#options
    const folder = `${path}/aside`
    try {
      return (await files.exists(folder)) ? (await files.list(folder)).join('\n') : ''
    } catch (error) {
      throw fileFault(error, `look for repairs in ${folder}`, 'This state was not saved; everything saved before is intact.')
    }
  }
}
