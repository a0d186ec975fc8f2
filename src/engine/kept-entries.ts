import type { RunView } from '../model/run-view.ts'
import { RunEntries } from './read-record-stream.ts'
import type { StoreCore } from './store-core.ts'

/** For so long after a page the next one is waited for. */
const keptMs = 10_000
/** A page may end with one run, and know from the first entry of the next that there are more. */
const mostRuns = 2

interface KeptRun {
  /** The newest record of the run when it was read. */
  readonly head: string
  readonly entries: RunEntries
}

/** What was read of the runs that a page ended with, so that the next page need not read them from their beginning. It holds what one page needs anyway, for a moment longer. */
export class KeptEntries {
  readonly #core: StoreCore
  readonly #runs = new Map<string, KeptRun>()
  #cancel: (() => void) | undefined

  constructor(core: StoreCore) {
    this.#core = core
  }

  /** @throws WaymarkError as {@link RunEntries.of} */
  async of(run: Pick<RunView, 'id' | 'pipeline'>): Promise<RunEntries> {
    // Asked first: what is recorded while the run is read may be missing in it.
    const head = await this.#headOf(run.id)
    const kept = this.#runs.get(run.id)
    this.#runs.delete(run.id)
    const entries = kept?.head === head ? kept.entries : await RunEntries.of(this.#core, run)
    this.#runs.set(run.id, { head, entries })
    for (const id of this.#runs.keys()) if (this.#runs.size > mostRuns) this.#runs.delete(id)
    this.#cancel?.()
    this.#cancel = this.#core.clock.after(keptMs, () => this.clear(), { background: true })
    return entries
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#runs.clear()
  }

  async #headOf(run: string): Promise<string> {
    const head = (await this.#core.feed.query(catalog => catalog.heads([run]))).get(run)
    return `${head?.token} ${head?.sequence} ${head?.segment}`
  }
}

const keptOf = new WeakMap<StoreCore, KeptEntries>()

/** Of a store that is open. */
export function keptEntries(core: StoreCore): KeptEntries {
  const kept = keptOf.get(core) ?? new KeptEntries(core)
  keptOf.set(core, kept)
  return kept
}
