import type { Context } from '../context.ts'
import { stopCommand } from '../stop-command.ts'

/** `waymark pause RUN` */
export const pauseCommand = (context: Context): Promise<number> =>
  stopCommand(context, 'pause', (store, run, options) => store.pause(run, { ...options, now: context.line.flags.on('now') }))
