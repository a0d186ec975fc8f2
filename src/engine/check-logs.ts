import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { type LogOptions, logLevels } from '../model/log-options.ts'

const rules: OptionRules<LogOptions> = {
  level: optionRules.any,
  console: optionRules.flag,
  folder: optionRules.text,
  perStage: optionRules.flag,
  keepDays: optionRules.any,
  maxBytes: optionRules.any,
  files: optionRules.any,
}

/** @throws WaymarkError `invalid` naming the option of `logs` that is none, or what a logger lacks */
export function checkLogs(call: string, logs: object | undefined): void {
  if (logs === undefined) return
  if (typeof logs !== 'object') throw badLogs(call, 'it is neither an object of options nor a logger')
  if ('info' in logs) {
    const missing = ['info', 'warn', 'error'].find(name => typeof Reflect.get(logs, name) !== 'function')
    if (missing !== undefined) throw badLogs(call, `as a logger it has no function ${missing}`)
    return
  }
  checkOptions(`the logs of ${call}`, logs, rules, 'No store was opened or made.')
  const { level, keepDays, maxBytes, files }: LogOptions = logs
  if (level !== undefined && !logLevels.includes(level)) throw badLogs(call, `its level is one of ${logLevels.join(', ')}`)
  for (const [name, value, least] of [
    ['keepDays', keepDays, 0],
    ['maxBytes', maxBytes, 1_000],
    ['files', files, 0],
  ] as const)
    if (value !== undefined && !(typeof value === 'number' && value >= least))
      throw badLogs(call, `${name} is a number from ${least}`)
}

const badLogs = (call: string, why: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${call}: logs cannot be used: ${why}`,
    means: 'No store was opened or made, and nothing was logged.',
    remedy: "logs: { folder: 'logs', level: 'info' }, or a logger of pino",
    details: { option: 'logs' },
  })
