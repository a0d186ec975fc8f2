import { wrongUsage } from './command-line.ts'
import type { CommandSpec } from './command-spec.ts'

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/**
 * Milliseconds of `30m`, `24h`, `7d`.
 *
 * @throws WaymarkError `invalid`
 */
export function timeSpan(text: string, flag: string, command: CommandSpec | undefined): number {
  const [, amount, unit = ''] = /^(\d{1,6}) ?([smhdw])$/.exec(text) ?? []
  const ms = units[unit]
  if (amount === undefined || ms === undefined)
    throw wrongUsage(`--${flag} needs a time such as 30m, 24h or 7d, not ${JSON.stringify(text)}`, command)
  return Number(amount) * ms
}
