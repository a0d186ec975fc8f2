import type { Completed, CompletedFlag, completions } from './completion.ts'

/** The script for fish: a file `waymark.fish` in `~/.config/fish/completions`. */
export function fishCompletion({ commands, flags }: ReturnType<typeof completions>): string {
  return `# fish completion of waymark: waymark completion fish > ~/.config/fish/completions/waymark.fish
complete -c waymark -f
${commands.map(({ name, summary }) => `complete -c waymark -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`).join('\n')}
${flags.map(flag => flagLine('__fish_use_subcommand', flag)).join('\n')}
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf({ name, arguments: places, flags }: ReturnType<typeof completions>['commands'][number]): readonly string[] {
  const seen = `__fish_seen_subcommand_from ${name}`
  const words = places.flatMap(place =>
    place === 'anything' ? [] : [`complete -c waymark -n ${quoted(seen)} ${candidates(place)}`],
  )
  return [...words, ...flags.map(flag => flagLine(seen, flag))]
}

function flagLine(condition: string, { name, short, summary, value }: CompletedFlag): string {
  const takes = value === undefined ? '' : ` -r${value.completed === 'anything' ? 'f' : ` ${candidates(value.completed)}`}`
  return `complete -c waymark -n ${quoted(condition)} -l ${name}${short === undefined ? '' : ` -s ${short}`}${takes} -d ${quoted(summary)}`
}

function candidates(completed: Completed): string {
  if (completed === 'file') return '-F'
  if (completed === 'folder') return "-a '(__fish_complete_directories)'"
  return completed === 'anything' ? '' : `-a ${quoted(completed.words.join(' '))}`
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
