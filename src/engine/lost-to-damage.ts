import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { StoreCore } from './store-core.ts'

/**
 * What to tell of something that was not found: where the log was found damaged as the catalog was filled from it, it may have stood there.
 *
 * @returns WaymarkError `corrupt` where that can be, else the same error
 */
export function lostToDamage(core: StoreCore, error: unknown): unknown {
  const [first, ...more] = core.feed.damage()
  if (first === undefined || !isWaymarkError(error, 'not_found')) return error
  return new WaymarkError('corrupt', {
    message: `${error.message}, as far as it can be read: ${first}${more.length > 0 ? ` (and ${more.length} more)` : ''}`,
    means: 'What stood there cannot be told; nothing was changed.',
    remedy: 'See what can be mended with: waymark repair',
    details: error.details,
    cause: error,
  })
}
