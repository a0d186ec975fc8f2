import { existsSync } from 'node:fs'
import type { MasterKey } from '../seal/master-key.ts'
import type { NamedKeyOptions } from '../seal/named-key.ts'
import type { ChildKey } from './child-protocol.ts'
import { canBeAsked } from './confirm.ts'
import type { Context } from './context.ts'
import type { Settings } from './settings.ts'
import type { StoreChoice, StoreSearch } from './store-choice.ts'
import { searchStore } from './store-search.ts'

/** Asked for once by a command, however often it opens the store. */
const passphrases = new WeakMap<Settings, Promise<string>>()
const keys = new WeakMap<Settings, MasterKey>()

/**
 * What a store is opened with that `--key`, `WAYMARK_KEY` or the config names a key for.
 *
 * @throws WaymarkError `invalid`
 */
export async function keyOf(context: Context): Promise<{ readonly key?: MasterKey }> {
  const { settings } = context
  if (settings.key === undefined) return {}
  const key = keys.get(settings) ?? (await named(settings.key.source, asking(context)))
  keys.set(settings, key)
  return { key }
}

/**
 * The same for the process that runs a pipeline: it has no terminal to ask on.
 *
 * @param store where it will look for the store: of one that does not exist the passphrase is new
 */
export async function childKey(context: Context, store: StoreChoice | StoreSearch): Promise<ChildKey | undefined> {
  const source = context.settings.key?.source
  if (source === undefined) return undefined
  const { ask } = asking(context)
  const isAsked = source === 'passphrase' && process.env['WAYMARK_PASSPHRASE'] === undefined && ask !== undefined
  if (!isAsked) return { source }
  const { path } = 'path' in store ? store : searchStore(store)
  return { source, passphrase: await ask(!existsSync(path)) }
}

/** The key of {@link childKey}, where it has arrived. */
export async function keyFromParent(key: ChildKey | undefined): Promise<{ readonly key?: MasterKey }> {
  if (key === undefined) return {}
  const { source, passphrase } = key
  return { key: await named(source, passphrase === undefined ? {} : { ask: async () => passphrase }) }
}

/**
 * A key that a store is to have from now on: its passphrase, if it is one, comes from `WAYMARK_NEW_PASSPHRASE` or is asked for twice.
 *
 * @throws WaymarkError `invalid`
 */
export function newKey(context: Context, source: string): Promise<MasterKey> {
  const ask = canBeAsked(context) ? askNew : undefined
  return named(source, { variable: 'WAYMARK_NEW_PASSPHRASE', ...(ask && { ask }) })
}

function asking(context: Context): { readonly ask?: (isNew: boolean) => Promise<string> } {
  if (!canBeAsked(context)) return {}
  const { settings } = context
  return {
    ask(isNew) {
      const asked = passphrases.get(settings) ?? (isNew ? askNew() : askKnown())
      passphrases.set(settings, asked)
      return asked
    },
  }
}

const askNew = async (): Promise<string> => (await import('./ask-secret.ts')).askNewSecret('New passphrase of the store')

const askKnown = async (): Promise<string> => (await import('./ask-secret.ts')).askSecret('Passphrase of the store: ')

/** Loaded when there is a key: most stores are plain. */
const named = async (source: string, options: NamedKeyOptions): Promise<MasterKey> =>
  (await import('../seal/named-key.ts')).namedKey(source, options)
