import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open, type Store } from 'waymark'
import type { MasterKey } from '../../src/seal/master-key.ts'
import { passphrase } from '../../src/seal/passphrase.ts'
import { goldenSecretKey } from './golden-sealed-key.ts'
import { goldenCheckpoints, goldenKeyed } from './golden-store.ts'

// Sealed stores as each version of the format wrote them (scripts/make-golden-sealed-store.ts), to be read for ever. Neither they nor what is said of them is changed.
const goldenFolder = join(import.meta.dirname, 'golden')
const formats = readdirSync(goldenFolder).flatMap(name => /^store-(\d+\.\d+)-sealed$/.exec(name)?.[1] ?? [])

test('E6 there is a golden store of every format in which stores are sealed', () => {
  assert.deepEqual(formats, ['1.4'])
})

async function opened(t: TestContext, format: string, key: MasterKey): Promise<Store> {
  const path = mkdtempSync(join(tmpdir(), `waymark-golden-sealed-${format}-`))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  cpSync(join(goldenFolder, `store-${format}-sealed`), path, { recursive: true })
  // Empty folders are not in the repository.
  for (const folder of ['packs', 'claims', 'leases']) mkdirSync(join(path, folder), { recursive: true })
  const store = await open({ path, create: false, key })
  t.after(() => store.close())
  return store
}

for (const format of formats) {
  const expected = JSON.parse(readFileSync(join(goldenFolder, `store-${format}-sealed.json`), 'utf8'))
  const keys = { 'its key': goldenSecretKey(expected.secret), 'its passphrase': passphrase(expected.passphrase) }

  for (const [what, key] of Object.entries(keys))
    test(`E6 E1 a sealed store of format ${format} opens with ${what}, and every checkpoint in it loads as it was saved and is proven [pitfall 10]`, async t => {
      const store = await opened(t, format, key)
      assert.deepEqual(await goldenCheckpoints(store), expected.checkpoints)
      assert.deepEqual(store.notices(), [])
      const { ok, problems } = await store.verify({ full: true })
      assert.deepEqual([ok, problems], [true, []])
    })

  test(`E6 runs in a sealed store of format ${format} are found: one is completed and called no more, one goes on with its last items [pitfall 10]`, async t => {
    const store = await opened(t, format, keys['its key'])
    const called: string[] = []
    const keyed = goldenKeyed(name => called.push(name))
    assert.deepEqual((await keyed.run({}, { store, runId: 'golden-keyed' })).value, { done: 4, setAside: 1 })
    assert.deepEqual(called, [])
    await keyed.run({}, { store, runId: 'golden-stopped' })
    assert.deepEqual(called, ['a key that is longer than one block', 'report'])
  })

  test(`E6 a sealed store of format ${format} does not open with another key`, async t => {
    await assert.rejects(opened(t, format, goldenSecretKey('5b'.repeat(32))), { code: 'key_missing' })
    await assert.rejects(opened(t, format, passphrase('another passphrase')), { code: 'key_missing' })
  })
}
