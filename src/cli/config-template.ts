import { type ConfigOption, optionsByName } from './config-options.ts'

const packageName = 'waymark'

/** The config that `waymark init` writes: every option as a comment. It imports nothing at run time, so that it works before Waymark is installed beside it. */
export function configTemplate(): string {
  const options = Object.entries(optionsByName).flatMap(([name, option]) =>
    'parts' in option
      ? [`  // ${plain(option.summary)}`, `  // ${name}: {`, ...partLines(option.parts), '  // },', '']
      : [`  // ${about(option)}`, `  // ${name}: ${option.example},`, ''],
  )
  return [
    '// What this project says to Waymark. Take the slashes off what you want to change; the values that stand here are examples.',
    '// Flags and WAYMARK_ variables go before it; `waymark config --explain` says what holds and why.',
    'export default {',
    ...options.slice(0, -1),
    `} satisfies import('${packageName}').WaymarkConfig`,
    '',
  ].join('\n')
}

const partLines = (parts: Readonly<Record<string, ConfigOption>>): readonly string[] =>
  Object.entries(parts).map(([part, option]) => `  //   ${part}: ${option.example}, // ${about(option)}`)

const about = (option: ConfigOption): string => `${plain(option.summary)} (default: ${plain(option.default)})`

const plain = (text: string): string => text.replaceAll('`', '')
