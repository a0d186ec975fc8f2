import { WaymarkError } from '../model/errors.ts'

/** Of what needs nothing that a close takes away, and would answer all the same. */
export const storeClosed = (path: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `the store ${path} is closed`,
    means: 'Nothing was read or changed.',
    remedy: 'Open the store again, and close it only when all work with it has ended.',
  })
