import type { Durability } from './model/durability.ts'
import type { LogOptions } from './model/log-options.ts'
import type { SavePolicy } from './model/save-policy.ts'

/**
 * Options of a project, in `waymark.config.ts` (or `.js`, `.mjs`, `.json`, `.yaml`, `.yml`), or of a user, in `~/.config/waymark/config.yaml` (or `.json`). Flags go before `WAYMARK_…` variables, those
 * before the project's file, that before the user's.
 */
export interface WaymarkConfig {
  /** Folder of the store; relative to the file. Default: `.waymark` beside the nearest package.json. */
  readonly store?: string
  /** What names the key of a sealed store: `file:PATH` (relative to the file), `variable:NAME`, `command:COMMAND`, `passphrase`, `aws-kms:ARN` or `vault:ADDRESS/KEY`. Never the key itself. */
  readonly key?: string
  /** False: `waymark run` gives the same results and keeps nothing: everything is in memory, no store is made or touched, and a run that is killed begins anew. Default true. */
  readonly checkpoints?: boolean
  /** What `waymark run` does with an unfinished run of the same work: goes on with it (`auto`), begins anew (`never`, as `--fresh`), or asks (`ask`; where nobody can be asked it is `stale`). Default `auto`. */
  readonly resume?: 'auto' | 'never' | 'ask'
  /** When passes over items and trackers save progress that have no `save` of their own. The end of a stage is always saved. Default: every 5 % or as often as costs 1 % of the time, at least every 5 minutes. */
  readonly save?: SavePolicy
  /** What the records of a run survive: a power cut (`power`), a kill (`process`) or a clean end (`exit`). Default `power`. */
  readonly durability?: Durability
  /** How what is saved is compressed: the name of a codec, or that with its level. Default zstd, level 1. */
  readonly compression?: CompressionName | { readonly codec: CompressionName; readonly level?: number }
  /** Keeps parity beside each pack, from which a repair heals damage, for 3 to 5 % more bytes. Default false. */
  readonly parity?: boolean
  /** Milliseconds after which a checkpoint counts as expired that was saved without a time to live. Default: never. */
  readonly defaultTtlMs?: number
  /** `auto` draws on a terminal and writes state lines elsewhere; `plain` always writes lines; `none` is silent. Default `auto`. */
  readonly progress?: 'auto' | 'plain' | 'none'
  /** How often `waymark run` starts a crashed or failed run again. Default 0. */
  readonly restart?: number
  /** Milliseconds to wait before the first of these restarts; doubles with each, up to 30 s. Default 1,000. */
  readonly backoffMs?: number
  /** An unfinished run untouched for longer than this asks before it goes on, in milliseconds. Default 24 hours. */
  readonly staleAfterMs?: number
  /** Deletes old checkpoints whenever a run ends: of runs that ended more than `olderThanDays` (7) ago, without the `newestRuns` (10) newest of each pipeline. Default: nothing is deleted by itself. */
  readonly retention?: { readonly olderThanDays?: number; readonly newestRuns?: number } | false
  /** What is not to be shown of any run, besides what looks like a secret by its name: paths such as `params.login`, `items.*.pin`, `**.email`, as `redact` of a pipeline. */
  readonly redact?: readonly string[]
  /** What is logged, and where to. */
  readonly logs?: LogOptions
}

export type CompressionName = 'none' | 'zstd' | 'gzip' | 'brotli'

/**
 * The config itself, typed.
 *
 * @example
 * // waymark.config.ts
 * import { defineConfig } from 'waymark'
 * export default defineConfig({ store: 'state/.waymark', restart: 3 })
 */
export const defineConfig = (config: WaymarkConfig): WaymarkConfig => config
