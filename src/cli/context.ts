import type { Clock } from '../model/clock.ts'
import type { CommandLine } from './command-line.ts'
import type { LoadedConfig } from './config-file.ts'
import type { Output } from './output.ts'
import type { Environment, Settings } from './settings.ts'

/** What a command works with. */
export interface Context {
  readonly line: CommandLine
  readonly settings: Settings
  readonly config: LoadedConfig | undefined
  /** The user's own, for all projects. */
  readonly userConfig: LoadedConfig | undefined
  readonly output: Output
  readonly environment: Environment
  readonly cwd: string
  readonly clock: Clock
}

/** Carries out one command; resolves to the exit code, or rejects with the error that decides it. */
export type Command = (context: Context) => Promise<number>
