import { type ConfigReport, configReport, type ReportedOption, type ReportedValue } from '../config-report.ts'
import type { Context } from '../context.ts'
import { document } from '../json-shapes.ts'
import { type Line, line, span } from '../render/screen.ts'

/** `waymark config` */
export async function configCommand(context: Context): Promise<number> {
  const { output, line: typed } = context
  const report = await configReport(context)
  if (output.json) output.jsonLine(document('config', report))
  else await output.result(reportLines(report, typed.flags.on('explain')))
  return 0
}

function reportLines(report: ConfigReport, explains: boolean): Line[] {
  const names = Math.max(...report.options.map(({ name }) => name.length))
  const lines = report.options.flatMap((option): Line[] => {
    const head: Line = [
      span(option.name.padEnd(names), option.source === 'default' ? 'quiet' : 'strong'),
      span(`  ${shownOption(option)}`, option.source === 'default' ? 'quiet' : 'plain'),
    ]
    return explains ? [head, ...why(option, names)] : [head]
  })
  const { project, user } = report.files
  return [
    ...lines,
    line(''),
    line(`project  ${project ?? 'no config: waymark init makes one'}`, 'quiet'),
    line(`user     ${user ?? 'no config of your own'}`, 'quiet'),
    ...report.notices.map(notice => line(`note     ${notice}`, 'waiting')),
    ...(explains ? [] : [line('waymark config --explain  says where each comes from', 'quiet')]),
  ]
}

function why(option: ReportedOption, indent: number): Line[] {
  const before = ' '.repeat(indent + 4)
  const ways = [option.flag, option.variable].filter(way => way !== undefined)
  const set = ways.length === 0 ? '' : ` (${ways.join(', ')})`
  return [
    line(`${before}${option.source === 'default' ? `${option.from}${set}` : `from ${option.from}`}`, 'quiet'),
    ...option.overrides.map(other => line(`${before}goes before ${valueText(other)} from ${other.from}`, 'quiet')),
  ]
}

const shownOption = (option: ReportedOption): string =>
  option.value === null ? option.default.replaceAll('`', '') : valueText(option)

const valueText = ({ value }: ReportedValue): string => (typeof value === 'string' ? value : JSON.stringify(value))
