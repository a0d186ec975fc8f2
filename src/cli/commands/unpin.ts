import { checkpointByPrefix } from '../checkpoint-by-prefix.ts'
import type { Context } from '../context.ts'
import { withStore } from '../with-store.ts'
import { tellPins } from './pin.ts'

/** `waymark unpin CHECKPOINT` */
export async function unpinCommand(context: Context): Promise<number> {
  const { line: typed } = context
  const [word = ''] = typed.arguments
  const name = typed.flags.text('name')
  const info = await withStore(context, async store =>
    store.unpin(await checkpointByPrefix(store, word), name === undefined ? {} : { name }),
  )
  return tellPins(context, 'unpin', 'unpinned', info, undefined)
}
