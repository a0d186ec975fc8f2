/** What the table of commands is made of. */

export interface CommandSpec {
  readonly name: string
  readonly alias?: string
  readonly group: 'Run' | 'Inspect' | 'Keep' | 'Repair'
  readonly summary: string
  readonly arguments: readonly ArgumentSpec[]
  readonly flags: readonly FlagSpec[]
  /** Their help is their own. */
  readonly verbs?: readonly VerbSpec[]
  readonly examples: readonly ExampleSpec[]
  /** Seldom needed: the help of all commands names it without a summary. */
  readonly seldom?: true
  /** Takes `--name value` parameters for the pipeline beside its own flags. */
  readonly takesParams?: true
  /** What to know beyond the summary, a sentence a line. */
  readonly notes?: readonly string[]
}

/** What the first argument of a command can be, where each is as good as a command. */
export interface VerbSpec {
  readonly name: string
  /** As it is written: `FILE`, `[SOURCE]`. */
  readonly argument?: string
  readonly summary: string
  /** Names of those of the command that it takes. */
  readonly flags?: readonly string[]
  readonly examples: readonly ExampleSpec[]
  readonly notes?: readonly string[]
}

export interface ArgumentSpec {
  readonly name: string
  readonly required: boolean
  /** What it can be, where that can be listed: for completion. */
  readonly choices?: readonly string[]
  readonly summary: string
}

export interface FlagSpec {
  readonly name: string
  readonly alias?: string
  readonly short?: string
  /** Placeholder of its value; absent for a switch. */
  readonly value?: string
  readonly kind: 'switch' | 'text' | 'count'
  readonly choices?: readonly string[]
  /** Of a count: the smallest that means anything. Default 0. */
  readonly least?: 1
  /** May be given more than once. */
  readonly repeats?: true
  readonly summary: string
}

export interface ExampleSpec {
  readonly command: string
  readonly says: string
}
