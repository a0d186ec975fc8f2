import { checkOptions } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkKey, type MasterKey } from '../seal/master-key.ts'
import { makeRing } from '../seal/open-seals.ts'
import { RingKeeper } from '../seal/ring-keeper.ts'
import { checkKeyName, type KeysReport, keysReport, type NewKeyOptions, newKeyRules } from './keys-report.ts'
import { sealedByHalf } from './sealed-meanwhile.ts'
import type { StoreCore } from './store-core.ts'
import { readDescriptor, sealedFeature, upgradeDescriptor } from './store-descriptor.ts'

/**
 * `store.initKeys()`: first the ring, durable, with which no process can acknowledge anything in plain any more; then the descriptor, which older versions refuse. Between the two the store opens with its key as well, which
 * ends what was begun.
 */
export async function initKeys(core: StoreCore, key: MasterKey, options: NewKeyOptions = {}): Promise<KeysReport> {
  checkKey('initKeys', key)
  checkOptions('initKeys', options, newKeyRules)
  const { disk: files, path: root, storeId, clock, random } = core
  const name = checkKeyName(options.name, key.kind)
  if (core.keeper !== undefined) throw sealedAlready(root)
  if ((await sealedByHalf(files, root)) === undefined)
    await makeRing({ files, root, storeId, clock, random, key, name, acceptsPlain: true })
  const keeper = new RingKeeper({ files, root, storeId, clock, random, keys: [key] })
  const ring = await keeper.read()
  const descriptor = await readDescriptor(files, root)
  if (descriptor === undefined) throw noDescriptor(root)
  await upgradeDescriptor(files, root, descriptor, random, [sealedFeature])
  return keysReport(ring, keeper.openedBy)
}

const sealedAlready = (root: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `the store ${root} is sealed already`,
    means: 'Nothing was changed.',
    remedy: 'Add a master key with: waymark keys add SOURCE. New data keys: waymark keys rotate',
  })

const noDescriptor = (root: string): WaymarkError =>
  new WaymarkError('corrupt', {
    message: `the descriptor ${root}/waymark.json is gone or damaged`,
    means: 'Keys were made for the store; what it holds is as it was.',
    remedy: 'Put back waymark.json from a backup of the store, and make the keys again with the same key.',
  })
