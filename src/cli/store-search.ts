import { dirname, resolve } from 'node:path'
import { findStore, storePathFor } from '../engine/find-store.ts'
import { type StoreChoice, type StoreSearch, shown } from './store-choice.ts'

/** Looks for `.waymark` in a folder and above it; without one, says where it is to be made. */
export function searchStore({ from }: StoreSearch): StoreChoice {
  const found = findStore(from)
  if (found === undefined) return { path: storePathFor(from), why: 'none found; made beside the nearest package.json, else here' }
  return { path: found, why: `found ${dirname(found) === resolve(from) ? 'in' : 'above'} ${shown(from)}` }
}
