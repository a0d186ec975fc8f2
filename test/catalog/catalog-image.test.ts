import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { CatalogChange } from '../../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { open, type StoreComponents } from '../../src/open.ts'
import { keyFile } from '../../src/seal/key-file.ts'
import { makeKeyFile } from '../../src/seal/make-key-file.ts'
import { answersOf, flipBit } from './damage-trial.ts'
import { anyState, sampleBatches } from './sample-batches.ts'

/** An image in memory, and how often it was written. */
function heldImage(held?: Uint8Array) {
  const image = {
    held,
    writes: 0,
    read: async () => image.held,
    async write(bytes: Uint8Array) {
      image.held = bytes
      image.writes++
    },
  }
  return image
}

test('E6 what a sealed store knows of its checkpoints is there again at the next opening without reading the log, and an image that cannot be used is made anew once', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-image-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  await makeKeyFile(join(folder, 'key'))
  const key = keyFile(join(folder, 'key'))
  const image = heldImage()
  const opened = () => {
    let openings = 0
    const openCatalog: StoreComponents['openCatalog'] = (at, { image: given, ...options }) => {
      assert.ok(given)
      const read = openings++ === 0 ? image.read : given.read
      return openSqliteCatalog(at, { ...options, image: { read, write: image.write } })
    }
    return open({ path, key, components: { openCatalog } })
  }
  let store = await opened()
  for (let n = 0; n < 30; n++) await store.save({ value: n, tags: [`t${n % 3}`], metadata: { n } })
  await store.close()
  const listed = async (): Promise<number> => {
    store = await opened()
    const found = await store.list({ tags: ['t1'] })
    const notices = store.notices()
    await store.close()
    assert.deepEqual(notices, [])
    return found.length
  }
  // It is left before the segment is closed, which the next opening sees.
  assert.equal(await listed(), 10)
  const good = image.held
  assert.ok(good)
  const before = image.writes
  assert.equal(await listed(), 10)
  assert.equal(image.writes, before, 'nothing has changed')

  const [version, tables] = decodeValue(good) as [number, unknown]
  image.held = encodeValue([version + 1, tables])
  assert.equal(await listed(), 10)
  assert.equal(image.writes, before + 1, 'one of another version is made anew')
  assert.equal(await listed(), 10)
  assert.equal(image.writes, before + 1)

  image.held = good.subarray(0, good.length - 5)
  store = await opened()
  assert.equal((await store.list({ tags: ['t1'] })).length, 10)
  assert.equal(store.notices().length, 1)
  await store.close()
  assert.equal(image.writes, before + 2)
  assert.equal(await listed(), 10)
})

/** As on a Node before 24.16, which has neither. */
function withoutPages(t: TestContext): () => void {
  const own = Object.getOwnPropertyDescriptors(DatabaseSync.prototype)
  const names = ['serialize', 'deserialize'] as const
  const restore = (): void => {
    for (const name of names) Object.defineProperty(DatabaseSync.prototype, name, own[name] ?? {})
  }
  for (const name of names) Reflect.deleteProperty(DatabaseSync.prototype, name)
  t.after(restore)
  return restore
}

const hasPages = 'deserialize' in DatabaseSync.prototype

async function applyAll(image: ReturnType<typeof heldImage>, batches: readonly (readonly CatalogChange[])[]): Promise<unknown> {
  const catalog = await openSqliteCatalog(':memory:', { image })
  for (const batch of batches) assert.ok(await catalog.apply(batch, anyState))
  const answers = await answersOf(catalog)
  await catalog.close()
  return answers
}

const contentOf = (image: ReturnType<typeof heldImage>): unknown => (decodeValue(image.held ?? new Uint8Array(0)) as unknown[])[1]

test('E6 a catalog is kept as pages or, where Node cannot give them, as rows; of both it knows the same at the next opening, and goes on', async t => {
  const batches = sampleBatches(8, 12)
  const restorePages = withoutPages(t)
  const rows = heldImage()
  const [first, second] = [batches.slice(0, 5), batches.slice(5)]
  const answers = await applyAll(rows, first)
  assert.ok(Array.isArray(contentOf(rows)))
  const later = await applyAll(heldImage(), batches)
  assert.notDeepEqual(answers, later)
  const again = heldImage(rows.held)
  assert.deepEqual(await applyAll(again, []), answers)
  assert.deepEqual(await applyAll(again, second), later)
  restorePages()
  if (!hasPages) return

  const mixed = heldImage(rows.held)
  assert.deepEqual(await applyAll(mixed, []), answers, 'rows of an older Node are taken')
  const pages = heldImage()
  assert.deepEqual(await applyAll(pages, first), answers)
  assert.ok(contentOf(pages) instanceof Uint8Array)
  assert.deepEqual(await applyAll(pages, []), answers)
  assert.equal(pages.writes, 1)
  const held = pages.held
  assert.deepEqual(await applyAll(pages, second), later)
  withoutPages(t)
  const old = heldImage(held)
  assert.deepEqual(await applyAll(old, []), await applyAll(heldImage(), []), 'of pages that it cannot take it knows nothing')
  assert.deepEqual(await applyAll(old, batches), later, 'and reads them from the log')
})

test('E6 pages of an image that are cut, changed or none are corrupt, never another catalog', { skip: !hasPages }, async () => {
  const image = heldImage()
  const answers = await applyAll(image, sampleBatches(5, 12))
  const [version] = decodeValue(image.held ?? new Uint8Array(0)) as [number]
  const pages = contentOf(image)
  assert.ok(pages instanceof Uint8Array)
  const tried = async (bytes: Uint8Array): Promise<'same' | 'corrupt'> => {
    try {
      const catalog = await openSqliteCatalog(':memory:', { image: heldImage(encodeValue([version, bytes])) })
      try {
        assert.deepEqual(await answersOf(catalog), answers)
        return 'same'
      } finally {
        await catalog.close()
      }
    } catch (error) {
      assert.ok(isWaymarkError(error, 'corrupt'), String(error))
      return 'corrupt'
    }
  }
  assert.equal(await tried(pages), 'same')
  for (const none of [new Uint8Array(0), Buffer.alloc(8192), Buffer.from('no pages'.repeat(600))])
    assert.equal(await tried(none), 'corrupt')
  for (const cut of [1, 4096, pages.length / 2, pages.length - 1])
    assert.equal(await tried(pages.subarray(0, pages.length - cut)), 'corrupt')
  let corrupt = 0
  for (let at = 4096; at < pages.length; at += 1511) if ((await tried(flipBit(pages, at, at % 8))) === 'corrupt') corrupt++
  assert.ok(corrupt > 20, `${corrupt}`)
})
