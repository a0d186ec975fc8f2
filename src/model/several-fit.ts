import { WaymarkError } from './errors.ts'

const mostTold = 10

/** To be asked for of one beginning: so many tell whether it fits several, and whether more than {@link severalFit} names. */
export const enoughIds: number = mostTold + 1

/**
 * The error for the beginning of an id with which several begin.
 *
 * @param ids ten of them are named; of more it is said that there are
 */
export function severalFit(what: 'runs' | 'checkpoints', prefix: string, ids: readonly string[]): WaymarkError {
  const told = ids.slice(0, mostTold)
  return new WaymarkError('conflict', {
    message: `${JSON.stringify(prefix)} fits several ${what}: ${told.join(', ')}${ids.length > told.length ? ' …' : ''}`,
    means: 'Nothing was read or changed.',
    remedy: 'Give more of the id.',
    details: { candidates: told },
  })
}
