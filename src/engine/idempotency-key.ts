import { createHash } from 'node:crypto'
import { itemPath } from '../model/scope.ts'

/** The same for an item in every attempt, and for no other item of any run: 128 bits of SHA-256 over run and path, in hex. */
export const idempotencyKey = (run: string, stage: string, item: string): string =>
  createHash('sha256')
    .update(`${run}\n${itemPath(stage, item)}`)
    .digest('hex')
    .slice(0, 32)
