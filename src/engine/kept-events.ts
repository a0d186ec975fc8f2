import type { FoundBlock } from '../catalog/event-index.ts'
import type { EventsRecorded } from '../model/event-records.ts'

/** Bytes of events that are kept: some hundred records, which are several pages of the rarest kind. */
const mostBytes = 2 << 20
/** One that is longer would push many others out. */
const mostBytesOfOne = mostBytes >> 4

interface KeptRecord {
  readonly block: FoundBlock
  readonly record: EventsRecorded
}

/** The records of events that were read last: whoever looks at the newest events again, or goes from page to page, reads most of them once more. */
export class KeptEvents {
  /** By place, the one that was asked for last at the end. */
  readonly #records = new Map<string, KeptRecord>()
  #bytes = 0

  /** Undefined: to be read from the log. */
  of(block: FoundBlock): EventsRecorded | undefined {
    const key = keyOf(block)
    const kept = this.#records.get(key)
    if (kept === undefined || !isSameRecord(kept.block, block)) return undefined
    this.#records.delete(key)
    this.#records.set(key, kept)
    return kept.record
  }

  /** @param record whose bytes nobody else uses */
  keep(block: FoundBlock, record: EventsRecorded): void {
    if (record.lines.length > mostBytesOfOne) return
    this.#remove(keyOf(block))
    this.#records.set(keyOf(block), { block, record })
    this.#bytes += record.lines.length
    for (const key of this.#records.keys()) {
      if (this.#bytes <= mostBytes) break
      this.#remove(key)
    }
  }

  clear(): void {
    this.#records.clear()
    this.#bytes = 0
  }

  #remove(key: string): void {
    const kept = this.#records.get(key)
    if (kept === undefined) return
    this.#records.delete(key)
    this.#bytes -= kept.record.lines.length
  }
}

const keyOf = ({ position }: FoundBlock): string => `${position.segment} ${position.offset}`

/** After a power cut another one may stand at its place. */
const isSameRecord = (one: FoundBlock, two: FoundBlock): boolean =>
  one.stream === two.stream &&
  one.token === two.token &&
  one.sequence === two.sequence &&
  one.position.length === two.position.length
