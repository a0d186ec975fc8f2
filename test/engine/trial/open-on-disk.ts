import { type MasterKey, open, type Store } from 'waymark'
import { noChunkIndex } from '../../../src/chunks/chunk-index.ts'
import { identifyProcess } from '../../../src/engine/process-identity.ts'
import type { FileSystem } from '../../../src/files/file-system.ts'
import { CatalogPool } from '../../../src/testing/catalog-pool.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { hastyClock } from './hasty-clock.ts'

const catalogs = new CatalogPool()
const self = identifyProcess('trial')
const secret = seededRandom(5).bytes(32)

/** A master key of no file. */
export const trialKey: MasterKey = {
  kind: 'file',
  description: 'the key of the test',
  secretFor: async () => secret,
  newSecret: async () => ({ secret, settings: {} }),
}

/** The store on a simulated disk, with a clock that waits for nothing; sealed if a key is given. */
export const openOn = (files: FileSystem, seed: number, key?: MasterKey): Promise<Store> =>
  open({
    path: '/disk/.waymark',
    ...(key && { key }),
    components: {
      files,
      clock: hastyClock(),
      random: seededRandom(seed),
      identify: name => ({ ...self, process: name }),
      openCatalog: () => catalogs.open(),
      openChunkIndex: () => noChunkIndex,
    },
  })
