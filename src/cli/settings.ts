import type { WaymarkConfig } from '../config.ts'
import { type Durability, durabilities } from '../model/durability.ts'
import { type LogOptions, logLevels } from '../model/log-options.ts'
import type { SavePolicy } from '../model/save-policy.ts'
import type { OpenOptions } from '../open.ts'
import type { Flags } from './command-line.ts'
import type { LoadedConfig } from './config-file.ts'
import { type ResolvedOption, resolveOptions } from './resolve-options.ts'

/** What holds for one call of the command line: flags over `WAYMARK_…` variables over the project's config over the user's over defaults. What is absent is the default. */
export interface Settings {
  /** Absolute, where one of the places names it. */
  readonly store?: { readonly path: string; readonly from: string }
  /** What names the key of the store; never shown, as it may be one. */
  readonly key?: { readonly source: string; readonly from: string }
  /** A run keeps nothing. */
  readonly checkpoints?: false
  readonly resume?: 'never' | 'ask'
  readonly save?: SavePolicy
  readonly durability?: Durability
  readonly compression?: NonNullable<OpenOptions['compression']>
  readonly parity?: true
  readonly defaultTtlMs?: number
  readonly progress: NonNullable<WaymarkConfig['progress']>
  readonly restart: number
  /** Pause before the first restart. */
  readonly backoffMs?: number
  readonly staleAfterMs?: number
  readonly retention?: NonNullable<WaymarkConfig['retention']>
  readonly redact?: readonly string[]
  /** Its folder is absolute. */
  readonly logs?: LogOptions
}

/** How what is saved is kept, where the config says. */
export const savingOf = ({
  compression,
  parity,
  defaultTtlMs,
}: Settings): Pick<OpenOptions, 'compression' | 'parity' | 'defaultTtlMs'> => ({
  ...(compression && { compression }),
  ...(parity && { parity }),
  ...(defaultTtlMs !== undefined && { defaultTtlMs }),
})

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * @param loaded the project's config
 * @param user the user's own
 * @throws WaymarkError `invalid` naming the variable that cannot be read
 */
export function settingsOf(
  flags: Flags,
  environment: Environment,
  loaded: LoadedConfig | undefined,
  cwd: string,
  user?: LoadedConfig,
): Settings {
  const { options, groups } = resolveOptions({ flags, environment, project: loaded, user, cwd })
  const values = new ResolvedValues(options)
  const [store, key] = [values.from('store'), values.from('key')]
  const resume = values.oneOf('resume', ['never', 'ask'])
  const save = values.numbers('save', ['items', 'units', 'share', 'ms', 'overhead'])
  const durability = values.oneOf('durability', durabilities)
  const compression = compressionOf(values.value('compression'))
  const retention = retentionOf(values, groups.find(({ name }) => name === 'retention')?.on)
  const redact = values.texts('redact')
  const logs = logsOf(values)
  return {
    ...(store && { store: { path: store.text, from: store.from } }),
    ...(key && { key: { source: key.text, from: key.from } }),
    ...(values.flag('checkpoints') === false && { checkpoints: false }),
    ...(resume && { resume }),
    ...(hasAny(save) && { save }),
    ...(durability && { durability }),
    ...(compression && { compression }),
    ...(values.flag('parity') === true && { parity: true }),
    ...values.numbers('', ['defaultTtlMs']),
    progress: values.oneOf('progress', ['auto', 'plain', 'none']) ?? 'auto',
    restart: values.number('restart') ?? 0,
    ...values.numbers('', ['backoffMs', 'staleAfterMs']),
    ...(retention !== undefined && { retention }),
    ...(redact && { redact }),
    ...(hasAny(logs) && { logs }),
  }
}

const hasAny = (options: object): boolean => Object.keys(options).length > 0

function logsOf(values: ResolvedValues): LogOptions {
  const level = values.oneOf('logs.level', logLevels)
  const [console, perStage] = [values.flag('logs.console'), values.flag('logs.perStage')]
  const folder = values.from('logs.folder')?.text
  return {
    ...(level && { level }),
    ...(console !== undefined && { console }),
    ...(folder !== undefined && { folder }),
    ...(perStage !== undefined && { perStage }),
    ...values.numbers('logs', ['keepDays', 'maxBytes', 'files']),
  }
}

function retentionOf(values: ResolvedValues, on: boolean | undefined): Settings['retention'] {
  const parts = values.numbers('retention', ['olderThanDays', 'newestRuns'])
  if (on === true || hasAny(parts)) return parts
  return on
}

function compressionOf(value: unknown): Settings['compression'] {
  const { codec, level }: { readonly codec?: unknown; readonly level?: unknown } =
    typeof value === 'object' && value !== null ? value : { codec: value }
  const known = (['none', 'zstd', 'gzip', 'brotli'] as const).find(name => name === codec)
  return known && { codec: known, ...(typeof level === 'number' && { level }) }
}

/** Values by name. Each was checked where it was read; what is of another kind counts as absent. */
class ResolvedValues {
  readonly #options: ReadonlyMap<string, ResolvedOption>

  constructor(options: readonly ResolvedOption[]) {
    this.#options = new Map(options.map(one => [one.option.name, one]))
  }

  value(name: string): unknown {
    return this.#options.get(name)?.given?.value
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name)
    return typeof value === 'boolean' ? value : undefined
  }

  number(name: string): number | undefined {
    const value = this.value(name)
    return typeof value === 'number' ? value : undefined
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.value(name)
    return Array.isArray(value) ? value.filter(one => typeof one === 'string') : undefined
  }

  from(name: string): { readonly text: string; readonly from: string } | undefined {
    const { value, from } = this.#options.get(name)?.given ?? {}
    return typeof value === 'string' && from !== undefined ? { text: value, from } : undefined
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.value(name)
    return choices.find(choice => choice === value)
  }

  /** Those parts of a group that are given; '': of the config itself. */
  numbers<Name extends string>(group: string, names: readonly Name[]): { readonly [N in Name]?: number } {
    const found: { [N in Name]?: number } = {}
    for (const name of names) {
      const value = this.number(group === '' ? name : `${group}.${name}`)
      if (value !== undefined) found[name] = value
    }
    return found
  }
}
