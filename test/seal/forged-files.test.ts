import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, open, type Store } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { coreOf } from '../../src/engine/store.ts'
import { type KeyRing, lockRing, newRing, withDataKey, withMaster } from '../../src/seal/key-ring.ts'
import { masterPair } from '../../src/seal/master-pair.ts'
import { decodeRing, encodeRing } from '../../src/seal/ring-text.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { givenKey } from './given-key.ts'

// The forger has none.
delete process.env['WAYMARK_KEY']

const key = givenKey(7)
const large = { blob: seededRandom(1).bytes(90_000) }

async function sealedStore(t: TestContext): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-forged-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  const store = await open({ path, key })
  await store.save({ value: { n: 1 }, id: 'small' })
  await store.save({ value: large, id: 'large' })
  await store.close()
  return { folder, path }
}

/** A plain store of the same id, as somebody without the key can make it. */
async function forgery(folder: string, path: string): Promise<string> {
  const forged = join(folder, 'forged')
  await (await open(forged)).close()
  const descriptor = JSON.parse(readFileSync(join(forged, 'waymark.json'), 'utf8'))
  const { checksum: _, ...body } = { ...descriptor, store: JSON.parse(readFileSync(join(path, 'waymark.json'), 'utf8')).store }
  const checksum = createHash('sha256').update(JSON.stringify(body)).digest('hex')
  writeFileSync(join(forged, 'waymark.json'), JSON.stringify({ ...body, checksum }, null, 2))
  rmSync(join(forged, 'catalog.sqlite'), { force: true })
  const store = await open(forged)
  await store.save({ value: { n: 'forged' }, id: 'forged' })
  await store.save({ value: large, id: 'large' })
  await store.close()
  return forged
}

const only = (folder: string): string => readdirSync(folder).filter(name => !name.endsWith('.par'))[0] ?? assert.fail(folder)

async function reopened(t: TestContext, path: string): Promise<Store> {
  const store = await open({ path, key })
  t.after(() => store.close())
  return store
}

test('E6 a segment that somebody made without the key is told of in a sealed store and read by nobody, and the rest is as it was', async t => {
  const { folder, path } = await sealedStore(t)
  const forged = await forgery(folder, path)
  cpSync(join(forged, 'segments'), join(path, 'segments'), { recursive: true })
  cpSync(join(forged, 'claims'), join(path, 'claims'), { recursive: true })
  cpSync(join(forged, 'packs'), join(path, 'packs'), { recursive: true })
  for (const keepsCatalog of [true, false]) {
    if (!keepsCatalog) rmSync(join(path, 'catalog.sealed'))
    const store = await open({ path, key })
    assert.match(store.notices().join('\n'), /segment \w+ of the log is damaged at byte 0: it is not sealed/)
    assert.deepEqual((await store.list()).map(({ id }) => id).sort(), ['large', 'small'])
    assert.deepEqual((await store.load('large')).value, large)
    assert.equal((await store.verify()).ok, false)
    await store.close()
  }
  for (const name of readdirSync(join(forged, 'segments'))) rmSync(join(path, 'segments', name))
  const store = await reopened(t, path)
  assert.deepEqual((await store.list()).map(({ id }) => id).sort(), ['large', 'small'])
  for (const [id, value] of [
    ['small', { n: 1 }],
    ['large', large],
  ] as const)
    assert.deepEqual((await store.load(id)).value, value)
})

test('E6 a plain segment in the place of a sealed one is corrupt', async t => {
  const { folder, path } = await sealedStore(t)
  const forged = await forgery(folder, path)
  const [sealed, plain] = [join(path, 'segments'), join(forged, 'segments')].map(at => join(at, only(at)))
  assert.ok(sealed && plain)
  writeFileSync(sealed, readFileSync(plain))
  const store = await reopened(t, path)
  assert.ok(store.notices().length > 0)
  for (const id of ['small', 'large', 'forged'])
    await assert.rejects(store.load(id), error => isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'not_found'))
})

test('E6 a plain pack in the place of a sealed one is not read, even if it says the same', async t => {
  const { path } = await sealedStore(t)
  const pack = join(path, 'packs', only(join(path, 'packs')))
  const first = await open({ path, key })
  const file = await coreOf(first).files.open(pack, 'read')
  const said = await file.read(0, (await file.stat()).size)
  await file.close()
  await first.close()
  assert.equal(Buffer.from(said).toString('latin1', 0, 8), 'waymkpak')
  writeFileSync(pack, said)
  const store = await reopened(t, path)
  await assert.rejects(store.load('large'), { code: 'corrupt' })
  assert.deepEqual((await store.load('small')).value, { n: 1 })
  assert.equal((await store.verify()).ok, false)
})

test('E6 a plain image of a catalog in the place of the sealed one counts for nothing', async t => {
  const { folder, path } = await sealedStore(t)
  const other = join(folder, 'other')
  const images: Uint8Array[] = []
  const elsewhere = await open({
    path: other,
    key: givenKey(8),
    components: {
      openCatalog: async (at, { image, ...options }) => {
        const write = async (bytes: Uint8Array): Promise<void> => {
          images.push(bytes)
          await image?.write(bytes)
        }
        return openSqliteCatalog(at, { ...options, ...(image && { image: { ...image, write } }) })
      },
    },
  })
  await elsewhere.save({ value: 'forged', id: 'forged' })
  await elsewhere.close()
  assert.ok(images.length > 0)
  for (const bytes of [...images, readFileSync(join(other, 'catalog.sealed'))]) {
    writeFileSync(join(path, 'catalog.sealed'), bytes)
    const store = await open({ path, key })
    assert.deepEqual((await store.list()).map(({ id }) => id).sort(), ['large', 'small'])
    await store.close()
  }
})

test('E6 an older ring that is put back does not make the store an older one in silence', async t => {
  const { path } = await sealedStore(t)
  const older = readFileSync(join(path, 'keys/ring.1.json'))
  const store = await open({ path, key })
  await store.rotateKeys()
  await store.save({ value: { n: 2 }, id: 'later' })
  await store.close()
  for (const name of readdirSync(join(path, 'keys'))) rmSync(join(path, 'keys', name))
  writeFileSync(join(path, 'keys/ring.1.json'), older)
  const lacksKey = /is sealed with the data key \w+, which is not among the keys of this store/
  const again = await reopened(t, path)
  await again.list()
  assert.ok(again.notices().some(notice => lacksKey.test(notice)))
  const { ok, problems } = await again.verify()
  assert.equal(ok, false)
  assert.ok(problems.some(({ kind, message }) => kind === 'segment' && lacksKey.test(message)))
})

test('E6 an older copy of a segment or of the catalog that is put back is noticed, or harmless', async t => {
  const { folder, path } = await sealedStore(t)
  const store = await open({ path, key })
  await store.save({ value: { n: 2 }, id: 'second' })
  const before = join(folder, 'before')
  cpSync(path, before, { recursive: true })
  await store.save({ value: { n: 3 }, id: 'third' })
  await store.close()
  const image = readFileSync(join(path, 'catalog.sealed'))
  writeFileSync(join(path, 'catalog.sealed'), readFileSync(join(before, 'catalog.sealed')))
  const whole = await open({ path, key })
  assert.deepEqual((await whole.load('third')).value, { n: 3 })
  await whole.close()
  writeFileSync(join(path, 'catalog.sealed'), image)
  for (const name of readdirSync(join(before, 'segments'))) cpSync(join(before, 'segments', name), join(path, 'segments', name))
  const cut = await reopened(t, path)
  await assert.rejects(cut.load('third'), { code: 'corrupt' })
  assert.deepEqual((await cut.load('second')).value, { n: 2 })
})

/** What somebody without a key of the store can make of what stands in its ring: one of his own, that opens with each of its keys. */
function forgeRing(path: string, like: (ring: KeyRing) => KeyRing): void {
  const [name = assert.fail()] = readdirSync(join(path, 'keys'))
  const locked = decodeRing(readFileSync(join(path, 'keys', name), 'utf8'))
  assert.ok(locked)
  const random = seededRandom(5)
  const { id, publicKey, proofKey } = masterPair(random.bytes(32), locked.storeId)
  const mallory = { id, kind: 'file', name: 'x', createdAt: 1, publicKey, settings: {}, proofKey }
  const own = newRing(locked.storeId, mallory, true, random, 1)
  const generation = locked.generation + 1
  const ring = like({ ...own, generation, masters: locked.masters.map(({ lock: _, ...master }) => master) })
  writeFileSync(join(path, 'keys', `ring.${ring.generation}.json`), encodeRing(lockRing(ring, random)))
  const mine = withMaster(ring, mallory)
  writeFileSync(join(path, 'keys', `ring.${mine.generation}.json`), encodeRing(lockRing(mine, random)))
}

test('E6 a key ring that somebody made without a key of the store, for the public keys that stand in it, is refused, and nothing is saved under it', async t => {
  const { path } = await sealedStore(t)
  const isRefused = { code: 'corrupt', message: /was made by somebody who has no key of it/ }
  const saving = await open({ path, key })
  forgeRing(path, ring => withDataKey(ring, seededRandom(6), 2))
  await assert.rejects(open({ path, key }), isRefused)
  await assert.rejects(open({ path, key, readOnly: true }), isRefused)
  // Nor by who has it open: neither for a change of the keys, nor for what is written next.
  await assert.rejects(saving.rotateKeys(), isRefused)
  const later = { blob: seededRandom(2).bytes(90_000) }
  const isSaved = await saving.save({ value: later, id: 'later' }).then(
    () => true,
    (error: unknown) => !isWaymarkError(error, 'corrupt'),
  )
  await saving.close().catch(() => {})
  for (const name of readdirSync(join(path, 'keys'))) if (name !== 'ring.1.json') rmSync(join(path, 'keys', name))
  const store = await reopened(t, path)
  assert.deepEqual((await store.load('large')).value, large)
  if (isSaved) assert.deepEqual((await store.load('later')).value, later)
})
