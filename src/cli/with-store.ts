import { redactionOf } from '../engine/redaction.ts'
import type { Store } from '../engine/store.ts'
import { open } from '../open.ts'
import type { Context } from './context.ts'
import { keyOf } from './given-key.ts'
import { savingOf } from './settings.ts'
import { namedStore, type StoreChoice } from './store-choice.ts'
import { searchStore } from './store-search.ts'

/**
 * Works on the store of this folder, which must exist, and closes it.
 *
 * @throws WaymarkError `not_found` if there is none
 */
export const withStore = <T>(context: Context, work: (store: Store, choice: StoreChoice) => Promise<T>): Promise<T> =>
  withOpened(context, false, work)

/** The same, but a store that a flag, a variable or the config names is made if there is none: in a folder that is perhaps the wrong one none is. */
export const withMadeStore = <T>(context: Context, work: (store: Store, choice: StoreChoice) => Promise<T>): Promise<T> =>
  withOpened(context, context.settings.store !== undefined, work)

async function withOpened<T>(
  context: Context,
  create: boolean,
  work: (store: Store, choice: StoreChoice) => Promise<T>,
): Promise<T> {
  const choice = storeOf(context)
  const store = await open({
    path: choice.path,
    create,
    ...(await keyOf(context)),
    ...redactOf(context),
    ...savingOf(context.settings),
  })
  context.output.showWith(redactionOf(store))
  try {
    return await work(store, choice)
  } finally {
    await store.close()
  }
}

/** What the config says is not to be shown. */
export const redactOf = ({ settings: { redact } }: Pick<Context, 'settings'>): { readonly redact?: readonly string[] } =>
  redact === undefined ? {} : { redact }

/** The store of the working folder, whether it exists or not. */
export const storeOf = ({ settings, cwd }: Context): StoreChoice => namedStore(settings) ?? searchStore({ from: cwd })
