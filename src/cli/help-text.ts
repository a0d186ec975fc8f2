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

/** `waymark help COMMAND`; for `run FILE` with the pipeline's own parameters. */
export function commandHelp(command: CommandSpec, pipeline?: DescribedPipeline): string {
  const lines = [
    ...rows(command.examples.map(example => [example.command, example.says])),
    '',
    `waymark ${usage(command)}\n  ${command.summary}`,
  ]
  if (pipeline !== undefined) lines.push('', ...paramHelp(pipeline))
  if (command.arguments.length > 0) lines.push('', ...rows(command.arguments.map(argument => [argument.name, argument.summary])))
  if (command.flags.length > 0) lines.push('', 'Flags', ...rows(command.flags.map(flag => [flagText(flag), flag.summary])))
  lines.push('', 'Flags of every command', ...rows(commonFlagsOf(command).map(flag => [flagText(flag), flag.summary])))
  if (command.notes !== undefined) lines.push('', ...command.notes)
  return text(lines)
}

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

/** `run FILE [--param value ...]`. */
export function usage(command: CommandSpec): string {
  const words = command.arguments.map(argument => (argument.required ? argument.name : `[${argument.name}]`))
  return [command.name, ...words, ...(command.takesParams === true ? ['[--param value ...]'] : [])].join(' ')
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
  'Exit codes: 0 done, 1 internal error, 2 wrong usage or input,',
  '3 failed and can be resumed, 4 done with items set aside, 5 damage,',
  '6 owned by another process, 7 not found, 8 store unreachable,',
  '9 needs a decision, 130 and 143 stopped by a signal after a clean save',
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

/** Two columns, the right one at one place. */
function rows(pairs: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(20, ...pairs.map(([left]) => left.length))
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`
