/** The commands and their flags, as data: the parser, the help, `docs/cli.md` and its test are made from this one table. */
import { checkpointCommands } from './checkpoint-commands.ts'
import type { CommandSpec, FlagSpec } from './command-spec.ts'
import { commonFlags } from './common-flags.ts'
import { diffCommand } from './diff-command.ts'
import { forkCommands } from './fork-commands.ts'
import { inspectCommands } from './inspect-commands.ts'
import { keysCommand } from './keys-commands.ts'
import { repairCommands } from './repair-commands.ts'
import { runCommands } from './run-commands.ts'
import { stopCommands } from './stop-commands.ts'
import { reportCommands, upkeepCommands } from './upkeep-commands.ts'

export type { ArgumentSpec, CommandSpec, ExampleSpec, FlagSpec } from './command-spec.ts'

export const commands: readonly CommandSpec[] = [
  ...runCommands,
  ...inspectCommands,
  ...forkCommands,
  ...stopCommands,
  ...reportCommands,
  diffCommand,
  ...checkpointCommands,
  ...upkeepCommands,
  keysCommand,
  ...repairCommands,
]

/** The command called `name` by its name or alias. */
export const commandNamed = (name: string): CommandSpec | undefined =>
  commands.find(command => command.name === name || command.alias === name)

/** Every flag a command understands. */
export const flagsOf = (command: CommandSpec): readonly FlagSpec[] => [...command.flags, ...commonFlagsOf(command)]

/** The flags of every command, as they are called in this one: its own names go before their other names. */
export const commonFlagsOf = ({ flags }: CommandSpec): readonly FlagSpec[] =>
  commonFlags.map(({ alias, ...flag }) =>
    alias === undefined || flags.some(({ name }) => name === alias) ? flag : { ...flag, alias },
  )

/** All names a flag answers to. */
export const namesOf = (flag: FlagSpec): readonly string[] => (flag.alias === undefined ? [flag.name] : [flag.name, flag.alias])
