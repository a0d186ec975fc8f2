import { newDataKey } from '../seal/data-key.ts'
import { Seals } from '../seal/seals.ts'
import { seededRandom } from './seeded-random.ts'

/** Seals made from a seed, for a store whose keys folder is of no interest. */
export function seededSeals(seed: number): Seals {
  const random = seededRandom(seed)
  const keys = { dataKeys: [newDataKey(random, 0)], nameSecret: random.bytes(32), acceptsPlain: false, generation: 0 }
  return new Seals(keys, async () => keys)
}

/** With `WAYMARK_TEST_SEALED=1`, the tests of a log or a store on a simulated disk run sealed. */
export const sealsOfTests: Seals | undefined = process.env['WAYMARK_TEST_SEALED'] === '1' ? seededSeals(1) : undefined
