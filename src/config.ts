/** Options of a project, in `waymark.config.ts` (or `.js`, `.mjs`, `.json`). Flags and `WAYMARK_…` variables override them. */
export interface WaymarkConfig {
  /** Folder of the store; relative to the file. Default: `.waymark` beside the nearest package.json. */
  readonly store?: string
  /** What names the key of a sealed store: `file:PATH` (relative to the file), `variable:NAME`, `command:COMMAND`, `passphrase`, `aws-kms:ARN` or `vault:ADDRESS/KEY`. Never the key itself. */
  readonly key?: string
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
}

/**
 * The config itself, typed.
 *
 * @example
 * // waymark.config.ts
 * import { defineConfig } from 'waymark'
 * export default defineConfig({ store: 'state/.waymark', restart: 3 })
 */
export const defineConfig = (config: WaymarkConfig): WaymarkConfig => config
