import type { FileSystem } from '../files/file-system.ts'
import { nameClaims } from '../log/name-claims.ts'
import type { Clock, Random } from '../model/clock.ts'
import type { MasterKey } from '../seal/master-key.ts'
import type { OpenedSeals } from '../seal/open-seals.ts'
import { checkKeyName } from './keys-report.ts'
import { sealedByHalf } from './sealed-meanwhile.ts'
import { isSealed, openDescriptor, type StoreDescriptor, sealedFeature, upgradeDescriptor } from './store-descriptor.ts'

interface Machine {
  readonly files: FileSystem
  readonly clock: Clock
  readonly random: Random
}

/** As the options of `open`. */
interface Asked {
  readonly create?: boolean
  readonly readOnly?: boolean
  readonly inMemory?: boolean
  readonly key?: MasterKey | readonly MasterKey[]
  readonly keyName?: string
}

export interface OpenedOrMade {
  readonly descriptor: StoreDescriptor
  /** What a sealed store is read with. */
  readonly opened: OpenedSeals | undefined
  /** Which key `WAYMARK_KEY` names, of a store that is not sealed. */
  readonly unusedKey: string | undefined
}

/** The descriptor of the store, which is made where there is none, and what a sealed one is read with. */
export async function openOrMake(path: string, { files, clock, random }: Machine, options: Asked): Promise<OpenedOrMade> {
  const keys = await keysOf(options)
  const common = { files, root: path, clock, random, keys, mayChange: options.readOnly !== true }
  const [key] = keys
  const prepareKeys =
    key &&
    (async (storeId: string) => {
      const { prepareRing } = await import('../seal/open-seals.ts')
      return prepareRing({ ...common, storeId, key, name: checkKeyName(options.keyName, key.kind), acceptsPlain: false })
    })
  const mayMake = (options.create ?? true) && options.readOnly !== true
  const descriptor = await openDescriptor(files, path, mayMake, { clock, random, prepareKeys })
  const half = isSealed(descriptor) ? undefined : await sealedByHalf(files, path)
  if (half !== undefined && keys.length === 0) throw (await import('../seal/missing-key.ts')).halfSealed(path, half)
  if (half === undefined && !isSealed(descriptor)) {
    if (options.key !== undefined && options.inMemory !== true) throw (await import('../seal/missing-key.ts')).notSealed(path)
    return { descriptor, opened: undefined, unusedKey: keys[0]?.description }
  }
  const { openSeals } = await import('../seal/open-seals.ts')
  const opened = await openSeals({ ...common, storeId: descriptor.store })
  await nameClaims(files, path, opened.seals, common.mayChange)
  // Whoever made the keys was interrupted before the store said so.
  if (half !== undefined && common.mayChange) await upgradeDescriptor(files, path, descriptor, random, [sealedFeature])
  return { descriptor, opened, unusedKey: undefined }
}

/** The master keys that were given. Nothing of the kind is loaded for a plain store. */
async function keysOf({ key, inMemory }: Asked): Promise<readonly MasterKey[]> {
  // Nothing of it is written down that could be sealed.
  if (inMemory === true) return []
  if (key !== undefined) return (await import('../seal/master-key.ts')).checkKeys('open', key)
  const named = process.env['WAYMARK_KEY']
  return named === undefined || named === '' ? [] : [(await import('../seal/named-key.ts')).namedKey(named)]
}
