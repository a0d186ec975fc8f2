import type { Context } from './context.ts'
import { shellWords } from './shell-words.ts'
import { shown } from './store-choice.ts'

/** Makes of a command one that works on the store this one worked on. */
export type SameStore = (command: string) => string

/**
 * A store that a flag or a variable named is named again: in the next shell the variable may be gone. So is a key that a flag named.
 *
 * @param key what the key is named by after this command, where that is another
 */
export function sameStore({ settings }: Pick<Context, 'settings'>, key?: string): SameStore {
  const { store } = settings
  const isNamed = store !== undefined && ['--store', 'WAYMARK_STORE'].includes(store.from)
  const source = key ?? (settings.key?.from === '--key' ? settings.key.source : undefined)
  const shownKey = source === undefined ? undefined : shownSource(source)
  const words = shellWords([
    ...(isNamed ? ['--store', shown(store.path)] : []),
    ...(shownKey === undefined ? [] : ['--key', shownKey]),
  ])
  return words === '' ? command => command : command => `${command} ${words}`
}

/** A command line may hold a secret, and so does what is no source at all: it may be the key itself. */
function shownSource(source: string): string | undefined {
  if (source.startsWith('command:')) return 'command:…'
  if (source.startsWith('vault:')) return source.includes('@') ? 'vault:…' : source
  return source === 'passphrase' || /^(file|variable|aws-kms):./s.test(source) ? source : undefined
}
