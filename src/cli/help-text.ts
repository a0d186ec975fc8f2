import type { VerbSpec } from './command-spec.ts'
import { type CommandSpec, commands, commonFlagsOf, type FlagSpec } from './command-table.ts'
import { rootFlags } from './common-flags.ts'
import type { ParamField, ParamFields } from './param-fields.ts'

/** `waymark --help`: one screen of 40 lines and 80 columns, examples first; of what is seldom needed the names. */
export function rootHelp(version: string): string {
  const named = ['run', 'show']
  const examples = commands.flatMap(command => (named.includes(command.name) ? command.examples.slice(0, 1) : []))
  const width = Math.max(...commands.map(({ name }) => name.length))
  const groups = (['Run', 'Inspect', 'Keep', 'Repair'] as const).flatMap(group => {
    const members = commands.filter(command => command.group === group)
    const often = members.filter(({ seldom }) => seldom !== true)
    const seldom = members.filter(command => command.seldom === true).map(({ name }) => name)
    return [
      group,
      ...often.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
      ...(seldom.length === 0 ? [] : [`  also: ${seldom.join(', ')}`]),
    ]
  })
  return text([
    `waymark ${version}: pipelines that go on exactly where they stopped`,
    '',
    ...rows(examples.map(example => [example.command, example.says])),
    '',
    ...groups,
    '',
    'More: waymark help COMMAND, docs/cli.md. Flags of every command:',
    ...wrapped(rootFlags.map(flagText)),
    '',
    ...exitCodeText,
  ])
}

/** `waymark help COMMAND`; for `run FILE` with the pipeline's own parameters, for `keys VERB` of that verb. */
export function commandHelp(command: CommandSpec, pipeline?: DescribedPipeline, word?: string): string {
  const verb = command.verbs?.find(({ name }) => name === word)
  if (verb !== undefined) return verbHelp(command, verb)
  const narrow = helpLines(command, pipeline, wrappedColumns)
  return text(narrow.length <= screenLines ? narrow : helpLines(command, pipeline, widestColumns))
}

/** The help of one command stands on a screen of this many lines; where it does not in 80 columns, it takes more. */
const screenLines = 44
const widestColumns = 100

function helpLines(command: CommandSpec, pipeline: DescribedPipeline | undefined, columns: number): readonly string[] {
  const lines = [
    ...rows(
      command.examples.map(example => [example.command, example.says]),
      columns,
    ),
    '',
    `waymark ${usage(command)}\n  ${command.summary}`,
  ]
  if (pipeline !== undefined) lines.push('', ...paramHelp(pipeline))
  if (command.arguments.length > 0)
    lines.push(
      '',
      ...rows(
        command.arguments.map(argument => [argument.name, argument.summary]),
        columns,
      ),
    )
  if (command.flags.length > 0)
    lines.push(
      '',
      'Flags',
      ...rows(
        command.flags.map(flag => [flagText(flag), flag.summary]),
        columns,
      ),
    )
  lines.push(
    '',
    'Flags of every command',
    ...rows(
      commonFlagsOf(command).map(flag => [flagText(flag), flag.summary]),
      columns,
    ),
  )
  if (command.notes !== undefined) lines.push('', ...command.notes.flatMap(note => atWords(note, columns)))
  return lines.flatMap(one => one.split('\n'))
}

function verbHelp(command: CommandSpec, verb: VerbSpec): string {
  const flags = command.flags.filter(({ name }) => verb.flags?.includes(name))
  return text([
    ...rows(verb.examples.map(example => [example.command, example.says])),
    '',
    ...atWords(`waymark ${command.name} ${verbUsage(verb)}`, wrappedColumns),
    ...atWords(verb.summary, wrappedColumns - 2).map(part => `  ${part}`),
    ...(verb.notes ?? []).flatMap(note => ['', ...atWords(note, wrappedColumns)]),
    ...(flags.length === 0 ? [] : ['', 'Flags', ...rows(flags.map(flag => [flagText(flag), flag.summary]))]),
    '',
    `Flags of every command: waymark help ${command.name}`,
  ])
}

const verbUsage = ({ name, argument }: VerbSpec): string => (argument === undefined ? name : `${name} ${argument}`)

/** A pipeline as its file describes it. */
export interface DescribedPipeline {
  readonly file: string
  readonly name: string
  readonly params: ParamFields | undefined
}

function paramHelp(pipeline: DescribedPipeline): string[] {
  const title = `Parameters of ${pipeline.name} (${pipeline.file})`
  if (pipeline.params === undefined) return [`${title}: not described; any --name value is handed over`]
  if (pipeline.params.fields.length === 0) return [`${title}: none`]
  return [title, ...rows(pipeline.params.fields.map(field => [`--${field.name}`, fieldText(field)]))]
}

function fieldText(field: ParamField): string {
  const facts = [
    field.type,
    field.required ? 'required' : '',
    'default' in field ? `default ${JSON.stringify(field.default)}` : '',
  ]
  const about = facts.filter(fact => fact !== '').join(', ')
  return field.summary === undefined ? about : `${field.summary} (${about})`
}

/** `run FILE [--NAME VALUE ...]`. */
export function usage(command: CommandSpec): string {
  const words = command.arguments.map(argument => (argument.required ? argument.name : `[${argument.name}]`))
  return [command.name, ...words, ...(command.takesParams === true ? ['[--NAME VALUE ...]'] : [])].join(' ')
}

/** `-q, --quiet`, `--plan, --dry-run`, `--store PATH`. */
export function flagText(flag: FlagSpec): string {
  const names = [
    ...(flag.short === undefined ? [] : [`-${flag.short}`]),
    `--${flag.name}`,
    ...(flag.alias === undefined ? [] : [`--${flag.alias}`]),
  ]
  return names.join(', ') + (flag.value === undefined ? '' : ` ${flag.value}`)
}

export const exitCodeText: readonly string[] = [
  'Exit: 0 done, 1 internal error, 2 wrong usage or input, 3 failed, resumable,',
  '4 done with items set aside, 5 damage, 6 owned by another process, 7 not found,',
  '8 store unreachable, 9 needs a decision, 130, 143 stopped after a clean save',
]

/** Names one behind the other, in lines that fit any screen. */
function wrapped(names: readonly string[]): string[] {
  const lines: string[] = []
  for (const name of names) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + name.length + 3 <= wrappedColumns) lines[lines.length - 1] = `${last} | ${name}`
    else lines.push(`  ${name}`)
  }
  return lines
}

const wrappedColumns = 80

/** Two columns, the right one at one place, and in as many lines as it takes. */
function rows(pairs: readonly (readonly [left: string, right: string])[], columns = wrappedColumns): string[] {
  const width = Math.max(20, ...pairs.map(([left]) => left.length))
  const rest = Math.max(leastColumns, columns - width - 4)
  return pairs.flatMap(([left, right]) =>
    atWords(right, rest).map((part, at) => `  ${(at === 0 ? left : '').padEnd(width)}  ${part}`),
  )
}

const leastColumns = 20

/** A text in lines of so many columns, or of one word that is longer. */
function atWords(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`
