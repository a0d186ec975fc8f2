import type { Context } from './context.ts'
import { shellWords } from './shell-words.ts'
import { shown } from './store-choice.ts'

/** Makes of a command one that works on the store this one worked on. */
export type SameStore = (command: string) => string

/** A store that a flag or a variable named is named again: in the next shell the variable may be gone. */
export function sameStore({ settings }: Pick<Context, 'settings'>): SameStore {
  const { store } = settings
  if (store === undefined || !['--store', 'WAYMARK_STORE'].includes(store.from)) return command => command
  const words = shellWords(['--store', shown(store.path)])
  return command => `${command} ${words}`
}
