import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { WaymarkConfig } from '../config.ts'
import { checkRetention } from '../engine/apply-retention.ts'
import { checkRedact } from '../engine/redaction.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'

const fileNames = ['waymark.config.ts', 'waymark.config.js', 'waymark.config.mjs', 'waymark.config.json']

/** A config that was found, and where. */
export interface LoadedConfig {
  readonly file: string
  readonly config: WaymarkConfig
}

/** Looks for a config from `from` upward; the nearest counts. */
export function findConfigFile(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of fileNames) {
      const file = join(folder, name)
      if (existsSync(file)) return file
    }
    if (dirname(folder) === folder) return undefined
  }
}

/**
 * Loads and checks a config.
 *
 * @throws WaymarkError `invalid` naming file and key
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const value = file.endsWith('.json') ? await readJson(file) : await importDefault(file)
  return { file, config: checkConfig(value, file) }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw brokenConfig(file, `${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

async function importDefault(file: string): Promise<unknown> {
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(file).href)
    return module.default
  } catch (error) {
    throw brokenConfig(file, `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

const keys = {
  store: (value: unknown) => (typeof value === 'string' && value !== '' ? undefined : 'a path'),
  // The value is not shown: it may be the key itself, put where its name belongs.
  key: (value: unknown) => (typeof value === 'string' && value !== '' ? undefined : 'what names a key: file:PATH, say'),
  progress: (value: unknown) =>
    value === 'auto' || value === 'plain' || value === 'none' ? undefined : "'auto', 'plain' or 'none'",
  restart: (value: unknown) => (Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number from 0'),
  backoffMs: (value: unknown) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : 'a whole number of milliseconds from 0',
  staleAfterMs: (value: unknown) =>
    typeof value === 'number' && value > 0 ? undefined : 'a number of milliseconds above 0 (Infinity: never stale)',
  // Its parts have names of their own, which are checked after it.
  retention: (value: unknown) =>
    value === false || (typeof value === 'object' && value !== null)
      ? undefined
      : 'false, or an object such as { olderThanDays: 7 }',
  // Its paths are read after it.
  redact: (value: unknown) => (Array.isArray(value) ? undefined : "a list of paths such as ['params.login', '**.email']"),
} satisfies Record<keyof WaymarkConfig, (value: unknown) => string | undefined>

/** @throws WaymarkError `invalid` for an unknown key or a value of the wrong kind */
export function checkConfig(value: unknown, file: string): WaymarkConfig {
  if (!isConfigObject(value)) throw brokenConfig(file, `${file} has to export its options as default: an object`)
  for (const [key, option] of Object.entries(value)) {
    if (!isKey(key)) {
      const near = nearest(key, Object.keys(keys))
      const meant = near === undefined ? `; there are ${Object.keys(keys).join(', ')}` : `; did you mean ${near}?`
      throw brokenConfig(file, `${file} has an option "${key}", which does not exist${meant}`)
    }
    const needed = option === undefined ? undefined : keys[key](option)
    if (needed !== undefined)
      throw brokenConfig(file, `${key} in ${file} has to be ${needed}${key === 'key' ? '' : `, not ${JSON.stringify(option)}`}`)
  }
  checkRetention(file, value.retention)
  checkRedact(file, value.redact)
  return value
}

/** The keys are checked right after. */
const isConfigObject = (value: unknown): value is WaymarkConfig =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isKey = (key: string): key is keyof typeof keys => Object.hasOwn(keys, key)

const brokenConfig = (file: string, message: string, cause?: unknown): WaymarkError =>
  new WaymarkError('invalid', {
    message,
    means: 'Nothing was run or changed.',
    remedy: `Correct ${file}; docs/cli.md lists the options.`,
    cause,
  })
