import { redactionOf } from '../engine/redaction.ts'
import type { Store } from '../engine/store.ts'
import { open } from '../open.ts'
import type { Context } from './context.ts'
import { keyOf } from './given-key.ts'
import { redactOf, storeOf } from './with-store.ts'

/**
 * Works on the store of this folder without changing anything in it: a damaged catalog is not set aside either.
 *
 * @throws WaymarkError `not_found` if there is none
 */
export async function withReadOnlyStore<T>(context: Context, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open({
    path: storeOf(context).path,
    create: false,
    readOnly: true,
    ...(await keyOf(context)),
    ...redactOf(context),
  })
  context.output.showWith(redactionOf(store))
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
