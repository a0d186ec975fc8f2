import type { Store } from '../engine/store.ts'
import { open } from '../open.ts'
import type { Context } from './context.ts'
import { namedStore, type StoreChoice } from './store-choice.ts'
import { searchStore } from './store-search.ts'

/**
 * Works on the store of this folder, which must exist, and closes it.
 *
 * @throws WaymarkError `not_found` if there is none
 */
export async function withStore<T>(context: Context, work: (store: Store, choice: StoreChoice) => Promise<T>): Promise<T> {
  const choice = storeOf(context)
  const store = await open({ path: choice.path, create: false })
  try {
    return await work(store, choice)
  } finally {
    await store.close()
  }
}

/** The store of the working folder, whether it exists or not. */
export const storeOf = ({ settings, cwd }: Context): StoreChoice => namedStore(settings) ?? searchStore({ from: cwd })
