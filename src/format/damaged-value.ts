import { WaymarkError } from '../model/errors.ts'

/** Bytes that the writer never makes: cut off, changed, or written by something else. */
export function damagedValue(problem: string, offset: number, cause?: unknown): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `The stored value is damaged at byte ${offset}: ${problem}.`,
    means: 'Nothing of this value can be trusted; other values are not touched by it.',
    remedy: 'Load an earlier checkpoint of the same stage, or run the stage again with --redo STAGE.',
    cause,
    details: { offset },
  })
}
