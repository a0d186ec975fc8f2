import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, keyFile, type MasterKey, open, passphrase, type Store } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import type { StoreComponents } from '../../src/open.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { fromSources } from '../from-sources.ts'

/** Too large, and too little alike, to be kept in the log: goes into a pack. */
const noise = (seed: number): Buffer => Buffer.from(seededRandom(seed).bytes(300_000))

const hexOf = (digit: string): string => `${digit}0${digit}1`.repeat(16)

interface World {
  readonly folder: string
  readonly path: string
  readonly key: (digit: string) => Promise<MasterKey>
  readonly openWith: (key?: MasterKey | readonly MasterKey[]) => Promise<Store>
}

async function world(t: TestContext): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-keys-'))
  const stores: Store[] = []
  t.after(async () => {
    for (const store of stores) await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'store')
  return {
    folder,
    path,
    async key(digit) {
      const file = join(folder, `${digit}.key`)
      await writeFile(file, hexOf(digit), { mode: 0o600 })
      return keyFile(file)
    },
    async openWith(key) {
      const store = await open({ path, ...(key === undefined ? {} : { key }) })
      stores.push(store)
      return store
    },
  }
}

/** Names of files below the folder of the store that hold this text. */
async function filesWith(path: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries)
    if (entry.isFile() && (await readFile(join(entry.parentPath, entry.name))).includes(text)) found.push(entry.name)
  return found
}

test('E6 a plain store becomes sealed: what was saved before loads with the key, what is saved after is nowhere plain', async t => {
  const { path, key, openWith } = await world(t)
  const plain = await openWith()
  const before = await plain.save({ value: { text: 'SAVED-BEFORE' }, tags: ['TAG-BEFORE'] })
  const one = await key('1')
  const report = await plain.initKeys(one, { name: 'first' })
  assert.deepEqual(
    [report.acceptsPlain, report.masters.map(({ name, kind, openedBy }) => [name, kind, openedBy]), report.dataKeys.length],
    [true, [['first', 'file', true]], 1],
  )
  // The store that was open goes on reading, and refuses to write.
  assert.deepEqual((await plain.load(before.id)).value, { text: 'SAVED-BEFORE' })
  await assert.rejects(plain.save({ value: 1 }), { code: 'key_missing', message: /was sealed while this process had it open/ })
  await assert.rejects(openWith(), { code: 'key_missing', message: /is sealed, and no key was given/ })
  const sealed = await openWith(one)
  assert.deepEqual((await sealed.load(before.id)).value, { text: 'SAVED-BEFORE' })
  const after = await sealed.save({ value: { text: 'SAVED-AFTER' }, tags: ['TAG-AFTER'] })
  await sealed.save({ value: { text: 'SAVED-AFTER', more: 'x'.repeat(300_000) } })
  await sealed.close()
  assert.deepEqual(await filesWith(path, 'SAVED-AFTER'), [])
  assert.deepEqual(await filesWith(path, 'TAG-AFTER'), [])
  const again = await openWith(one)
  assert.deepEqual((await again.load(after.id)).value, { text: 'SAVED-AFTER' })
  assert.equal((await again.verify({ full: true })).ok, true)
  // The save that was refused may be there too: it was not acknowledged, and not undone.
  assert.ok((await again.list({})).length >= 3)
  const descriptor: { requires: string[]; format: unknown } = JSON.parse(await readFile(join(path, 'waymark.json'), 'utf8'))
  assert.ok(descriptor.requires.includes('sealed'))
  assert.deepEqual(descriptor.format, { major: 1, minor: 5 })
})

test('E6 keys are made once: a sealed store refuses, and a store that is plain has none', async t => {
  const { key, openWith } = await world(t)
  const plain = await openWith()
  const [one, two] = [await key('1'), await key('2')]
  for (const verb of [
    () => plain.keys(),
    () => plain.addKey(one),
    () => plain.removeKey('x'),
    () => plain.rotateKeys(),
    () => plain.checkKeys(),
    () => plain.exportKeys('/nowhere/ring'),
  ])
    await assert.rejects(verb(), { code: 'invalid', message: /is not sealed/ })
  await plain.initKeys(one)
  // Again with the same key it ends as the first time; another key is no key of this store.
  assert.equal((await plain.initKeys(one)).generation, 1)
  await assert.rejects(plain.initKeys(two), { code: 'key_missing' })
  const sealed = await openWith(one)
  await assert.rejects(sealed.initKeys(two), { code: 'conflict' })
  assert.equal((await sealed.keys()).masters.length, 1)
})

test('E6 each of several master keys opens the store; the one that is removed does not, nor does its copy of the ring', async t => {
  const { folder, key, openWith } = await world(t)
  const [one, two, three] = [await key('1'), await key('2'), await key('3')]
  const store = await openWith(one)
  const saved = await store.save({ value: 'kept' })
  await store.addKey(two, { name: 'spare' })
  await assert.rejects(store.addKey(two, { name: 'again' }), {
    code: 'conflict',
    message: /is a master key of the store already/,
  })
  await assert.rejects(store.addKey(three, { name: 'spare' }), { code: 'conflict', message: /is called "spare" already/ })
  for (const name of ['', ' ', 'a\nb', 'x'.repeat(101)])
    await assert.rejects(store.addKey(three, { name }), { code: 'invalid', message: /the name of a key/ })
  const copy = await store.exportKeys(join(folder, 'copy.json'))
  assert.equal((await stat(copy.path)).mode & 0o777, 0o600)
  assert.deepEqual(
    copy.masters.map(({ name }) => name),
    ['file', 'spare'],
  )
  await assert.rejects(store.exportKeys(copy.path), { code: 'conflict' })
  const other = await openWith([three, two])
  assert.equal((await other.load(saved.id)).value, 'kept')
  const before = await other.keys()
  assert.deepEqual(
    before.masters.map(({ openedBy }) => openedBy),
    [false, true],
  )
  await assert.rejects(other.removeKey('nobody'), { code: 'not_found', remedy: /spare/ })
  const after = await other.removeKey('file')
  assert.deepEqual([after.masters.map(({ name }) => name), after.dataKeys.length], [['spare'], before.dataKeys.length + 1])
  await assert.rejects(other.removeKey('spare'), { code: 'conflict', message: /last master key/ })
  await assert.rejects(openWith(one), { code: 'key_missing', remedy: /file spare/ })
  assert.equal((await (await openWith(two)).load(saved.id)).value, 'kept')
})

test('E6 a rotation changes the ring alone: what was saved loads, what is saved by the next opening is sealed with the new data key', async t => {
  const { path, key, openWith } = await world(t)
  const [one, two] = [await key('1'), await key('2')]
  const store = await openWith(one)
  const saved = await store.save({ value: noise(1) })
  await store.close()
  const packs = await readdir(join(path, 'packs'))
  const bytes = await readFile(join(path, 'packs', packs[0] ?? ''))
  const rotating = await openWith(one)
  const rotated = await rotating.rotateKeys({ to: two })
  assert.deepEqual(
    rotated.masters.map(({ name }) => name),
    ['file'],
  )
  assert.deepEqual(
    rotated.dataKeys.map(({ current }) => current),
    [false, true],
  )
  // It goes on with the new one, and so does whoever is given it.
  await rotating.rotateKeys()
  const other = await openWith(two)
  await other.addKey(await key('3'), { name: 'third' })
  // With the removal the ring is locked anew: it has to be opened again, with the key it was rotated to.
  await other.removeKey('third')
  assert.equal((await rotating.keys()).masters.length, 1)
  await assert.rejects(rotating.rotateKeys({ from: 'first' }), { code: 'invalid' })
  await rotating.close()
  assert.deepEqual(await readFile(join(path, 'packs', packs[0] ?? '')), bytes)
  await assert.rejects(openWith(one), { code: 'key_missing' })
  const again = await openWith(two)
  assert.ok(await again.load(saved.id))
  await again.save({ value: noise(2) })
  const check = await again.checkKeys()
  // Nothing was begun under those between.
  const sealing = check.dataKeys.map(({ files }) => files > 0)
  assert.deepEqual([check.ok, sealing, check.dataKeys.at(-1)?.current], [true, [true, false, false, true], true])
})

test('E6 a data key that has sealed more than a tebibyte is replaced when the store is opened, once', async t => {
  const { path, key, openWith } = await world(t)
  const one = await key('1')
  await (await openWith(one)).close()
  const openWithBytes = async (storedBytes: number, readOnly = false): Promise<number> => {
    const openCatalog: StoreComponents['openCatalog'] = async (...given) => {
      const catalog = await openSqliteCatalog(...given)
      const stats = catalog.stats.bind(catalog)
      catalog.stats = async now => ({ ...(await stats(now)), storedBytes })
      return catalog
    }
    const store = await open({ path, key: one, readOnly, components: { openCatalog } })
    const { dataKeys } = await store.keys()
    await store.close()
    return dataKeys.length
  }
  assert.equal(await openWithBytes(2 ** 40), 1)
  assert.equal(await openWithBytes(2 ** 40 + 1, true), 1)
  assert.equal(await openWithBytes(2 ** 40 + 1), 2)
  assert.equal(await openWithBytes(2 ** 41), 2)
  assert.equal(await openWithBytes(2 ** 41 + 2), 3)
})

test('E6 a check tells how much is sealed with what, which keys open the ring, and which data key is missing', async t => {
  const { path, key, openWith } = await world(t)
  const [one, two, three] = [await key('1'), await key('2'), await key('3')]
  const plain = await openWith()
  await plain.save({ value: noise(1) })
  await plain.initKeys(one)
  await plain.close()
  const store = await openWith(one)
  await store.addKey(two, { name: 'two' })
  await store.addKey(three, { name: 'three' })
  await store.save({ value: noise(2) })
  const check = await store.checkKeys({ keys: [three] })
  assert.deepEqual(
    check.masters.map(({ name, opens }) => [name, opens]),
    [
      ['file', true],
      ['two', false],
      ['three', true],
    ],
  )
  assert.ok(check.plain.files >= 3 && check.plain.bytes > 10_000, JSON.stringify(check.plain))
  assert.ok((check.dataKeys[0]?.files ?? 0) >= 2)
  assert.deepEqual([check.ok, check.problems], [true, []])
  await store.close()
  // A file of another store: sealed with a data key that is not in this ring.
  const foreign = await open({ path: `${path}-2`, key: one })
  await foreign.save({ value: noise(2) })
  await foreign.close()
  const [pack] = await readdir(join(`${path}-2`, 'packs'))
  await writeFile(join(path, 'packs', pack ?? ''), await readFile(join(`${path}-2`, 'packs', pack ?? '')))
  const damaged = await (await openWith(two)).checkKeys()
  assert.equal(damaged.ok, false)
  assert.match(
    damaged.problems.join(),
    new RegExp(`packs/${pack} is sealed with the data key [0-9a-f]{20}, which is not in the key ring`),
  )
})

test('E6 a ring that is lost is put back from its copy, and opens with the keys it was made for', async t => {
  const { folder, path, key, openWith } = await world(t)
  const one = await key('1')
  const store = await openWith(one)
  const saved = await store.save({ value: 'kept' })
  const copy = await store.exportKeys(join(folder, 'copy.json'))
  await store.close()
  await rm(join(path, 'keys'), { recursive: true })
  await assert.rejects(openWith(one), { code: 'corrupt', message: /key ring.*missing or damaged/ })
  await mkdir(join(path, 'keys'))
  await writeFile(join(path, copy.putBackAs), await readFile(copy.path))
  assert.equal((await (await openWith(one)).load(saved.id)).value, 'kept')
})

test('E6 a process that works in plain while the store is sealed is refused at its next save, and nothing it was told is saved is lost', async t => {
  const { path, key, openWith } = await world(t)
  const one = await key('1')
  await (await openWith()).close()
  const worker = fileURLToPath(new URL('trial/saving-worker.ts', import.meta.url))
  const child = spawn(process.execPath, [...fromSources, worker, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const begun = new Promise<void>(resolve =>
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
      if (told.split('\n').length > 5) resolve()
    }),
  )
  await begun
  await (await openWith()).initKeys(one)
  const sealed = await openWith(one)
  await ended
  const lines = told.trimEnd().split('\n')
  assert.match(lines.at(-1) ?? '', /^refused key_missing/)
  const saved = lines.slice(0, -1)
  assert.ok(saved.length >= 5)
  for (const line of saved) {
    const [id = '', number] = line.split(' ')
    assert.equal((await sealed.load(id)).value, Number(number))
  }
  assert.equal((await sealed.verify()).ok, true)
})

test('E6 verbs on keys take their own options only, and are refused before anything is changed', async t => {
  const { folder, path, key, openWith } = await world(t)
  const [one, two] = [await key('1'), await key('2')]
  const store = await openWith(one)
  const misspelt: object = { nope: 5 }
  const nothing = undefined as never
  const text = 'x' as never
  for (const refused of [
    () => store.rotateKeys(misspelt),
    () => store.addKey(two, misspelt),
    () => store.initKeys(two, misspelt),
    () => store.checkKeys(misspelt),
    () => store.rekey(misspelt),
    () => store.addKey(text),
    () => store.addKey([two] as never),
    () => store.rotateKeys({ to: text }),
    () => store.initKeys(text),
    () => store.exportKeys(nothing),
    () => store.removeKey(nothing),
  ])
    await assert.rejects(refused, { code: 'invalid' }, refused.toString())
  assert.equal((await store.keys()).generation, 1)
  await store.close()
  for (const verb of [
    () => store.keys(),
    () => store.addKey(two),
    () => store.rotateKeys(),
    () => store.checkKeys(),
    () => store.exportKeys(join(folder, 'copy.json')),
  ])
    await assert.rejects(verb, { code: 'conflict', message: /is closed/ })
  const second: object = { key: one }
  const openWithTwo = open as (...given: readonly unknown[]) => Promise<Store>
  await assert.rejects(openWithTwo(join(folder, 'other'), second), { code: 'invalid', message: /open: it takes one argument/ })
  await assert.rejects(stat(join(folder, 'other')), { code: 'ENOENT' })
  assert.ok(path)
})

test('E6 a passphrase is a master key once, whatever salt it would get', async t => {
  const { key, openWith } = await world(t)
  const store = await openWith(await key('1'))
  const cost = { n: 1024 }
  await store.addKey(passphrase('correct horse', cost))
  await assert.rejects(store.addKey(passphrase('correct horse', cost), { name: 'spare' }), {
    code: 'conflict',
    message: /is a master key of the store already/,
  })
  await assert.rejects(store.rotateKeys({ to: passphrase('correct horse', cost), name: 'other' }), { code: 'conflict' })
  await store.addKey(passphrase('another horse', cost), { name: 'spare' })
  assert.deepEqual(
    (await store.keys()).masters.map(({ name }) => name),
    ['file', 'passphrase', 'spare'],
  )
})

test('E6 who works with a key that was taken away is told that what was saved before is safe', async t => {
  const { key, openWith } = await world(t)
  const [one, two] = [await key('1'), await key('2')]
  const working = await openWith(one)
  const { id } = await working.save({ value: 'kept' })
  const other = await openWith(one)
  await other.rotateKeys({ to: two })
  let told: unknown
  // A save that begins no new file is sealed with what is known.
  for (let i = 0; told === undefined && i < 3; i++) await working.save({ value: noise(i) }).catch(error => (told = error))
  told ??= await working.keys().catch(error => error)
  assert.ok(isWaymarkError(told, 'key_missing'), String(told))
  assert.match(told.message, /is none of its keys any more/)
  assert.match(told.means, /What was saved before is safe/)
  assert.equal(await (await openWith(two)).load(id).then(({ value }) => value), 'kept')
})
