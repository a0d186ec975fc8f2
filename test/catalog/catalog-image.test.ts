import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { decodeValue } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { open, type StoreComponents } from '../../src/open.ts'
import { keyFile } from '../../src/seal/key-file.ts'
import { makeKeyFile } from '../../src/seal/make-key-file.ts'

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
