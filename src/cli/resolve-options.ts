import { dirname, resolve } from 'node:path'
import { checkRedact } from '../engine/redaction.ts'
import { isWaymarkError } from '../model/errors.ts'
import { type Flags, wrongUsage } from './command-line.ts'
import type { LoadedConfig } from './config-file.ts'
import { configOptions, type NamedOption, namedOptions, optionsByName } from './config-options.ts'
import { type OptionKind, optionKinds } from './option-kind.ts'
import type { Environment } from './settings.ts'

/** What one of the places says that options come from. */
export interface GivenValue {
  readonly value: unknown
  /** `--store`, `WAYMARK_STORE`, or the path of a config. */
  readonly from: string
  readonly source: 'flag' | 'variable' | 'project' | 'user'
}

/** An option as it holds. */
export interface ResolvedOption {
  readonly option: NamedOption
  /** Undefined: the default. */
  readonly given: GivenValue | undefined
  /** What it goes before, the nearest first. */
  readonly overrides: readonly GivenValue[]
}

/** A group that `false` can switch off, as that holds. */
export interface ResolvedGroup {
  readonly name: string
  /** True: an object was given, or true; undefined: nothing. */
  readonly on: boolean | undefined
  readonly given: GivenValue | undefined
}

export interface ResolvedOptions {
  readonly options: readonly ResolvedOption[]
  readonly groups: readonly ResolvedGroup[]
}

/** Where options come from, the strongest first: flags, variables, the project's config, the user's. */
export interface OptionSources {
  readonly flags: Flags
  readonly environment: Environment
  readonly project: LoadedConfig | undefined
  readonly user: LoadedConfig | undefined
  readonly cwd: string
}

/**
 * What holds of every option, where it comes from, and what it goes before.
 *
 * @throws WaymarkError `invalid` naming the variable that cannot be read
 */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  const groups = Object.entries(optionsByName).flatMap(([name, option]) =>
    'parts' in option && option.off !== undefined ? [resolvedGroup(name, option.off.variable, sources)] : [],
  )
  const options = namedOptions.map(option => {
    const off = groups.find(({ name, on }) => name === option.group && on === false)?.given
    const all = valuesOf(option, sources)
    // What is switched off is so for all places below.
    const [given, ...overrides] = off === undefined ? all : all.filter(one => strength(one) < strength(off))
    return { option, given, overrides }
  })
  return { options, groups }
}

const strength = ({ source }: GivenValue): number => ['flag', 'variable', 'project', 'user'].indexOf(source)

/** Everything that is said of an option, the strongest first. */
function valuesOf(option: NamedOption, { flags, environment, project, user, cwd }: OptionSources): GivenValue[] {
  const values: GivenValue[] = []
  const add = (value: unknown, from: string, source: GivenValue['source'], folder: string): void => {
    if (value !== undefined)
      values.push({ value: option.path === true ? inFolder(option, value, folder, source) : value, from, source })
  }
  const { flag } = option
  if (flag !== undefined) add(flagValue(option, flags), flag.shown ?? `--${flag.name}`, 'flag', cwd)
  if (option.variable !== undefined)
    add(variableValue(option.variable, option.kind, environment), option.variable, 'variable', cwd)
  for (const [loaded, source] of [
    [project, 'project'],
    [user, 'user'],
  ] as const)
    if (loaded !== undefined) add(configValue(option, loaded), loaded.file, source, dirname(loaded.file))
  return values
}

/** The command line was checked when it was parsed. */
function flagValue(option: NamedOption, flags: Flags): unknown {
  const { flag, kind } = option
  if (flag === undefined || !flags.on(flag.name)) return undefined
  if (flag.means !== undefined) return flag.means
  const text = flags.text(flag.name) ?? ''
  const value = kind === optionKinds.limitMs && !/^\d{1,6} ?[smhdw]$/.test(text) ? undefined : kind.read(text)
  if (value === undefined) throw wrongUsage(`--${flag.name} needs a time such as 30m, 24h or 7d, not ${JSON.stringify(text)}`)
  return value
}

function variableValue(name: string, kind: OptionKind, environment: Environment): unknown {
  const text = environment[name]
  if (text === undefined || text === '') return undefined
  const value = kind.read(text)
  if (value === undefined) throw wrongUsage(`${name} ${kind.needed}, not ${JSON.stringify(text)}`)
  if (name === configOptions.redact.variable) checkPaths(name, value)
  return value
}

function checkPaths(name: string, paths: unknown): void {
  try {
    checkRedact(name, paths)
  } catch (error) {
    throw isWaymarkError(error) ? wrongUsage(error.message) : error
  }
}

function configValue({ name, group }: NamedOption, { config }: LoadedConfig): unknown {
  const values: Readonly<Record<string, unknown>> = { ...config }
  if (group === undefined) return values[name]
  const parts = values[group]
  return typeof parts === 'object' && parts !== null
    ? Object.entries(parts).find(([part]) => name === `${group}.${part}`)?.[1]
    : undefined
}

/** A path as it is meant where it was given. That of a key, in a flag or variable, is read as it stands when the key is. */
function inFolder({ name }: NamedOption, value: unknown, folder: string, source: GivenValue['source']): unknown {
  if (typeof value !== 'string') return value
  if (name !== 'key') return resolve(folder, value)
  const [, path] = /^file:(.+)$/s.exec(value) ?? []
  return path === undefined || source === 'flag' || source === 'variable' ? value : `file:${resolve(folder, path)}`
}

/** The strongest that says anything of it decides; parts that a still stronger place gives count all the same. */
function resolvedGroup(name: string, variable: string, { environment, project, user }: OptionSources): ResolvedGroup {
  const said: readonly GivenValue[] = [
    { value: variableValue(variable, optionKinds.flag, environment), from: variable, source: 'variable' },
    { value: wholeGroup(name, project), from: project?.file ?? '', source: 'project' },
    { value: wholeGroup(name, user), from: user?.file ?? '', source: 'user' },
  ]
  const given = said.find(({ value }) => value !== undefined)
  return { name, on: given && given.value !== false, given }
}

function wholeGroup(name: string, loaded: LoadedConfig | undefined): unknown {
  const values: Readonly<Record<string, unknown>> = { ...loaded?.config }
  return values[name]
}
