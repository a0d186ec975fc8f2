import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isWaymarkError, open, type Store } from 'waymark'
import type { Catalog } from '../../../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../../../src/catalog/sqlite-catalog.ts'
import { noChunkIndex } from '../../../src/chunks/chunk-index.ts'
import { inlineWorkbench } from '../../../src/chunks/workbench.ts'
import { identifyProcess } from '../../../src/engine/process-identity.ts'
import type { FileSystem } from '../../../src/files/file-system.ts'
import type { StoreComponents } from '../../../src/open.ts'
import type { MasterKey } from '../../../src/seal/master-key.ts'
import { CatalogPool } from '../../../src/testing/catalog-pool.ts'
import { blobState, nextState, recordState } from '../../../src/testing/chunk-contents.ts'
import { DamagedFiles } from '../../../src/testing/damaged-files.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../../src/testing/simulated-disk.ts'
import type { DamagePlan } from './damage-plans.ts'
import { hastyClock } from './hasty-clock.ts'

const root = '/store'
/** Asked of the machine once: that took as long as to read a small store. */
const self = identifyProcess('trial')

/** What a store holds: newest first, as it lists them. */
export interface WholeStore {
  readonly files: DamagedFiles
  /** Of a sealed one. */
  readonly key?: MasterKey
  readonly checkpoints: readonly { readonly id: string; readonly value: unknown }[]
}

/** How a damage showed. */
export type Verdict = 'harmless' | 'corrupt' | 'refused' | 'noticed' | 'as after a crash'

const catalogs = new CatalogPool()

type OpenCatalog = StoreComponents['openCatalog']

function openOn(files: FileSystem, openCatalog: OpenCatalog, key: MasterKey | undefined, seed = 1): Promise<Store> {
  return open({
    path: root,
    ...(key === undefined ? {} : { key }),
    compression: { codec: 'zstd' },
    parity: true,
    components: {
      files,
      clock: hastyClock(),
      random: seededRandom(seed),
      identify: name => ({ ...self, process: name }),
      openCatalog,
      openChunkIndex: () => noChunkIndex,
      workbenches: { forBytes: () => inlineWorkbench },
    },
  })
}

/** A small store with every kind of file: two segments, claims, two packs with parity, and deltas that stand on a pack and on a record. */
export async function smallStore(closed: boolean, key?: MasterKey): Promise<WholeStore> {
  const disk = new SimulatedDisk()
  const random = seededRandom(3)
  const small = recordState(random)
  const large = blobState(random, 66 * 1024)
  const packed = {
    rows: Array.from({ length: 120 }, (_, id) => ({ id, text: Buffer.from(random.bytes(300)).toString('base64') })),
  }
  const files = disk.process('maker')
  // The rows of a sealed one are kept in its folder.
  const openCatalog: OpenCatalog = key === undefined ? () => catalogs.open() : openSqliteCatalog
  const first = await openOn(files, openCatalog, key, 11)
  await first.save({ value: { tiny: true }, id: 'tiny' })
  await first.save({ value: small, run: 'small' })
  await first.save({ value: large, run: 'large' })
  await first.save({ value: { ...packed, more: random.bytes(67_000) }, run: 'second' })
  await first.close()
  const second = await openOn(files, openCatalog, key, 12)
  await second.save({ value: nextState(small, random), run: 'small' })
  await second.save({ value: nextState(large, random), run: 'large', id: 'chosen' })
  await second.save({ value: ['the newest'] })
  if (closed) await second.close()
  return whole(new DamagedFiles(await contentsOf(files), [`${root}/leases`]), key)
}

/** A store that was plain, was sealed then, and sealed anew: segments as files in blocks, one of several blocks, and one whose records are sealed. */
export async function rekeyedStore(key: MasterKey): Promise<WholeStore> {
  const disk = new SimulatedDisk()
  const random = seededRandom(5)
  const files = disk.process('maker')
  const small = recordState(random)
  const plain = await openOn(files, () => catalogs.open(), undefined, 11)
  await plain.save({ value: small, run: 'small' })
  for (let n = 1; n <= 6; n++) await plain.save({ value: random.bytes(7_000), id: `block-${n}` })
  await plain.save({ value: blobState(random, 66 * 1024), run: 'large' })
  await plain.close()
  const second = await openOn(files, () => catalogs.open(), undefined, 12)
  await second.save({ value: nextState(small, random), run: 'small' })
  await second.initKeys(key)
  await second.close()
  const third = await openOn(files, openSqliteCatalog, key, 13)
  await third.save({ value: ['the newest'], id: 'newest' })
  await third.close()
  const last = await openOn(files, openSqliteCatalog, key, 14)
  assert.equal((await last.rekey()).complete, true)
  await last.close()
  return whole(new DamagedFiles(await contentsOf(files), [`${root}/leases`]), key)
}

/** A store on the real disk, whatever is in it. */
export function storeIn(folder: string): Promise<WholeStore> {
  const files = new Map<string, Uint8Array>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name)
    if (statSync(path).isFile()) files.set(`${root}/${relative(folder, path)}`, readFileSync(path))
  }
  return whole(new DamagedFiles(files, [`${root}/leases`, `${root}/claims`]))
}

async function contentsOf(files: FileSystem, folder = root): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`
    if ((await files.stat(path))?.kind === 'directory') for (const entry of await contentsOf(files, path)) found.set(...entry)
    else {
      const file = await files.open(path, 'read')
      found.set(path, await file.read(0, (await file.stat()).size))
      await file.close()
    }
  }
  return found
}

async function whole(files: DamagedFiles, key?: MasterKey): Promise<WholeStore> {
  const store = await openOn(files, () => catalogs.open(), key)
  const checkpoints: { id: string; value: unknown }[] = []
  for (const { id } of await store.list({ limit: 1_000 })) checkpoints.push({ id, value: (await store.load(id)).value })
  assert.deepEqual(store.notices(), [])
  await store.close()
  return { files, checkpoints, ...(key === undefined ? {} : { key }) }
}

/** Which catalog a damaged store is opened with: one built from it, the one it had before, or, if it is sealed, the one kept in its folder. */
export type TrialCatalog = 'built anew' | 'kept' | 'from its image'

/** Opens a damaged store anew for every damage. */
export class DamageTrial {
  readonly #whole: WholeStore
  readonly #mode: TrialCatalog
  #kept: Catalog | undefined

  constructor(store: WholeStore, catalog: TrialCatalog) {
    this.#whole = store
    this.#mode = catalog
  }

  /** @throws if anything wrong or older was given in silence */
  async judge(plan: DamagePlan): Promise<Verdict> {
    const { files } = this.#whole
    const openCatalog = await this.#catalog()
    files.damage(...plan.damages)
    try {
      return await this.#look(openCatalog, plan)
    } catch (error) {
      throw new Error(`${plan.how}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    } finally {
      files.damage()
    }
  }

  async #look(openCatalog: OpenCatalog, plan: DamagePlan): Promise<Verdict> {
    let store: Store
    try {
      store = await openOn(this.#whole.files, openCatalog, this.#whole.key)
    } catch (error) {
      if (isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported')) return 'refused'
      // What a key has to fit to is damaged itself.
      if (isWaymarkError(error, 'key_missing') && plan.damages.some(({ path }) => path.includes('/keys/'))) return 'refused'
      throw error
    }
    try {
      return await this.#compare(store, plan)
    } finally {
      await store.close()
    }
  }

  async #compare(store: Store, plan: DamagePlan): Promise<Verdict> {
    let verdict: Verdict = 'harmless'
    const missing: string[] = []
    for (const { id, value } of this.#whole.checkpoints) {
      try {
        const loaded = await store.load(id)
        if (!isDeepStrictEqual(loaded.value, value)) throw new Error(`${id} loads with another value`)
      } catch (error) {
        if (isWaymarkError(error, 'not_found')) missing.push(id)
        else if (isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported')) verdict = 'corrupt'
        else throw error
      }
    }
    const latest = await store.latest()
    const newest = this.#whole.checkpoints[0]
    const notices = store.notices()
    const known = new Set(this.#whole.checkpoints.map(({ id }) => id))
    // With the record of a deletion the deletion is lost: that too must be said.
    const unknown = (await store.list({ limit: 1_000 })).find(({ id }) => !known.has(id))
    if (unknown !== undefined && notices.length === 0) throw new Error(`${unknown.id} is there without a word`)
    // Only the catalog knows that there was more: where both are gone, an end cut off is an end that never was.
    const neverWas = plan.asAfterCrash === true && this.#mode === 'built anew' && plan.damages[0]?.path.endsWith('.seg') === true
    if (missing.length > 0 && neverWas) return 'as after a crash'
    if (missing.length > 0 && notices.length === 0) throw new Error(`${missing.join(', ')} missing without a word`)
    if (latest?.id !== newest?.id && notices.length === 0) throw new Error(`${latest?.id} is the latest without a word`)
    if (notices.length > 0) this.#kept = undefined
    return notices.length > 0 ? 'noticed' : verdict
  }

  /** A kept one is used until something was noticed: it may have been built anew then. */
  async #catalog(): Promise<OpenCatalog> {
    if (this.#mode === 'from its image') return openSqliteCatalog
    if (this.#mode === 'built anew') return () => catalogs.open()
    if (this.#kept === undefined) {
      this.#kept = unclosed(await catalogs.open())
      const kept = this.#kept
      const store = await openOn(this.#whole.files, async () => kept, this.#whole.key)
      await store.close()
    }
    const kept = this.#kept
    return async () => kept
  }
}

function unclosed(catalog: Catalog): Catalog {
  return new Proxy(catalog, {
    get: (target, name) => (name === 'close' ? async () => {} : Reflect.get(target, name)),
  })
}
