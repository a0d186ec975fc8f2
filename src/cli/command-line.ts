import type { Command } from 'commander'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import { type CommandSpec, commandNamed, commands, type FlagSpec, flagsOf, namesOf } from './command-table.ts'
import { rootFlags } from './common-flags.ts'

/** What the user asked for. */
export interface CommandLine {
  /** Undefined for a bare `waymark`. */
  readonly command: CommandSpec | undefined
  readonly arguments: readonly string[]
  readonly flags: Flags
  /** Words for the pipeline, in order: everything `run` does not know before `--` … */
  readonly params: readonly string[]
  /** … and everything after it. */
  readonly paramsAfterDashes: readonly string[]
}

/** The values of flags by name; switches are true or absent. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  on(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  count(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : Number(text)
  }
}

/** True if the words ask for JSON: known before anything is parsed, so that a wrong command line is answered in JSON too. */
export const asksForJson = (argv: readonly string[]): boolean => {
  const dashes = argv.indexOf('--')
  return (dashes < 0 ? argv : argv.slice(0, dashes)).includes('--json')
}

/**
 * Reads `argv` (without node and script).
 *
 * @throws WaymarkError `invalid` for what the table does not have, with what was probably meant
 */
export async function parseCommandLine(argv: readonly string[]): Promise<CommandLine> {
  const { Command, CommanderError } = await import('commander')
  const values = new Map<string, string[]>()
  const dashes = argv.indexOf('--')
  const words = dashes < 0 ? argv : argv.slice(0, dashes)
  const afterDashes = dashes < 0 ? [] : argv.slice(dashes + 1)

  const parse = (parser: Command, flags: readonly FlagSpec[], list: readonly string[]) => {
    declare(parser, flags, values)
    try {
      return parser.parseOptions([...list])
    } catch (error) {
      if (error instanceof CommanderError) throw wrongUsage(error.message.replace(/^error: /, ''))
      throw error
    }
  }

  const root = parse(new Command().passThroughOptions(), rootFlags, words)
  const [word, ...rest] = root.operands
  if (root.unknown.length > 0 && word === undefined) throw unknownFlag(root.unknown[0] ?? '', undefined, rootFlags)
  // `waymark help run` is `waymark run --help`.
  const asksHelp = word === 'help'
  const name = asksHelp ? rest.shift() : word
  if (asksHelp) values.set('help', [''])
  if (name === undefined)
    return { command: undefined, arguments: [], flags: new Flags(values), params: [], paramsAfterDashes: [] }
  const command = commandNamed(name)
  if (command === undefined) throw unknownCommand(name)

  const known = flagsOf(command)
  const own = parse(new Command(), known, [...rest, ...root.unknown])
  checkValues(command, known, values)
  const takesParams = command.takesParams === true
  if (!takesParams && own.unknown.length > 0) throw unknownFlag(own.unknown[0] ?? '', command, known)
  const operands = takesParams ? own.operands : [...own.operands, ...afterDashes]
  if (!values.has('help')) checkArguments(command, operands, own.unknown)
  return {
    command,
    arguments: operands,
    flags: new Flags(values),
    params: own.unknown,
    paramsAfterDashes: takesParams ? afterDashes : [],
  }
}

function declare(parser: Command, flags: readonly FlagSpec[], values: Map<string, string[]>): void {
  const silent = () => {}
  parser.exitOverride().helpOption(false).configureOutput({ writeOut: silent, writeErr: silent, outputError: silent })
  for (const flag of flags) {
    for (const name of namesOf(flag)) {
      const short = flag.short === undefined || name !== flag.name ? '' : `-${flag.short}, `
      parser.option(`${short}--${name}${flag.value === undefined ? '' : ` <${flag.value}>`}`)
      parser.on(`option:${name}`, (value: string | null) => {
        values.set(flag.name, [...(values.get(flag.name) ?? []), value ?? ''])
      })
    }
  }
}

function checkValues(command: CommandSpec, flags: readonly FlagSpec[], values: ReadonlyMap<string, readonly string[]>): void {
  for (const [name, given] of values) {
    const flag = flags.find(one => one.name === name)
    if (flag === undefined || flag.kind === 'switch') continue
    if (given.length > 1 && flag.repeats === undefined) throw wrongUsage(`--${name} is given ${given.length} times`, command)
    for (const text of given) {
      if (text === '' || text.startsWith('--'))
        throw wrongUsage(`--${name} needs a value: --${name} ${flag.value ?? ''}`, command)
      if (flag.kind === 'count' && !/^\d{1,9}$/.test(text)) {
        throw wrongUsage(`--${name} needs a whole number, not ${JSON.stringify(text)}`, command)
      }
      if (flag.least !== undefined && Number(text) < flag.least)
        throw wrongUsage(`--${name} needs a whole number of at least ${flag.least}, not ${text}`, command)
      if (flag.choices !== undefined && !flag.choices.includes(text)) {
        const near = nearest(text, flag.choices)
        const meant = near === undefined ? '' : `; did you mean ${near}?`
        throw wrongUsage(`--${name} is one of ${flag.choices.join(', ')}, not ${JSON.stringify(text)}${meant}`, command)
      }
    }
  }
}

function checkArguments(command: CommandSpec, operands: readonly string[], unknown: readonly string[]): void {
  const missing = command.arguments.find((argument, index) => argument.required && operands[index] === undefined)
  if (missing !== undefined) {
    const why = unknown.length > 0 ? `${missing.name} has to come before the pipeline's parameters` : `${missing.name} is missing`
    throw wrongUsage(`waymark ${command.name}: ${why}`, command)
  }
  const extra = operands[command.arguments.length]
  if (extra === undefined) return
  const hint = command.takesParams === true ? '; parameters are written --name value' : ''
  throw wrongUsage(`waymark ${command.name} does not take ${JSON.stringify(extra)}${hint}`, command)
}

function unknownCommand(word: string): WaymarkError {
  const near = nearest(
    word,
    commands.flatMap(command => (command.alias === undefined ? [command.name] : [command.name, command.alias])),
  )
  // `waymark etl.ts` is what people type first.
  const isFile = /\.[cm]?[jt]s$/.test(word)
  let remedy = 'waymark --help  lists the commands'
  if (isFile) remedy = `waymark run ${word}`
  else if (near !== undefined) remedy = `waymark ${near}`
  const meant = isFile || near !== undefined ? `; did you mean \`${remedy}\`?` : ''
  return new WaymarkError('invalid', {
    message: `there is no command ${JSON.stringify(word)}${meant}`,
    means: nothingDone,
    remedy,
  })
}

function unknownFlag(word: string, command: CommandSpec | undefined, flags: readonly FlagSpec[]): WaymarkError {
  const name = word.replace(/^-+/, '').replace(/=.*$/s, '')
  const near = nearest(name, flags.flatMap(namesOf))
  const meant = near === undefined ? '' : `; did you mean --${near}?`
  return wrongUsage(
    `there is no flag ${word.replace(/=.*$/s, '')}${command === undefined ? '' : ` of waymark ${command.name}`}${meant}`,
    command,
  )
}

/** A command line that cannot be carried out. */
export function wrongUsage(message: string, command?: CommandSpec): WaymarkError {
  return new WaymarkError('invalid', {
    message,
    means: nothingDone,
    remedy: command === undefined ? 'waymark --help  lists the commands' : `waymark ${command.name} --help  shows its flags`,
  })
}

const nothingDone = 'Nothing was run or changed.'
