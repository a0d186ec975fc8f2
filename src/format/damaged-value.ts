import { WaymarkError } from '../model/errors.ts'

/** Bytes that the writer never makes: cut off, changed, or written by something else. */
export function damagedValue(problem: string, offset: number, cause?: unknown): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `The stored value is damaged at byte ${offset}: ${problem}.`,
    means: 'Nothing of this value can be trusted; other values are not touched by it.',
    remedy: 'Load an earlier checkpoint, and run `waymark verify` to see what else is damaged.',
    cause,
    details: { offset },
  })
}

/** Sound bytes that this reader has no way to turn into a value. */
export function unreadableValue(message: string, remedy: string, details: Readonly<Record<string, unknown>>): WaymarkError {
  return new WaymarkError('unsupported', { message, means: 'The stored bytes are intact; nothing was changed.', remedy, details })
}
