import { describe } from './describe.ts'
import { WaymarkError } from './errors.ts'

/**
 * What a record has survived by the time its writer goes on:
 * - `power`: the disk has it; nothing but the loss of the disk takes it.
 * - `process`: the kernel has it: `kill -9` cannot take it, a power cut may take what is younger than about a second.
 * - `exit`: as `process`, but progress inside a pass over items is kept in memory until the pass ends, fails or is stopped: a
 *   kill takes that too.
 *
 * In all three the order is kept: what is lost is an end of what was recorded, never a part in the middle. The end of an attempt
 * is always `power`.
 */
export type Durability = (typeof durabilities)[number]

export const durabilities = ['power', 'process', 'exit'] as const

/**
 * The durability that was asked for, or undefined where none was.
 *
 * @param where The call that was given it, for the message.
 * @throws WaymarkError `invalid`
 */
export function checkDurability(asked: unknown, where: string): Durability | undefined {
  if (asked === undefined) return undefined
  const known = durabilities.find(name => name === asked)
  if (known !== undefined) return known
  throw new WaymarkError('invalid', {
    message: `${where}: durability is ${describe(asked)}, not one of ${durabilities.join(', ')}`,
    means: 'Nothing was done.',
    remedy: `durability: 'power' survives a power cut, 'process' a kill, 'exit' a clean end.`,
  })
}
