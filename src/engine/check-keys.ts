import { fileFault } from '../files/file-faults.ts'
import { checkOptions, optionRules } from '../model/check-options.ts'
import { checkKeys as checkMasterKeys, type MasterKey } from '../seal/master-key.ts'
import { type DataKeyInfo, keysReport, type MasterKeyInfo, sealedParts } from './keys-report.ts'
import type { FileTally } from './physical-size.ts'
import { sealedWith } from './sealed-with.ts'
import type { StoreCore } from './store-core.ts'

/** What a check of the keys found. */
export interface KeysCheck {
  /** False: there are problems. */
  readonly ok: boolean
  readonly generation: number
  /** True while files from before the store was sealed are read. */
  readonly acceptsPlain: boolean
  /** With `opens`: whether a key that was given opens the ring as this one. */
  readonly masters: readonly (MasterKeyInfo & { readonly opens: boolean })[]
  /** With how many files and bytes are sealed with each. */
  readonly dataKeys: readonly (DataKeyInfo & FileTally)[]
  /** What is not sealed. */
  readonly plain: FileTally
  /** In sentences: files sealed with a data key that is not in the ring, or plain where plain ones are refused. */
  readonly problems: readonly string[]
}

/** Of one kind, the problems after these are counted only. */
const mostNamed = 10

/** `store.checkKeys()` */
export async function checkKeys(core: StoreCore, options: { readonly keys?: readonly MasterKey[] } = {}): Promise<KeysCheck> {
  checkOptions<typeof options>('checkKeys', options, { keys: optionRules.list })
  const { keys } = options
  const { keeper } = sealedParts(core)
  const given = keys === undefined || keys.length === 0 ? [] : checkMasterKeys('checkKeys', keys)
  const opened = await keeper.opens(given)
  // The files first: a data key that somebody adds meanwhile is in the ring by then.
  const { tallies, names } = await tally(core)
  const report = keysReport(await keeper.read(), keeper.openedBy)
  const { generation, acceptsPlain, masters, dataKeys } = report
  const known = new Set(dataKeys.map(({ id }) => id))
  const problems = [...tallies.keys()].flatMap(key => {
    if (key !== undefined && known.has(key)) return []
    if (key === undefined && acceptsPlain) return []
    const what = key === undefined ? 'is not sealed' : `is sealed with the data key ${key}, which is not in the key ring`
    return named(names.get(key) ?? [], what)
  })
  const of = (key: string | undefined): FileTally => tallies.get(key) ?? { files: 0, bytes: 0 }
  return {
    ok: problems.length === 0,
    generation,
    acceptsPlain,
    masters: masters.map(master => ({ ...master, opens: opened.has(master.id) })),
    dataKeys: dataKeys.map(key => ({ ...key, ...of(key.id) })),
    plain: of(undefined),
    problems,
  }
}

/** Files and bytes, and the names of the files, by data key. */
async function tally({ disk, path }: StoreCore) {
  const tallies = new Map<string | undefined, FileTally>()
  const names = new Map<string | undefined, string[]>()
  try {
    for await (const { name, bytes, dataKey } of sealedWith(disk, path)) {
      const { files, bytes: before } = tallies.get(dataKey) ?? { files: 0, bytes: 0 }
      tallies.set(dataKey, { files: files + 1, bytes: before + bytes })
      const some = names.get(dataKey) ?? []
      if (some.length <= mostNamed) names.set(dataKey, [...some, name])
    }
  } catch (error) {
    throw fileFault(error, `look at the files of ${path}`, 'Nothing was changed.')
  }
  return { tallies, names }
}

function named(files: readonly string[], what: string): readonly string[] {
  const sentences = files.slice(0, mostNamed).map(file => `${file} ${what}`)
  return files.length > mostNamed ? [...sentences, `and there are more of these: it ${what}`] : sentences
}
