import type { RecordedEvent } from './pipeline-event.ts'

/** A text as it may stand in JSON: as it is, or with what JSON escapes. */
export function soughtTexts(text: string): readonly string[] {
  const escaped = JSON.stringify(text).slice(1, -1)
  return escaped === text ? [text] : [text, escaped]
}

/** Whether the text stands in what people see of an event. */
export function eventHolds({ type, stage, item, metadata }: RecordedEvent, text: string): boolean {
  const shown = [type, stage, item ?? '']
  if (shown.some(one => one.includes(text))) return true
  const json = JSON.stringify(metadata)
  return soughtTexts(text).some(one => json.includes(one))
}
