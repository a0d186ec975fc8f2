import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { isWaymarkError, open, pipeline, type Store } from 'waymark'
import { openSqliteCatalog } from '../../../src/catalog/sqlite-catalog.ts'
import { noChunkIndex } from '../../../src/chunks/chunk-index.ts'
import { inlineWorkbench } from '../../../src/chunks/workbench.ts'
import { identifyProcess } from '../../../src/engine/process-identity.ts'
import type { FileSystem } from '../../../src/files/file-system.ts'
import { memoryFiles } from '../../../src/files/memory-files.ts'
import { nodeFiles } from '../../../src/files/node-files.ts'
import type { MasterKey } from '../../../src/seal/master-key.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { hastyClock } from './hasty-clock.ts'

const root = '/store'
const self = identifyProcess('trial')

/** Stages of the run that goes on after a repair; it stopped in the second one. */
const sums = (fails: boolean, called: string[] = []) =>
  pipeline('sums', async run => {
    const stage = (name: string, work: () => number) =>
      run.stage(name, () => {
        called.push(name)
        return work()
      })
    const first = await stage('first', () => 1)
    const second = await stage('second', () => {
      if (fails) throw new Error('not yet')
      return 2
    })
    return first + second
  })

/** A sealed store that is damaged, repaired, gone on with, and sealed anew. */
export interface SealedStore {
  readonly key: MasterKey
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly values: ReadonlyMap<string, unknown>
  readonly run: string
}

/** @param wasPlain true: made in plain, sealed later, and then sealed anew; false: sealed from birth */
export async function sealedStore(key: MasterKey, wasPlain: boolean): Promise<SealedStore> {
  const files = memoryFiles(nodeFiles, root)
  await files.makeDirectory(root)
  const random = seededRandom(4)
  const values = new Map<string, unknown>()
  let seed = 20
  const process = async (from: MasterKey | undefined, work: (store: Store) => Promise<void>): Promise<void> => {
    const store = await openOn(files, from, seed++)
    await work(store)
    await store.close()
  }
  const save = async (store: Store, value: unknown): Promise<void> => {
    values.set((await store.save({ value })).id, value)
  }
  const first = wasPlain ? undefined : key
  let run = ''
  await process(first, async store => {
    await save(store, { n: 1 })
    await assert.rejects(sums(true).run({}, { store }), /not yet/)
    run = (await store.run('@last')).id
  })
  // Five blocks of 16 KiB.
  await process(first, async store => {
    for (let n = 0; n < 10; n++) await save(store, random.bytes(7_000))
  })
  await process(first, async store => {
    await save(store, random.bytes(70_000))
    if (wasPlain) await store.initKeys(key)
  })
  await process(key, store => save(store, 'sealed'))
  if (wasPlain) await process(key, async store => assert.equal((await store.rekey()).complete, true))
  return { key, files: await contentsOf(files), values, run }
}

/** What became of a damage, each as it was found. */
export interface Mended {
  readonly isNoticed: boolean
  readonly lost: number
  readonly run: 'went on' | 'refused'
  readonly kept: number
}

/**
 * Damages one file, then looks, verifies, repairs, verifies, goes on with the run and seals all anew, each in an opening of its own.
 *
 * @param bytes undefined: the file is missing
 * @throws if anything was wrong, or older in silence, or could not be mended
 */
export async function mend(store: SealedStore, path: string, bytes: Uint8Array | undefined): Promise<Mended> {
  const { key, values, run } = store
  const files = memoryFiles(nodeFiles, root)
  await files.makeDirectory(root)
  for (const folder of ['leases', 'claims', 'requests', 'packs', 'segments']) await files.makeDirectory(`${root}/${folder}`)
  for (const [name, content] of store.files) {
    const now = name === path ? bytes : content
    if (now === undefined) continue
    await files.makeDirectory(name.slice(0, name.lastIndexOf('/')))
    const file = await files.open(name, 'create')
    await file.write(now, 0)
    await file.close()
  }
  let seed = 50
  const opening = async <T>(work: (opened: Store) => Promise<T>, readOnly = false): Promise<T> => {
    const opened = await openOn(files, key, seed++, readOnly)
    try {
      return await work(opened)
    } finally {
      await opened.close()
    }
  }
  const lostIn = async (opened: Store): Promise<readonly string[]> => {
    const lost: string[] = []
    for (const [id, value] of values) {
      try {
        assert.ok(isDeepStrictEqual((await opened.load(id)).value, value), `${id} loads with another value`)
      } catch (error) {
        if (!isWaymarkError(error, 'corrupt') && !isWaymarkError(error, 'not_found')) throw error
        lost.push(id)
      }
    }
    return lost
  }
  const look = async (one: Store) => ({ lost: await lostIn(one), found: await one.verify({ full: true }) })
  const { lost, found } = await opening(look, true)
  const named = new Set(found.damaged.map(({ id }) => id))
  for (const id of lost) assert.ok(named.has(id), `${id} does not load, and verify does not say so`)
  assert.ok(lost.length === 0 || !found.ok, 'verify calls it intact')
  const repaired = await opening(one => one.repair())
  assert.ok(found.ok || repaired.actions.length > 0, 'a repair does nothing about what verify finds')
  const { outcome, mended } = await opening(async one => {
    const after = await look(one)
    assert.deepEqual([after.found.ok, after.found.problems], [true, []], 'after the repair')
    for (const id of after.lost) assert.ok(lost.includes(id), `${id} was lost by the repair`)
    const outcome = await goOn(one, run)
    assert.equal((await sums(false).run({}, { store: one, fresh: true })).value, 3)
    return { outcome, mended: after.lost }
  })
  const rekeyed = await opening(one => one.rekey())
  assert.deepEqual([rekeyed.complete, rekeyed.left], [true, []])
  const last = await opening(look, true)
  assert.deepEqual([last.found.ok, last.found.problems], [true, []], 'after the rekey')
  assert.deepEqual(last.lost, mended)
  return { isNoticed: !found.ok, lost: mended.length, run: outcome, kept: rekeyed.kept.length }
}

async function goOn(store: Store, runId: string): Promise<Mended['run']> {
  const called: string[] = []
  try {
    const { value } = await sums(false, called).run({}, { store, runId })
    assert.equal(value, 3)
    return 'went on'
  } catch (error) {
    if (!isWaymarkError(error, 'corrupt')) throw error
    assert.deepEqual(called, [], 'a stage was called of a run that cannot go on')
    return 'refused'
  }
}

function openOn(files: FileSystem, key: MasterKey | undefined, seed: number, readOnly = false): Promise<Store> {
  return open({
    path: root,
    readOnly,
    ...(key === undefined ? {} : { key }),
    components: {
      files,
      clock: hastyClock(Date.UTC(2026, 0, 1) + seed * 1_000),
      random: seededRandom(seed),
      identify: name => ({ ...self, process: name }),
      openCatalog: (path, options) => openSqliteCatalog(':memory:', path === ':memory:' ? options : {}),
      openChunkIndex: () => noChunkIndex,
      workbenches: { forBytes: () => inlineWorkbench },
    },
  })
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
