/** What the table of commands is made of. */

export interface CommandSpec {
  readonly name: string
  readonly alias?: string
  readonly group: 'Run' | 'Inspect' | 'Keep' | 'Repair'
  readonly summary: string
  readonly arguments: readonly ArgumentSpec[]
  readonly flags: readonly FlagSpec[]
  readonly examples: readonly ExampleSpec[]
  /** Seldom needed: the help of all commands names it without a summary. */
  readonly seldom?: true
  /** Takes `--name value` parameters for the pipeline beside its own flags. */
  readonly takesParams?: true
  /** What to know beyond the summary, a sentence a line. */
  readonly notes?: readonly string[]
}

export interface ArgumentSpec {
  readonly name: string
  readonly required: boolean
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
