import { relative } from 'node:path'
import type { Settings } from './settings.ts'

/** The store a command uses, and why that one. */
export interface StoreChoice {
  readonly path: string
  readonly why: string
}

/** Where to look for the store that nothing names. */
export interface StoreSearch {
  readonly from: string
}

/** The store that `--store`, `WAYMARK_STORE` or the config names, in this order. */
export const namedStore = (settings: Settings): StoreChoice | undefined =>
  settings.store === undefined ? undefined : { path: settings.store.path, why: `from ${settings.store.from}` }

/** A path as short as it can be said from the working folder. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path)
  if (short === '') return '.'
  return short.startsWith('../../') || short.length >= path.length ? path : short
}
