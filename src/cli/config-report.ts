import { configNotices } from './config-notices.ts'
import { optionsByName } from './config-options.ts'
import { configPlace, placeText } from './config-place.ts'
import type { Context } from './context.ts'
import { type GivenValue, type ResolvedGroup, type ResolvedOption, resolveOptions } from './resolve-options.ts'
import { storeOf } from './with-store.ts'

/** A value that was given, with where that is. */
export interface ReportedValue {
  /** Not that of an option which may be a secret; null: the default. */
  readonly value: unknown
  readonly source: GivenValue['source'] | 'default'
  /** `--store`, `WAYMARK_STORE`, `/project/waymark.config.yaml:3:1`; of a default why it is that. */
  readonly from: string
}

/** An option, what holds of it, and what that goes before. */
export interface ReportedOption extends ReportedValue {
  readonly name: string
  readonly summary: string
  /** What holds where nothing says otherwise, for people. */
  readonly default: string
  readonly variable?: string
  readonly flag?: string
  readonly scope: string
  readonly overrides: readonly ReportedValue[]
}

export interface ConfigReport {
  readonly options: readonly ReportedOption[]
  /** Configs that were read. */
  readonly files: { readonly project?: string; readonly user?: string }
  /** What is set and means nothing. */
  readonly notices: readonly string[]
}

/** What stands in the place of a value that is not shown. */
export const hiddenValue = '•••'

/** Which options hold for this call, and why. */
export async function configReport(context: Context): Promise<ConfigReport> {
  const { environment, config, userConfig, cwd, line } = context
  const { options, groups } = resolveOptions({ flags: line.flags, environment, project: config, user: userConfig, cwd })
  const reported: ReportedOption[] = []
  const seen = new Set<string>()
  for (const one of options) {
    const group = groups.find(({ name }) => name === one.option.group)
    if (group !== undefined && !seen.has(group.name)) {
      seen.add(group.name)
      reported.push(await reportedGroup(group, options))
    }
    reported.push(await reportedOption(one, context))
  }
  return {
    options: reported,
    files: { ...(config && { project: config.file }), ...(userConfig && { user: userConfig.file }) },
    notices: configNotices(context).map(({ text }) => text),
  }
}

const byDefault = { value: null, source: 'default', from: 'default' } as const

/** A group that is off for the weaker places, and has parts of a stronger one, is on. */
async function reportedGroup({ name, on, given }: ResolvedGroup, options: readonly ResolvedOption[]): Promise<ReportedOption> {
  const whole = given && (await reportedValue({ ...given, value: on === true }, name, false))
  const [part] = on === true ? [] : options.filter(({ option }) => option.group === name).flatMap(one => one.given ?? [])
  const byPart = part && (await reportedValue({ ...part, value: true }, name, false))
  return { ...headOf(name), ...(byPart ?? whole ?? byDefault), overrides: byPart && whole ? [whole] : [] }
}

function headOf(group: string): Pick<ReportedOption, 'name' | 'summary' | 'default' | 'variable' | 'scope'> {
  const found = optionsByName[group]
  const off = found !== undefined && 'parts' in found ? found.off : undefined
  return { name: group, summary: found?.summary ?? '', default: 'false', scope: 'run', ...(off && { variable: off.variable }) }
}

async function reportedOption({ option, given, overrides }: ResolvedOption, context: Context): Promise<ReportedOption> {
  const { name, summary, variable, flag, scope, hidden = false } = option
  const others: ReportedValue[] = []
  for (const other of overrides) others.push(await reportedValue(other, name, hidden))
  return {
    name,
    ...(given === undefined ? defaultOf(option.name, context) : await reportedValue(given, name, hidden)),
    overrides: others,
    summary,
    default: option.default,
    ...(variable && { variable }),
    ...(flag && { flag: flag.shown ?? `--${flag.name}` }),
    scope,
  }
}

/** Which store it is where nothing names one depends on the folder. */
function defaultOf(name: string, context: Context): ReportedValue {
  if (name !== 'store') return byDefault
  const { path, why } = storeOf(context)
  return { value: path, source: 'default', from: why }
}

async function reportedValue({ value, source, from }: GivenValue, name: string, hidden: boolean): Promise<ReportedValue> {
  const inFile = source === 'project' || source === 'user'
  const place = inFile ? placeText(from, await configPlace(from, name.split('.'))) : from
  // JSON has no Infinity.
  const shown = value === Number.POSITIVE_INFINITY ? 'never' : value
  return { value: hidden ? hiddenValue : shown, source, from: place }
}
