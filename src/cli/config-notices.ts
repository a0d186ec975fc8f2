import { basename } from 'node:path'
import { nearest } from '../model/did-you-mean.ts'
import { type UnreadConfig, unreadConfigFiles } from './config-file.ts'
import { namedOptions, optionsByName } from './config-options.ts'
import type { Context } from './context.ts'

/** What is set and means nothing. */
export interface ConfigNotice {
  readonly text: string
  /** So likely a mistake that every command says it; the rest is told by `waymark config`. */
  readonly isPressing: boolean
}

/** What somebody may think is configured, and is not: variables that are none of Waymark, and files that it does not read. */
export const configNotices = ({
  environment,
  cwd,
  settings,
}: Pick<Context, 'environment' | 'cwd' | 'settings'>): readonly ConfigNotice[] => [
  // A key may come from any variable.
  ...strangeVariables(Object.keys(environment).filter(name => settings.key?.source !== `variable:${name}`)),
  ...unreadConfigFiles(cwd, environment).map(one => ({ text: unreadText(one), isPressing: true })),
]

function unreadText({ file, instead, endings }: UnreadConfig): string {
  if (instead !== undefined) return `${file} is not read: ${basename(instead)} beside it goes before it`
  const name = basename(file).replace(/\.\w+$/, '')
  return `${file} is not read: a config is called ${name} with the ending ${endings.map(ending => `.${ending}`).join(', ')}`
}

const prefix = 'WAYMARK_'
const passphrases = ['WAYMARK_PASSPHRASE', 'WAYMARK_NEW_PASSPHRASE']

/** Variables that begin as those of Waymark and are none. One near a known one is misspelt; any other may be the user's own, of a pipeline or a key. */
function strangeVariables(names: readonly string[]): readonly ConfigNotice[] {
  const groups = Object.values(optionsByName).flatMap(option => ('parts' in option && option.off ? [option.off.variable] : []))
  const known = [...namedOptions.flatMap(({ variable }) => variable ?? []), ...groups, ...passphrases]
  // What all have in common would make any two of them alike.
  const ends = known.map(name => name.slice(prefix.length))
  return names
    .filter(name => name.startsWith(prefix) && !known.includes(name))
    .sort()
    .map(name => {
      const near = nearest(name.slice(prefix.length), ends)
      const meant = near === undefined ? '' : `; did you mean ${prefix}${near}?`
      return { text: `${name} is set, and is no variable of Waymark${meant}`, isPressing: near !== undefined }
    })
}
