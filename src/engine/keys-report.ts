import { type OptionRules, optionRules } from '../model/check-options.ts'
import { WaymarkError } from '../model/errors.ts'
import type { KeyRing, Master } from '../seal/key-ring.ts'
import type { RingKeeper } from '../seal/ring-keeper.ts'
import type { Seals } from '../seal/seals.ts'
import type { StoreCore } from './store-core.ts'

/** Its name is checked by {@link checkKeyName}. */
export const newKeyRules: OptionRules<NewKeyOptions> = { name: optionRules.any }

export interface NewKeyOptions {
  /** What the key is called, up to 100 characters; no two of a store have one name. Default: its kind. */
  readonly name?: string
}

/** A master key of a store, as far as it can be told. */
export interface MasterKeyInfo {
  /** 8 hex digits. */
  readonly id: string
  /** `file`, `variable`, `command`, `passphrase` … */
  readonly kind: string
  readonly name: string
  /** Wall milliseconds. */
  readonly createdAt: number
  /** True for the one that this store was opened with. */
  readonly openedBy: boolean
}

/** A data key of a store. */
export interface DataKeyInfo {
  /** 20 hex digits. */
  readonly id: string
  /** Wall milliseconds. */
  readonly createdAt: number
  /** True for the one that seals what is written now. */
  readonly current: boolean
}

/** The keys of a sealed store, without their secrets. */
export interface KeysReport {
  /** Grows with each change of the keys. */
  readonly generation: number
  /** True while files from before the store was sealed are read. */
  readonly acceptsPlain: boolean
  readonly masters: readonly MasterKeyInfo[]
  /** Oldest first. */
  readonly dataKeys: readonly DataKeyInfo[]
}

/** `store.keys()` */
export async function reportKeys(core: StoreCore): Promise<KeysReport> {
  const { keeper } = sealedParts(core)
  return keysReport(await keeper.read(), keeper.openedBy)
}

export const keysReport = (
  { generation, acceptsPlain, masters, dataKeys }: KeyRing,
  openedBy: string | undefined,
): KeysReport => ({
  generation,
  acceptsPlain,
  masters: masters.map(master => masterInfo(master, openedBy)),
  dataKeys: dataKeys.map(({ id, createdAt }, index) => ({ id, createdAt, current: index === dataKeys.length - 1 })),
})

export const masterInfo = ({ id, kind, name, createdAt }: Master, openedBy: string | undefined): MasterKeyInfo => ({
  id,
  kind,
  name,
  createdAt,
  openedBy: id === openedBy,
})

/** @throws WaymarkError `invalid` if the store is plain */
export function sealedParts({ path, seals, keeper }: StoreCore): { readonly seals: Seals; readonly keeper: RingKeeper } {
  if (seals !== undefined && keeper !== undefined) return { seals, keeper }
  throw new WaymarkError('invalid', {
    message: `the store ${path} is not sealed: it has no keys`,
    means: 'Nothing was changed.',
    remedy: 'Make keys for it with: waymark keys init --key SOURCE',
  })
}

const longestName = 100

/** @throws WaymarkError `invalid` */
export function checkKeyName(name: unknown, fallback: string): string {
  if (name === undefined) return fallback
  if (typeof name === 'string' && name.trim() !== '' && name.length <= longestName && /^\P{Cc}*$/u.test(name)) return name
  throw new WaymarkError('invalid', {
    message: `the name of a key must be 1 to ${longestName} characters without line breaks`,
    means: 'The keys were not changed.',
    remedy: "Give another one: { name: 'backup' } or --name backup",
  })
}
