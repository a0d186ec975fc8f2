import type { Completed, CompletedFlag, completions } from './completion.ts'

/** The script for zsh: a file `_waymark` in a folder of `fpath`, or sourced after `compinit`. */
export function zshCompletion({ commands, flags }: ReturnType<typeof completions>): string {
  return `#compdef waymark
# zsh completion of waymark: waymark completion zsh > ~/.zfunc/_waymark, in a folder of fpath
_waymark() {
  local line state
  _arguments -C \\
    ${[...flags.map(flagSpec), "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`).join('\n')}
      )
      _describe -t commands 'command' commands ;;
    rest)
      case $line[1] in
${commands.map(command => `        ${command.name}) _arguments \\\n          ${argumentSpecs(command).join(' \\\n          ')} ;;`).join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _waymark ]; then _waymark "$@"; else compdef _waymark waymark; fi
`
}

const argumentSpecs = ({ arguments: places, flags }: ReturnType<typeof completions>['commands'][number]): readonly string[] => [
  ...flags.map(flagSpec),
  ...places.map((place, index) => quoted(`${index + 1}: :${action(place)}`)),
]

function flagSpec({ name, short, summary, value }: CompletedFlag): string {
  const about = `[${summary.replaceAll(/[[\]\\]/g, '\\$&').replaceAll(':', '\\:')}]`
  const takes = value === undefined ? '' : `:${value.name}:${action(value.completed)}`
  // Whether it may be given again is for the command to say.
  const long = quoted(`*--${name}${value === undefined ? '' : '='}${about}${takes}`)
  return short === undefined ? long : `${quoted(`-${short}${about}${takes}`)} \\\n    ${long}`
}

function action(completed: Completed): string {
  if (completed === 'anything') return ' '
  if (completed === 'file') return '_files'
  return completed === 'folder' ? '_files -/' : `(${completed.words.join(' ')})`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
