import { checkRedact } from '../engine/redaction.ts'
import { nearest } from '../model/did-you-mean.ts'
import { isWaymarkError } from '../model/errors.ts'
import { type ConfigOption, configOptions, type OptionGroup, optionsByName } from './config-options.ts'

/** Names of an option from the outermost: `['logs', 'level']`. */
export type ConfigPath = readonly string[]

/** What is wrong with a config, and where in it. */
export interface ConfigProblem {
  /** Empty: the whole of it. */
  readonly path: ConfigPath
  /** @param where the file, with line and column where they are known */
  readonly message: (where: string) => string
  readonly remedy?: string
}

/** The first thing that is wrong with what a file holds; undefined: nothing. */
export function configProblem(value: unknown): ConfigProblem | undefined {
  if (!isObject(value)) return { path: [], message: where => `${where} has to export its options as default: an object` }
  for (const [name, given] of Object.entries(value)) {
    const option = Object.hasOwn(optionsByName, name) ? optionsByName[name] : undefined
    const problem = option === undefined ? unknownOption(name) : given === undefined ? undefined : problemOf(name, option, given)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemOf(name: string, option: ConfigOption | OptionGroup, given: unknown): ConfigProblem | undefined {
  if (!('parts' in option)) return wrongValue([name], option, given)
  if (given === false && option.off !== undefined) return undefined
  if (!isObject(given)) return mustBe([name], option.off?.text ?? `an object such as ${exampleOf(option)}`, given)
  for (const [part, value] of Object.entries(given)) {
    const one = Object.hasOwn(option.parts, part) ? option.parts[part] : undefined
    if (one === undefined) return unknownPart(name, part, Object.keys(option.parts))
    const problem = value === undefined ? undefined : wrongValue([name, part], one, value)
    if (problem !== undefined) return problem
  }
  return undefined
}

function wrongValue(path: ConfigPath, option: ConfigOption, value: unknown): ConfigProblem | undefined {
  if (!option.kind.holds(value)) return mustBe(path, option.kind.text, option.hidden === true ? undefined : value)
  return option === configOptions.redact ? wrongPaths(value) : undefined
}

/** The engine says what is wrong with a path. */
function wrongPaths(value: unknown): ConfigProblem | undefined {
  try {
    checkRedact('', value)
    return undefined
  } catch (error) {
    if (!isWaymarkError(error)) throw error
    return { path: ['redact'], message: where => `redact in ${where}${error.message}`, remedy: error.remedy }
  }
}

/** @param value undefined: it is not shown */
function mustBe(path: ConfigPath, text: string, value: unknown): ConfigProblem {
  const not =
    value === undefined ? '' : `, not ${typeof value === 'number' ? value : (JSON.stringify(value) ?? `a ${typeof value}`)}`
  return { path, message: where => `${path.join('.')} in ${where} has to be ${text}${not}` }
}

function unknownOption(name: string): ConfigProblem {
  const near = nearest(name, Object.keys(optionsByName))
  const meant = near === undefined ? `; there are ${Object.keys(optionsByName).join(', ')}` : `; did you mean ${near}?`
  return { path: [name], message: where => `${where} has an option "${name}", which does not exist${meant}` }
}

function unknownPart(group: string, name: string, known: readonly string[]): ConfigProblem {
  const near = nearest(name, known)
  const remedy = near === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`
  return { path: [group, name], message: where => `${group} of ${where}: there is no option ${JSON.stringify(name)}`, remedy }
}

function exampleOf({ parts }: OptionGroup): string {
  const [first] = Object.entries(parts)
  return first === undefined ? '{}' : `{ ${first[0]}: ${first[1].example} }`
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
