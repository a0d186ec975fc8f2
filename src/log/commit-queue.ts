import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { AppendDurability, AppendPhase } from './log.ts'

export interface CommitRequest<Owner> {
  readonly owner: Owner
  readonly kind: 'data' | 'accept'
  readonly payloads: readonly Uint8Array[]
  readonly durability: AppendDurability
  readonly onPhase?: ((phase: AppendPhase) => void) | undefined
}

export interface PendingCommit<Owner> extends CommitRequest<Owner> {
  resolve(positions: readonly RecordPosition[]): void
  reject(error: Error): void
}

/** Bytes of payload in one batch before the next one is begun. */
const batchTargetBytes = 8 << 20

/** Group commit: what is added while a batch is being written goes together into the next one. */
export class CommitQueue<Owner> {
  readonly #write: (batch: readonly PendingCommit<Owner>[]) => Promise<void>
  #pending: PendingCommit<Owner>[] = []
  #writing: Promise<void> | undefined
  #closed = false

  /** `write` settles every commit it is given and never rejects. */
  constructor(write: (batch: readonly PendingCommit<Owner>[]) => Promise<void>) {
    this.#write = write
  }

  async add(request: CommitRequest<Owner>): Promise<readonly RecordPosition[]> {
    this.refuseIfClosed()
    return new Promise((resolve, reject) => {
      this.#pending.push({ ...request, resolve, reject })
      this.#writing ??= this.#drain()
    })
  }

  /** @throws WaymarkError `conflict` */
  refuseIfClosed(): void {
    if (this.#closed) throw closedError()
  }

  /** Waits for everything added so far; refuses what comes after. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
  }

  async #drain(): Promise<void> {
    // What the same turn of the event loop adds joins the first batch.
    await Promise.resolve()
    try {
      // One after another: a batch is begun only when the one before is written, and synced where it had to be, so that it can say what is durable before it.
      while (this.#pending.length > 0) await this.#write(this.#takeBatch())
    } finally {
      this.#writing = undefined
    }
  }

  #takeBatch(): PendingCommit<Owner>[] {
    let bytes = 0
    let count = 0
    for (const commit of this.#pending) {
      if (count > 0 && bytes >= batchTargetBytes) break
      for (const payload of commit.payloads) bytes += payload.length
      count++
    }
    const batch = this.#pending.slice(0, count)
    this.#pending = this.#pending.slice(count)
    return batch
  }
}

function closedError(): WaymarkError {
  return new WaymarkError('conflict', {
    message: 'the store is closed',
    means: 'Nothing of this was recorded.',
    remedy: 'Open the store again, and close it only when all work with it has ended.',
  })
}
