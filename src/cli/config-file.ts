import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { WaymarkConfig } from '../config.ts'
import type { Environment } from './settings.ts'

const endings = ['ts', 'js', 'mjs', 'json', 'yaml', 'yml'] as const
const userEndings = ['yaml', 'yml', 'json'] as const
/** What one might think a config could be called. */
const unreadEndings = ['mts', 'cts', 'cjs', 'toml', 'jsonc', 'json5'] as const

/** Of one folder the first that is there counts. */
export const configFileNames = endings.map(ending => `waymark.config.${ending}`)

/** A config that was found, and where. */
export interface LoadedConfig {
  readonly file: string
  readonly config: WaymarkConfig
}

/** Looks for a config from `from` upward; the nearest counts. */
export function findConfigFile(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = firstThatExists(configFileNames.map(name => join(folder, name)))
    if (found !== undefined) return found
    if (dirname(folder) === folder) return undefined
  }
}

/** The config of the user, for all projects: in `$XDG_CONFIG_HOME/waymark`, else `~/.config/waymark`. */
export const findUserConfigFile = (environment: Environment): string | undefined =>
  firstThatExists(userEndings.map(ending => join(userFolder(environment), `config.${ending}`)))

/** A file that looks like a config and is not read. */
export interface UnreadConfig {
  readonly file: string
  /** What is read in its place; undefined: nothing is called like this that is read. */
  readonly instead: string | undefined
  /** Endings of those that are read. */
  readonly endings: readonly string[]
}

/** Files that lie where a config is looked for, and are none that counts. */
export function unreadConfigFiles(from: string, environment: Environment): readonly UnreadConfig[] {
  const unread: UnreadConfig[] = []
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = unreadIn(folder, 'waymark.config', endings, unreadEndings)
    unread.push(...found.unread)
    if (found.read !== undefined || dirname(folder) === folder) break
  }
  const scripts = endings.filter(ending => !userEndings.some(one => one === ending))
  unread.push(...unreadIn(userFolder(environment), 'config', userEndings, [...scripts, ...unreadEndings]).unread)
  return unread
}

function unreadIn(
  folder: string,
  name: string,
  read: readonly string[],
  others: readonly string[],
): { readonly read: string | undefined; readonly unread: readonly UnreadConfig[] } {
  const there = (ending: string): readonly string[] => {
    const file = join(folder, `${name}.${ending}`)
    return existsSync(file) ? [file] : []
  }
  const [counts, ...beside] = read.flatMap(there)
  return {
    read: counts,
    unread: [
      ...beside.map(file => ({ file, instead: counts, endings: read })),
      ...others.flatMap(there).map(file => ({ file, instead: undefined, endings: read })),
    ],
  }
}

function userFolder({ XDG_CONFIG_HOME: given = '', HOME: home = '' }: Environment): string {
  // Relative ones are to be ignored (XDG Base Directory Specification).
  const folder = isAbsolute(given) ? given : join(home === '' ? homedir() : home, '.config')
  return join(folder, 'waymark')
}

const firstThatExists = (files: readonly string[]): string | undefined => files.find(file => existsSync(file))
