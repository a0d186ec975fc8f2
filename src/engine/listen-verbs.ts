import type { StoreEventName } from '../model/store-events.ts'
import type { ListenOptions, StoreListener } from './store-listeners.ts'

/** Being told what happens. */
export interface ListenVerbs {
  /**
   * Calls a function for each event of a name that happens through this opening of the store; what is returned takes it away, as does `signal`. What is recorded is told once it is, in order; other processes are not heard: for
   * those, follow the run's events. Nothing waits for a listener. One that throws or rejects is a notice of the store, the first time; one that never returns hurts nothing, but one that never gives way holds up the whole process, as any code does.
   * Values are given as they are: `redact` is for what is shown.
   *
   * @throws WaymarkError `invalid` if there is no such event, or `listener` is no function
   * @example
   * const store = await open('/tmp/my-store')
   * const stop = store.on('run:failed', ({ run, error }) => console.error(`${run}: ${error?.message}`))
   * store.on('checkpoint:corrupt', ({ id, priority }) => console.error(`${priority}: ${id} is damaged`))
   * stop()
   * await store.close()
   */
  on<Name extends StoreEventName>(name: Name, listener: StoreListener<Name>, options?: ListenOptions): () => void
}
