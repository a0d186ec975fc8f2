import { WaymarkError } from '../model/errors.ts'
import type { InputRecord } from '../model/records.ts'
import type { AppendedPart } from './input-file-record.ts'

/** An input that is not the one recorded. */
export interface InputChange {
  /** `appended`: the old part is unchanged. `other`: anything else. `unknown`: nothing was recorded to compare with. */
  readonly kind: 'appended' | 'other' | 'unknown'
  /** What changed, in words. */
  readonly text: string
  readonly before: InputRecord
  readonly now: InputRecord
  readonly appended?: AppendedPart
}

/** What changed between an input as recorded and as it is now; undefined: nothing. */
export function inputChange(
  before: InputRecord | undefined,
  now: InputRecord,
  appended?: AppendedPart | undefined,
): InputChange | undefined {
  if (before === undefined || (before.kind === now.kind && before.digest === now.digest)) return undefined
  const same = before.kind === now.kind
  if (!same && before.kind === 'keys') return { kind: 'unknown', text: 'nothing was recorded to know it by', before, now }
  if (!same) return { kind: 'other', text: `it was ${nameOf(before)} and is ${nameOf(now)}`, before, now }
  if (appended !== undefined) return { kind: 'appended', text: appendedText(before, appended), before, now, appended }
  return { kind: 'other', text: differences(before, now), before, now }
}

/** Whether the attempt must not go on before the change was accepted: a changed result of a stage is a change that the run itself made. */
export const needsAccepting = ({ kind, now }: InputChange): boolean =>
  kind !== 'unknown' && (now.kind === 'file' || now.kind === 'value')

/** What happens to recorded items once the change is accepted. */
export function effectOf({ kind }: Pick<InputChange, 'kind'>, byKey: boolean): string {
  if (kind === 'appended') return 'recorded items stay done, and only the new ones are called'
  return byKey
    ? 'items whose keys are recorded stay done, and new ones are called'
    : 'all its items are called again, and its output is replaced'
}

export function inputChangedError(
  change: InputChange,
  facts: { readonly run: string; readonly stage: string; readonly finished: number; readonly byKey: boolean },
): WaymarkError {
  const { run, stage, finished, byKey } = facts
  const { before, now, appended } = change
  const isFile = now.kind === 'file'
  return new WaymarkError('input_changed', {
    message: `${before.from ?? 'the input'} of ${stage} is not the ${isFile ? 'file' : 'one'} that run ${run} began with: ${change.text}`,
    means: `Nothing was run; ${count(finished)} recorded ${finished === 1 ? 'item is' : 'items are'} kept. If the change is accepted, ${effectOf(change, byKey)}.`,
    remedy: `Accept it with --accept-input${isFile ? ', put back the old file' : ''}, or start anew with --fresh.`,
    details: { run, stage, change: change.kind, before, now, ...(appended === undefined ? {} : { appended }) },
  })
}

function appendedText(before: InputRecord, { bytes, lines }: AppendedPart): string {
  const rest = `${count(lines)} new ${lines === 1 ? 'line' : 'lines'} (${count(bytes)} bytes)`
  return before.size === 0
    ? `it was empty, and has ${rest}`
    : `the first ${count(before.size ?? 0)} bytes are the same: the old part unchanged, ${rest}`
}

function differences(before: InputRecord, now: InputRecord): string {
  if (now.kind === 'value') {
    return before.value === undefined || now.value === undefined || before.value === now.value
      ? 'its digest differs'
      : `it was ${JSON.stringify(before.value)}, and is ${JSON.stringify(now.value)}`
  }
  const parts: string[] = []
  if (before.from !== now.from) parts.push(`it was ${before.from ?? 'another'}, and is ${now.from ?? 'another'}`)
  if (before.size !== undefined && now.size !== undefined)
    parts.push(
      before.size === now.size
        ? `the size is the same (${count(now.size)} bytes)`
        : `size ${count(before.size)} → ${count(now.size)} bytes`,
    )
  if (before.mtimeMs !== undefined && now.mtimeMs !== undefined && before.mtimeMs !== now.mtimeMs)
    parts.push(`changed ${timeText(before.mtimeMs)} → ${timeText(now.mtimeMs)}`)
  parts.push(`digest ${shortDigest(before.digest)} → ${shortDigest(now.digest)}`)
  return parts.join(', ')
}

function nameOf({ kind, from }: InputRecord): string {
  switch (kind) {
    case 'file':
      return `the file ${from}`
    case 'stage':
      return `the result of ${from}`
    case 'value':
      return 'known by what the pipeline said'
    case 'keys':
      return 'known by keys only'
  }
}

const shortDigest = (digest: string | undefined): string => digest?.replace('sha256:', '').slice(0, 8) ?? 'none'
const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
const count = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')
