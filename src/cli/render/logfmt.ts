import { timeText } from './quantities.ts'

export type LogField = string | number | boolean | undefined

/** One state line: `2026-11-20T02:00:18Z stage.done stage=extract items=12`. Fields that are undefined are left out. */
export function logLine(time: number, type: string, fields: Readonly<Record<string, LogField>>): string {
  return [logHead(time, type), ...fieldTexts(fields)].join(' ').trimEnd()
}

/** What such a line begins with. */
export const logHead = (time: number, type: string): string => `${timeText(time)} ${type.padEnd(15)}`

/** `stage=extract`, of each field that is not undefined. */
export const fieldTexts = (fields: Readonly<Record<string, LogField>>): readonly string[] =>
  Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${fieldText(value)}`]))

export function fieldText(value: LogField): string {
  const text = String(value)
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}
