import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeysReport, NewKeyOptions } from '../engine/keys-report.ts'
import { withRemedy } from '../engine/with-remedy.ts'
import { isWaymarkError } from '../model/errors.ts'
import { open } from '../open.ts'
import { wrongUsage } from './command-line.ts'
import type { Context } from './context.ts'
import { newKey } from './given-key.ts'
import { shellWords } from './shell-words.ts'
import { storeOf } from './with-store.ts'

/**
 * `waymark keys init`: a plain store becomes sealed, one that does not exist but is named is made so, and what was interrupted is ended.
 *
 * @param source of the key; else the one that `--key`, `WAYMARK_KEY` or the config names
 */
export async function initializeKeys(context: Context, source: string | undefined, options: NewKeyOptions): Promise<KeysReport> {
  const { path } = storeOf(context)
  const named = source ?? context.settings.key?.source
  if (named === undefined) throw wrongUsage('it is written: waymark keys init SOURCE', context.line.command)
  const key = await newKey(context, named)
  const { name } = options
  const wasSealed = await isSealedAt(path)
  const store = await open({
    path,
    create: context.settings.store !== undefined,
    key,
    ...(name !== undefined && { keyName: name }),
  }).catch((error: unknown) => {
    if (isWaymarkError(error, 'not_found')) throw withRemedy(error, sealedAtOnce(named))
    // It is there, and plain: that is what is to be changed.
    if (!wasSealed && isWaymarkError(error, 'conflict')) return open({ path, create: false })
    throw error
  })
  try {
    // Made so just now, or ended what another began.
    return !wasSealed && (await isSealedAt(path)) ? await store.keys() : await store.initKeys(key, options)
  } finally {
    await store.close()
  }
}

/** No plain run has to come first. */
const sealedAtOnce = (source: string): string => {
  const key = shellWords([source])
  return `Make one that is sealed from the beginning: waymark keys init ${key} --store PATH, or WAYMARK_KEY=${key} waymark run FILE`
}

async function isSealedAt(path: string): Promise<boolean> {
  const text = await readFile(join(path, 'waymark.json'), 'utf8').catch(() => '{}')
  const { requires = [] }: { readonly requires?: readonly string[] } = JSON.parse(text)
  return requires.includes('sealed')
}
