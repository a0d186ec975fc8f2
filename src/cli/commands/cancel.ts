import type { Context } from '../context.ts'
import { stopCommand } from '../stop-command.ts'

/** `waymark cancel RUN` */
export const cancelCommand = (context: Context): Promise<number> =>
  stopCommand(context, 'cancel', (store, run, options) => store.cancel(run, options))
