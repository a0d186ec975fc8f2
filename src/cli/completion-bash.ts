import type { Completed, completions } from './completion.ts'

/** The script for bash 4 and later: one function, with a table of words in it. */
export function bashCompletion({ commands, flags }: ReturnType<typeof completions>): string {
  const flagWords = (list: (typeof commands)[number]['flags']): string =>
    list.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]).join(' ')
  const values = commands.flatMap(command =>
    command.flags.flatMap(({ name, value }) =>
      value === undefined ? [] : [`      ${command.name}:--${name}) ${reply(value.completed)} ;;`],
    ),
  )
  const places = commands.flatMap(command =>
    command.arguments.map((place, index) => `      ${command.name}:${index}) ${reply(place)} ;;`),
  )
  const rootValues = flags.flatMap(({ name, value }) => (value === undefined ? [] : [`--${name}`]))
  return `# bash completion of waymark: source <(waymark completion bash)
_waymark() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= place=0 i word
  COMPREPLY=()
  # Bash takes = for a word of its own.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -z $command ]]; then
      case $word in
        ${rootValues.join('|')}) [[ \${COMP_WORDS[i+1]} == = ]] && i=$((i + 1)); i=$((i + 1)) ;;
        -*) ;;
        *) command=$word ;;
      esac
    elif [[ $word == -- ]]; then
      return
    elif [[ $word == -* ]]; then
      case " $(_waymark_valued "$command") " in
        *" $word "*) [[ \${COMP_WORDS[i+1]} == = ]] && i=$((i + 1)); i=$((i + 1)) ;;
      esac
    elif [[ $word != = ]]; then
      place=$((place + 1))
    fi
  done
  if [[ $prev == --* ]]; then
    case \${command:-run}:$prev in
${values.join('\n')}
    esac
  fi
  if [[ -z $command ]]; then
    if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${flagWords(flags)}' -- "$cur"))
    else COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$cur")); fi
  elif [[ $cur == -* ]]; then
    case $command in
${commands.map(command => `      ${command.name}) COMPREPLY=($(compgen -W '${flagWords(command.flags)}' -- "$cur")) ;;`).join('\n')}
    esac
  else
    case $command:$place in
${places.join('\n')}
    esac
  fi
}
_waymark_valued() {
  case $1 in
${commands.map(command => `    ${command.name}) echo '${valued(command.flags)}' ;;`).join('\n')}
  esac
}
complete -F _waymark waymark
`
}

const valued = (flags: ReturnType<typeof completions>['flags']): string =>
  flags.flatMap(({ name, value }) => (value === undefined ? [] : [`--${name}`])).join(' ')

function reply(completed: Completed): string {
  if (completed === 'anything') return 'return'
  if (completed === 'file') return 'compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return'
  if (completed === 'folder') return 'compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return'
  return `COMPREPLY=($(compgen -W '${completed.words.join(' ')}' -- "$cur")); return`
}
