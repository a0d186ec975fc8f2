import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { WaymarkConfig } from '../config.ts'
import { systemClock } from '../model/clock.ts'
import { exitCodeOf, WaymarkError } from '../model/errors.ts'
import type { LoadedConfig } from './config-file.ts'
import { configPlace, type Place, placeAt, placeText } from './config-place.ts'
import { type ConfigProblem, configProblem } from './config-problem.ts'
import { thrownPlace } from './thrown-place.ts'

/** A config that connects somewhere may take a while. */
const mostLoadingMs = 30_000

/**
 * Loads and checks a config.
 *
 * @throws WaymarkError `invalid` naming file, line and column, and option
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const value = await readConfig(file)
  const problem = configProblem(value)
  if (problem === undefined && isConfig(value)) return { file, config: value }
  throw wrongConfig(problem ?? nothing, file, await configPlace(file, problem?.path ?? []))
}

/** @throws WaymarkError `invalid` for an unknown option or a value of the wrong kind */
export function checkConfig(value: unknown, file: string): WaymarkConfig {
  const problem = configProblem(value)
  if (problem === undefined && isConfig(value)) return value
  throw wrongConfig(problem ?? nothing, file, undefined)
}

/** Everything in it was checked before this is asked. */
const isConfig = (value: unknown): value is WaymarkConfig => typeof value === 'object' && value !== null

const nothing: ConfigProblem = { path: [], message: where => `${where} says nothing` }

async function readConfig(file: string): Promise<unknown> {
  if (file.endsWith('.json')) return readJson(file)
  if (/\.ya?ml$/.test(file)) return readYamlFile(file)
  return importDefault(file)
}

async function readJson(file: string): Promise<unknown> {
  const text = await readText(file)
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const [, position] = /at position (\d+)/.exec(message) ?? []
    const place = placeAt(text, position === undefined ? text.trimEnd().length : Number(position))
    throw brokenConfig(file, place, where => `${where} is not JSON: ${message}`, error)
  }
}

/** Loaded where there is such a file: a start does not pay for it else. */
async function readYamlFile(file: string): Promise<unknown> {
  const [text, { readYaml }] = await Promise.all([readText(file), import('./yaml-config.ts')])
  const read = readYaml(text)
  // With every line a comment it sets nothing, as `{}` does.
  if ('value' in read) return read.value ?? {}
  throw brokenConfig(file, read, where => `${where} is not YAML: ${read.error}`)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw brokenConfig(
      file,
      undefined,
      where => `${where} cannot be read: ${error instanceof Error ? error.message : error}`,
      error,
    )
  }
}

/** Rejects where the file awaits what never comes, or ends the process. */
async function inTime<Value>(loading: Promise<Value>): Promise<Value> {
  const { promise: never, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(new Error('what it awaits never comes'))
  const cancel = systemClock.after(mostLoadingMs, giveUp, { background: true })
  const ended = (code: number) => {
    // A signal, or the user's own failure.
    if (code !== 0) return
    process.exitCode = exitCodeOf.invalid
    process.stderr.write('The config file ended the process: nothing was run or changed.\n')
  }
  // Nothing is left that could happen.
  process.once('beforeExit', giveUp)
  process.once('exit', ended)
  try {
    return await Promise.race([loading, never])
  } finally {
    cancel()
    process.off('beforeExit', giveUp)
    process.off('exit', ended)
  }
}

async function importDefault(file: string): Promise<unknown> {
  try {
    const module: { readonly default?: unknown } = await inTime(import(pathToFileURL(file).href))
    return module.default
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const thrown = thrownPlace(error, file)
    const isInside = thrown === undefined || thrown.file === file
    // Of what it imports the place is that in the other file.
    const cannot = isInside ? 'cannot be loaded: ' : `cannot be loaded: ${placeText(thrown.file, thrown.place)}: `
    throw brokenConfig(file, isInside ? thrown?.place : undefined, where => `${where} ${cannot}${message}`, error)
  }
}

const wrongConfig = ({ path, message, remedy }: ConfigProblem, file: string, place: Place | undefined): WaymarkError =>
  brokenConfig(file, place, message, undefined, { ...(path.length > 0 && { option: path.join('.') }) }, remedy)

function brokenConfig(
  file: string,
  place: Place | undefined,
  message: (where: string) => string,
  cause?: unknown,
  details: Readonly<Record<string, unknown>> = {},
  remedy?: string,
): WaymarkError {
  const where = placeText(file, place)
  return new WaymarkError('invalid', {
    message: message(where),
    means: 'Nothing was run or changed.',
    remedy: `${remedy === undefined ? '' : `${remedy} `}Correct ${where}; docs/configuration.md lists the options.`,
    cause,
    details: { file, ...place, ...details },
  })
}
