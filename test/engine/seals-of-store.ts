import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../../src/files/node-files.ts'
import { systemClock, systemRandom } from '../../src/model/clock.ts'
import { keyVariable } from '../../src/seal/key-variable.ts'
import { openSeals } from '../../src/seal/open-seals.ts'
import type { Seals } from '../../src/seal/seals.ts'

/** Id of the store in this folder, and what it is sealed with if it is, as all stores of the tests may be (WAYMARK_KEY). */
export async function sealsOfStore(root: string): Promise<{ readonly storeId: string; readonly seals: Seals | undefined }> {
  const { store: storeId, requires = [] } = JSON.parse(readFileSync(join(root, 'waymark.json'), 'utf8'))
  if (!requires.includes('sealed')) return { storeId, seals: undefined }
  const keys = [keyVariable('WAYMARK_TEST_KEY')]
  const options = { files: nodeFiles, root, storeId, keys, mayChange: false, clock: systemClock, random: systemRandom }
  return { storeId, seals: (await openSeals(options)).seals }
}
