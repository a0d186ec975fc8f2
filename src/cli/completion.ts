import { type ArgumentSpec, type CommandSpec, commands, type FlagSpec, flagsOf, namesOf } from './command-table.ts'
import { rootFlags } from './common-flags.ts'

/** What can stand in a place of a command line: words to choose from, a file, or something that only the user knows. */
export type Completed = { readonly words: readonly string[] } | 'file' | 'folder' | 'anything'

/** A command by each of its names, with what completes it. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly Completed[]
  readonly flags: readonly CompletedFlag[]
}

export interface CompletedFlag {
  readonly name: string
  readonly short?: string
  readonly summary: string
  /** Undefined: a switch. */
  readonly value?: { readonly name: string; readonly completed: Completed }
}

/** Everything that the scripts of the shells are made from. Addresses of runs are left to the user: asking for them takes half a second at each key. */
export function completions(): { readonly commands: readonly CompletedCommand[]; readonly flags: readonly CompletedFlag[] } {
  const known = commands.flatMap(command => [
    completedCommand(command, command.name),
    ...(command.alias === undefined ? [] : [completedCommand(command, command.alias)]),
  ])
  const help: CompletedCommand = {
    name: 'help',
    summary: 'help on a command',
    arguments: [{ words: commands.map(({ name }) => name) }],
    flags: [],
  }
  return { commands: [...known, help], flags: rootFlags.flatMap(completedFlags) }
}

const completedCommand = (command: CommandSpec, name: string): CompletedCommand => ({
  name,
  summary: command.summary,
  arguments: command.arguments.map(completedArgument),
  flags: flagsOf(command).flatMap(completedFlags),
})

function completedArgument({ name, choices }: ArgumentSpec): Completed {
  if (choices !== undefined) return { words: choices }
  if (name === 'COMMAND') return { words: commands.map(command => command.name) }
  return placeOf(name)
}

const completedFlags = (flag: FlagSpec): readonly CompletedFlag[] =>
  namesOf(flag).map(name => ({
    name,
    summary: flag.summary,
    ...(flag.short !== undefined && name === flag.name && { short: flag.short }),
    ...(flag.value !== undefined && {
      value: { name: flag.value, completed: flag.choices === undefined ? placeOf(flag.value) : { words: flag.choices } },
    }),
  }))

function placeOf(name: string): Completed {
  if (name === 'FOLDER') return 'folder'
  return name === 'FILE' || name === 'PATH' ? 'file' : 'anything'
}
