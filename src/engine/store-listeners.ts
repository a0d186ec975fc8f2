import type { CommittedBatch } from '../log/log.ts'
import { describe } from '../model/describe.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import { eventsOfRecord, type StoreEvent, type StoreEventName, storeEventPriorities } from '../model/store-events.ts'
import { decodeRunRecord } from './record-codec.ts'

/** Called for each event of its name, one after another; what it returns is not waited for. */
export type StoreListener<Name extends StoreEventName> = (event: StoreEvent<Name>) => unknown

export interface ListenOptions {
  /** Takes the listener away when it is aborted. */
  readonly signal?: AbortSignal
}

const names = Object.keys(storeEventPriorities)

/** Who is told what happens in this opening of a store. Whatever a listener does, the work goes on as without it. */
export class StoreListeners {
  readonly #listeners = new Map<string, Set<(event: StoreEvent) => unknown>>()
  readonly #failed = new WeakSet<(event: StoreEvent) => unknown>()
  readonly #notice: (text: string) => void

  /** @param notice called with what is wrong with a listener */
  constructor(notice: (text: string) => void) {
    this.#notice = notice
  }

  /**
   * Adds a listener; what is returned takes it away.
   *
   * @throws WaymarkError `invalid`
   */
  add<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>, { signal }: ListenOptions = {}): () => void {
    if (!names.includes(name)) throw unknownEvent(name)
    if (typeof listener !== 'function') throw noFunction(name, listener)
    // A function of its own each time: the same listener may be added twice.
    const call = (event: StoreEvent): unknown => (isOf(name, event) ? listener(event) : undefined)
    const remove = () => {
      signal?.removeEventListener('abort', remove)
      const left = this.#listeners.get(name)
      if (left?.delete(call) && left.size === 0) this.#listeners.delete(name)
    }
    if (signal?.aborted) return remove
    signal?.addEventListener('abort', remove)
    const added = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, added.add(call))
    return remove
  }

  /** What this process recorded. Its listeners are called after those who wait for the record go on. */
  committed({ records }: CommittedBatch): void {
    if (this.#listeners.size === 0) return
    for (const { kind, stream, payload } of records) {
      if (kind === 'accept') continue
      try {
        for (const event of eventsOfRecord(stream, decodeRunRecord(payload))) this.tell(event)
      } catch (error) {
        this.#notice(`listeners are not told of a record; the work is not affected: ${said(error)}`)
      }
    }
  }

  tell(event: StoreEvent): void {
    const listeners = this.#listeners.get(event.name)
    if (listeners === undefined) return
    for (const call of [...listeners])
      setImmediate(async () => {
        try {
          // Taken away since.
          if (listeners.has(call)) await call(event)
        } catch (error) {
          // Of a listener that fails each time one word is enough.
          if (this.#failed.has(call)) return
          this.#failed.add(call)
          this.#notice(`a listener of ${event.name} failed; the work is not affected: ${said(error)}`)
        }
      })
  }
}

const isOf = <Name extends StoreEventName>(name: Name, event: StoreEvent): event is StoreEvent & StoreEvent<Name> =>
  event.name === name

const said = (error: unknown): string => (error instanceof Error ? error.message : describe(error))

function unknownEvent(name: unknown): WaymarkError {
  const near = typeof name === 'string' ? nearest(name, names) : undefined
  return new WaymarkError('invalid', {
    message: `there is no event ${describe(name)}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nobody listens; nothing else is affected.',
    remedy: `The events are ${names.join(', ')}.`,
  })
}

function noFunction(name: string, listener: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the listener of ${name} is ${describe(listener)}, not a function`,
    means: 'Nobody listens; nothing else is affected.',
    remedy: `store.on('${name}', event => …)`,
  })
}
