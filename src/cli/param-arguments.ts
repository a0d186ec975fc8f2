import { nearest } from '../model/did-you-mean.ts'
import { wrongUsage } from './command-line.ts'
import { commandNamed, flagsOf, namesOf } from './command-table.ts'

/** A parameter as the shell can say it. */
export type RawParam = string | true | readonly string[]
export type RawParams = Readonly<Record<string, RawParam>>

const run = commandNamed('run')

/** Names that are never a parameter, wherever they stand before `--`. */
export const reservedFlags: ReadonlySet<string> = new Set(run === undefined ? [] : flagsOf(run).flatMap(namesOf))

const parameter = /^--([A-Za-z][\w.-]*)(?:=(.*))?$/s

/**
 * Reads the words that are not Waymark's own: `--key value`, `--key=value`, `--flag` (true); a key given again makes a list.
 *
 * @throws WaymarkError `invalid` for a word that is no parameter, and for a reserved name with a value it does not take
 */
export function readParams(words: readonly string[], afterDashes: readonly string[]): RawParams {
  const params = new Map<string, RawParam>()
  readWords(words, params, true)
  readWords(afterDashes, params, false)
  return Object.fromEntries(params)
}

function readWords(words: readonly string[], params: Map<string, RawParam>, checkReserved: boolean): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    const match = parameter.exec(word)
    if (match === null) throw strayWord(word)
    const name = match[1] ?? ''
    if (checkReserved && reservedFlags.has(name)) throw wrongUsage(`--${name} takes no value`, run)
    let value: string | true = match[2] ?? true
    const next = words[i + 1]
    if (match[2] === undefined && next !== undefined && !isFlag(next)) {
      value = next
      i++
    }
    params.set(name, withValue(params.get(name), value, name))
  }
}

const named = /^([A-Za-z][\w.-]*)=(.*)$/s

/** `--param NAME=VALUE`, as `fork` takes it, is `--NAME VALUE`: also where NAME is a flag of Waymark. Other values of `--param` are those of a parameter of that name. */
export function namedParams(raw: RawParams): RawParams {
  const { param, ...others } = raw
  const given = param === undefined || param === true ? [] : typeof param === 'string' ? [param] : param
  if (given.length === 0) return raw
  const params = new Map<string, RawParam>(Object.entries(others))
  for (const text of given) {
    const [, name = 'param', value = text] = named.exec(text) ?? []
    params.set(name, withValue(params.get(name), value, name))
  }
  return Object.fromEntries(params)
}

/** A dash before anything but a number begins a flag; `--key=-x` passes such a value. */
const isFlag = (word: string): boolean => /^-[^\d.]/.test(word)

function withValue(before: RawParam | undefined, value: string | true, name: string): RawParam {
  if (before === undefined) return value
  if (before === true || value === true) {
    if (before === value) return true
    throw wrongUsage(`--${name} is given with a value and without one`, run)
  }
  return typeof before === 'string' ? [before, value] : [...before, value]
}

function strayWord(word: string): Error {
  if (/^-[A-Za-z]/.test(word)) {
    const near = nearest(word.slice(1), [...reservedFlags])
    return wrongUsage(
      `there is no flag ${word}${near === undefined ? '; parameters are written --name value' : `; did you mean --${near}?`}`,
      run,
    )
  }
  return wrongUsage(`${JSON.stringify(word)} belongs to no parameter; parameters are written --name value`, run)
}
