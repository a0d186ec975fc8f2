import { dirname, resolve } from 'node:path'
import type { WaymarkConfig } from '../config.ts'
import type { Flags } from './command-line.ts'
import { wrongUsage } from './command-line.ts'
import type { LoadedConfig } from './config-file.ts'
import { timeSpan } from './time-span.ts'

/** What holds for one call of the command line: flags over `WAYMARK_…` variables over the config file over defaults. */
export interface Settings {
  /** Absolute, where one of the three names it. */
  readonly store?: { readonly path: string; readonly from: string }
  /** What names the key of the store; never shown, as it may be one. */
  readonly key?: { readonly source: string; readonly from: string }
  readonly progress: NonNullable<WaymarkConfig['progress']>
  readonly restart: number
  /** Pause before the first restart. */
  readonly backoffMs?: number
  readonly staleAfterMs?: number
  readonly retention?: NonNullable<WaymarkConfig['retention']>
  readonly redact?: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/** @throws WaymarkError `invalid` naming the variable that cannot be read */
export function settingsOf(flags: Flags, environment: Environment, loaded: LoadedConfig | undefined, cwd: string): Settings {
  const config = loaded?.config ?? {}
  const store = storeOf(flags, environment, loaded, cwd)
  const key = keyOf(flags, environment, loaded)
  const staleAfter = flags.text('stale-after')
  const staleAfterMs =
    (staleAfter === undefined ? undefined : timeSpan(staleAfter, 'stale-after', undefined)) ??
    numberFrom(environment, 'WAYMARK_STALE_AFTER_MS') ??
    config.staleAfterMs
  const backoffMs = flags.count('backoff') ?? numberFrom(environment, 'WAYMARK_BACKOFF_MS') ?? config.backoffMs
  const retentionDays = numberFrom(environment, 'WAYMARK_RETENTION_DAYS')
  const retention = retentionDays === undefined ? config.retention : { ...(config.retention || {}), olderThanDays: retentionDays }
  return {
    ...(store === undefined ? {} : { store }),
    ...(key === undefined ? {} : { key }),
    progress: asProgress(flags.text('progress')) ?? progressFrom(environment) ?? config.progress ?? 'auto',
    restart: flags.count('restart') ?? numberFrom(environment, 'WAYMARK_RESTART') ?? config.restart ?? 0,
    ...(backoffMs === undefined ? {} : { backoffMs }),
    ...(staleAfterMs === undefined ? {} : { staleAfterMs }),
    ...(retention === undefined ? {} : { retention }),
    ...(config.redact === undefined ? {} : { redact: config.redact }),
  }
}

function storeOf(flags: Flags, environment: Environment, loaded: LoadedConfig | undefined, cwd: string): Settings['store'] {
  const flag = flags.text('store')
  if (flag !== undefined) return { path: resolve(cwd, flag), from: '--store' }
  const variable = environment['WAYMARK_STORE']
  if (variable !== undefined && variable !== '') return { path: resolve(cwd, variable), from: 'WAYMARK_STORE' }
  if (loaded?.config.store === undefined) return undefined
  return { path: resolve(dirname(loaded.file), loaded.config.store), from: loaded.file }
}

function keyOf(flags: Flags, environment: Environment, loaded: LoadedConfig | undefined): Settings['key'] {
  const flag = flags.text('open-key')
  if (flag !== undefined) return { source: flag, from: '--key' }
  const variable = environment['WAYMARK_KEY']
  if (variable !== undefined && variable !== '') return { source: variable, from: 'WAYMARK_KEY' }
  const source = loaded?.config.key
  if (loaded === undefined || source === undefined) return undefined
  const [, path] = /^file:(.+)$/s.exec(source) ?? []
  return { source: path === undefined ? source : `file:${resolve(dirname(loaded.file), path)}`, from: loaded.file }
}

function progressFrom(environment: Environment): Settings['progress'] | undefined {
  const text = environment['WAYMARK_PROGRESS']
  if (text === undefined || text === '') return undefined
  const mode = asProgress(text)
  if (mode === undefined) throw wrongUsage(`WAYMARK_PROGRESS is auto, plain or none, not ${JSON.stringify(text)}`)
  return mode
}

const asProgress = (text: string | undefined): Settings['progress'] | undefined =>
  text === 'auto' || text === 'plain' || text === 'none' ? text : undefined

function numberFrom(environment: Environment, name: string): number | undefined {
  const text = environment[name]
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw wrongUsage(`${name} needs a whole number, not ${JSON.stringify(text)}`)
  return Number(text)
}
