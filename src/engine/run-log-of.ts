import type { RunLog } from './run-log.ts'
import { coreOf, type Store } from './store.ts'

/** The log of what happens in this opening of a store, where somebody wants one. */
export const runLogOf = (store: Store): RunLog | undefined => coreOf(store).runLog
