import { timeText } from './quantities.ts'

export type LogField = string | number | boolean | undefined

/** One state line: `2026-11-20T02:00:18Z stage.done stage=extract items=12`. Fields that are undefined are left out. */
export function logLine(time: number, type: string, fields: Readonly<Record<string, LogField>>): string {
  const parts = Object.entries(fields).filter(([, value]) => value !== undefined)
  return [timeText(time), type.padEnd(15), ...parts.map(([key, value]) => `${key}=${fieldText(value)}`)].join(' ').trimEnd()
}

export function fieldText(value: LogField): string {
  const text = String(value)
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}
