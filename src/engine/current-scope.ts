import { AsyncLocalStorage } from 'node:async_hooks'
import type { ScopePath } from '../model/scope.ts'

/** Which stage's or item's function the running code belongs to; undefined in the pipeline's own function. */
export const currentScope = new AsyncLocalStorage<ScopePath>()
