import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import { type KeyRing, type Master, withDataKey, withMaster, withoutMaster } from '../seal/key-ring.ts'
import { checkKey, type MasterKey } from '../seal/master-key.ts'
import { newMaster } from '../seal/open-seals.ts'
import type { RingKeeper } from '../seal/ring-keeper.ts'
import { checkKeyName, type KeysReport, keysReport, type NewKeyOptions, newKeyRules, sealedParts } from './keys-report.ts'
import type { StoreCore } from './store-core.ts'

export interface RotateOptions extends NewKeyOptions {
  /** Id or name of the master key that goes. Default: the one the store was opened with. Only with `to`. */
  readonly from?: string
  /** The master key that takes its place; by default with its name. */
  readonly to?: MasterKey
}

const rotateRules: OptionRules<RotateOptions> = { ...newKeyRules, from: optionRules.text, to: optionRules.any }

/** `store.addKey()` */
export async function addKey(core: StoreCore, key: MasterKey, options: NewKeyOptions = {}): Promise<KeysReport> {
  checkKey('addKey', key)
  checkOptions('addKey', options, newKeyRules)
  const { keeper } = sealedParts(core)
  const name = checkKeyName(options.name, key.kind)
  checkNew(await keeper.read(), { name })
  const master = await newMaster(key, name, core.storeId, core.clock.now())
  checkNew(await keeper.read(), master)
  await checkOther(keeper, key)
  return changed(core, ring => (has(ring, master) ? ring : withMaster(ring, master)))
}

/** `store.removeKey()` */
export async function removeKey(core: StoreCore, which: string): Promise<KeysReport> {
  if (typeof which !== 'string' || which === '') throw noWhich()
  const { keeper } = sealedParts(core)
  const { id } = masterCalled(await keeper.read(), which)
  return changed(core, ring => {
    if (!has(ring, { id })) return ring
    if (ring.masters.length === 1) throw lastKey(ring)
    return withDataKey(withoutMaster(ring, id, core.random), core.random, core.clock.now())
  })
}

/** `store.rotateKeys()` */
export async function rotateKeys(core: StoreCore, options: RotateOptions = {}): Promise<KeysReport> {
  checkOptions('rotateKeys', options, rotateRules)
  const { keeper } = sealedParts(core)
  const { from, to } = options
  const before = await keeper.read()
  if (to === undefined) {
    if (from !== undefined || options.name !== undefined) throw fromWithoutTo()
    const known = before.dataKeys.at(-1)?.id
    return changed(core, ring => (ring.dataKeys.at(-1)?.id === known ? withDataKey(ring, core.random, core.clock.now()) : ring))
  }
  checkKey('rotateKeys', to)
  const old = masterCalled(before, from ?? keeper.openedBy ?? '')
  const name = checkKeyName(options.name, old.name)
  checkNew({ ...before, masters: before.masters.filter(({ id }) => id !== old.id) }, { name })
  const master = await newMaster(to, name, core.storeId, core.clock.now())
  checkNew(before, { id: master.id })
  await checkOther(keeper, to)
  const report = await changed(core, ring => {
    if (has(ring, master)) return ring
    const without = withoutMaster(ring, old.id, core.random)
    return withDataKey(withMaster(without, master), core.random, core.clock.now())
  })
  keeper.alsoTry(to)
  return report
}

/** What the change is may be asked for again: one that is made already leaves the ring as it is. */
async function changed(core: StoreCore, next: (ring: KeyRing) => KeyRing): Promise<KeysReport> {
  const { keeper, seals } = sealedParts(core)
  const ring = await keeper.change(next)
  await seals.refresh()
  return keysReport(ring, keeper.openedBy)
}

const has = ({ masters }: KeyRing, { id }: { readonly id: string }): boolean => masters.some(master => master.id === id)

/** @throws WaymarkError `not_found`, `conflict` if it is the name of several */
function masterCalled({ masters }: KeyRing, which: string): Master {
  const [found, another] = masters.filter(({ id }) => id === which).concat(masters.filter(({ name }) => name === which))
  if (found !== undefined && (another === undefined || another.id === found.id || found.id === which)) return found
  const there = masters.map(({ id, name, kind }) => `${id} ${name} (${kind})`).join(', ')
  throw new WaymarkError(found === undefined ? 'not_found' : 'conflict', {
    message: `${found === undefined ? 'no' : 'more than one'} master key of the store is called ${JSON.stringify(which)}`,
    means: 'The keys were not changed.',
    remedy: `Name one of them by its id: ${there}.`,
    details: { masters: masters.map(({ id }) => id) },
  })
}

function checkNew(
  { masters }: Pick<KeyRing, 'masters'>,
  { id, name }: { readonly id?: string | undefined; readonly name?: string },
): void {
  const same = masters.find(master => master.id === id) ?? masters.find(master => master.name === name)
  if (same === undefined) return
  throw new WaymarkError('conflict', {
    message:
      same.id === id
        ? `this is a master key of the store already: ${same.id} ${same.name} (${same.kind})`
        : `a master key of the store is called ${JSON.stringify(name)} already: ${same.id} (${same.kind})`,
    means: 'The keys were not changed.',
    remedy: same.id === id ? 'Give another key.' : 'Give it another name: --name NAME',
  })
}

/** A passphrase makes another key with each salt: whether it is one already is known when it is tried. */
async function checkOther(keeper: RingKeeper, key: MasterKey): Promise<void> {
  const { masters } = await keeper.read()
  const opened = await keeper.openedWith(key)
  checkNew({ masters: masters.filter(({ id }) => opened.has(id)) }, { id: [...opened][0] })
}

const noWhich = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'removeKey: it is not said which key',
    means: 'The keys were not changed.',
    remedy: "Give its id or its name: store.removeKey('spare'); store.keys() tells them.",
  })

const lastKey = ({ masters: [last] }: KeyRing): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${last?.id} ${last?.name} is the last master key of the store`,
    means: 'It was not removed: without it nothing in the store could ever be read again.',
    remedy: 'Put another in its place with: waymark keys rotate --to SOURCE',
  })

const fromWithoutTo = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'rotateKeys: from and name are for a new master key, and there is none',
    means: 'The keys were not changed.',
    remedy: 'Give the new one as to, or take one away with removeKey().',
  })
