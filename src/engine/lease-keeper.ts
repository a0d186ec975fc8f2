import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import { readStart } from '../files/read-start.ts'
import type { Clock } from '../model/clock.ts'
import type { Owner } from '../model/owner.ts'

export const leaseDurationMs = 30_000
const renewEveryMs = 5_000

/**
 * The lease of a process: one small file, renewed while it owns runs. It only says when another may try to take over where death cannot be proven; the fencing token, not
 * the lease, keeps writes apart, so it is never synced and a wrong clock costs time, not data.
 */
export class LeaseKeeper {
  readonly #files: FileSystem
  readonly #folder: string
  readonly #clock: Clock
  readonly #owner: Owner
  #holders = 0
  #cancel: (() => void) | undefined
  /** Ends when the changes of the file asked for so far are over; never rejects. One after another: a lease taken anew must not be removed with the one before. */
  #turn: Promise<void> = Promise.resolve()

  constructor(files: FileSystem, folder: string, clock: Clock, owner: Owner) {
    this.#files = files
    this.#folder = folder
    this.#clock = clock
    this.#owner = owner
  }

  /** Keeps the lease until the returned function is called as often as this one. */
  async hold(): Promise<() => Promise<void>> {
    this.#holders++
    if (this.#holders === 1) {
      this.#schedule()
      void this.#renew()
    }
    await this.#turn
    let held = true
    return async () => {
      if (!held) return
      held = false
      this.#holders--
      if (this.#holders === 0) await this.#end()
    }
  }

  /**
   * When another process's lease runs out, in wall milliseconds; 0 if it has none.
   *
   * @throws WaymarkError if there is one that cannot be read: whoever holds it may well be alive
   */
  async expiryOf(owner: Owner): Promise<number> {
    const path = this.#path(owner)
    try {
      const content = await readStart(this.#files, path, 64)
      const renewedAt = Number(content?.toString('latin1'))
      return Number.isFinite(renewedAt) ? renewedAt + leaseDurationMs : 0
    } catch (error) {
      throw fileFault(error, `read the lease ${path}`, 'Nothing was changed.')
    }
  }

  /** Removes what a dead process left of its lease. */
  async clear(dead: Owner): Promise<void> {
    for (const path of [this.#path(dead), this.#temporary(dead)]) await this.#files.remove(path).catch(() => {})
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(
      renewEveryMs,
      () => {
        void this.#renew()
        this.#schedule()
      },
      { background: true },
    )
  }

  /** A renewal that fails is left to the next: nothing depends on it but the patience of others. */
  #renew(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#write())
    return this.#turn
  }

  async #write(): Promise<void> {
    const temporary = this.#temporary(this.#owner)
    try {
      await this.#files.remove(temporary)
      const file = await this.#files.open(temporary, 'create')
      try {
        await file.write(Buffer.from(String(this.#clock.now()), 'latin1'), 0)
      } finally {
        await file.close()
      }
      await this.#files.rename(temporary, this.#path(this.#owner))
    } catch {
      await this.#files.remove(temporary).catch(() => {})
    }
  }

  #end(): Promise<void> {
    this.#cancel?.()
    this.#turn = this.#turn.then(() => this.#files.remove(this.#path(this.#owner)).catch(() => {}))
    return this.#turn
  }

  #temporary(owner: Owner): string {
    return `${this.#path(owner)}.tmp`
  }

  #path(owner: Owner): string {
    return `${this.#folder}/${owner.process}`
  }
}
