import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { WaymarkConfig } from '../config.ts'
import type { Environment } from './settings.ts'

/** Of one folder the first that is there counts. */
export const configFileNames = ['ts', 'js', 'mjs', 'json', 'yaml', 'yml'].map(ending => `waymark.config.${ending}`)

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
export function findUserConfigFile(environment: Environment): string | undefined {
  const { XDG_CONFIG_HOME: given = '', HOME: home = '' } = environment
  // Relative ones are to be ignored (XDG Base Directory Specification).
  const folder = isAbsolute(given) ? given : join(home === '' ? homedir() : home, '.config')
  return firstThatExists(['yaml', 'yml', 'json'].map(ending => join(folder, 'waymark', `config.${ending}`)))
}

const firstThatExists = (files: readonly string[]): string | undefined => files.find(file => existsSync(file))
