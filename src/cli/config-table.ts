import { type ConfigOption, optionsByName } from './config-options.ts'

/** The table of options in docs/configuration.md. */
export function configTable(): string {
  const rows = Object.entries(optionsByName).flatMap(([name, option]) =>
    'parts' in option
      ? [
          row(name, option.off?.variable, undefined, `${option.summary}:`, option.off === undefined ? '' : '`false`'),
          ...Object.entries(option.parts).map(([part, one]) => rowOf(`${name}.${part}`, one)),
        ]
      : [rowOf(name, option)],
  )
  return ['| option | variable | flag | what it is | default |', '|---|---|---|---|---|', ...rows].join('\n')
}

/** The page with this table between its marks. */
export const withConfigTable = (page: string, table: string): string =>
  page.replace(
    /(<!-- options -->\n)[\s\S]*?(\n<!-- end of options -->)/,
    (_all, before: string, after: string) => `${before}\n${table}\n${after}`,
  )

const rowOf = (name: string, { variable, flag, summary, default: byDefault }: ConfigOption): string =>
  row(name, variable, flag && (flag.shown ?? `--${flag.name}`), summary, byDefault)

const row = (name: string, variable: string | undefined, flag: string | undefined, summary: string, byDefault: string): string =>
  `| \`${name}\` | ${code(variable)} | ${code(flag)} | ${summary} | ${byDefault} |`

const code = (text: string | undefined): string => (text === undefined ? '' : `\`${text}\``)
