import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { withStore } from './with-store.ts'

test('[E4] info tells the keys at the top and how large each is, of small values and large ones', async () => {
  await withStore(async store => {
    const large = { a: 1, list: Array.from({ length: 30_000 }, (_, i) => ({ i })), text: 'x'.repeat(10_000) }
    for (const value of [{ a: 1, list: [1, 2, 3], text: 'abc' }, large, new Map(Object.entries(large))]) {
      const { id, logicalBytes } = await store.save({ value })
      const { keys = [] } = await store.info(id)
      assert.deepEqual(
        keys.map(one => one.key),
        ['a', 'list', 'text'],
      )
      const sum = keys.reduce((total, one) => total + one.bytes, 0)
      assert.ok(sum < logicalBytes && sum > logicalBytes - 10, `${sum} of ${logicalBytes}`)
    }
  })
})

test('what has no keys has none told, and files are told by name', async () => {
  await withStore(async (store, folder) => {
    for (const content of [
      { value: [1, 2] },
      { value: 'text' },
      { rows: [{ a: 1 }] },
      { bytes: Buffer.alloc(9) },
      { value: new Map([[1, 2]]) },
    ]) {
      const info = await store.info((await store.save(content)).id)
      assert.deepEqual([info.keys, info.files, info.damage], [undefined, undefined, undefined])
    }
    writeFileSync(join(folder, 'a.txt'), 'four')
    const { id } = await store.save({ files: join(folder, 'a.txt') })
    assert.deepEqual((await store.info(id)).files, [{ name: 'a.txt', bytes: 4 }])
  })
})

test('info of a checkpoint whose pack is gone or damaged says so instead of failing', async () => {
  await withStore(async (store, folder) => {
    writeFileSync(join(folder, 'a.bin'), Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 7919) >> 5)))
    const { id } = await store.save({ files: join(folder, 'a.bin') })
    const packs = join(folder, '.waymark/packs')
    for (const name of readdirSync(packs)) {
      const bytes = readFileSync(join(packs, name))
      writeFileSync(join(packs, name), bytes.fill(0xaa, Math.floor(bytes.length / 2)))
    }
    const first = await store.info(id)
    assert.match(first.damage ?? '', /./)
    for (const name of readdirSync(packs)) rmSync(join(packs, name))
    assert.equal((await store.info(id)).id, id)
  })
})

test('stats tell what the store takes on the disk, by what it is', async () => {
  await withStore(async (store, folder) => {
    await store.save({ bytes: Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 7919) >> 5)) })
    const { physical, storedBytes } = await store.stats()
    const parts = [physical.packs, physical.parity, physical.log, physical.catalog, physical.other]
    assert.equal(
      parts.reduce((sum, one) => sum + one.bytes, 0),
      physical.bytes,
    )
    assert.equal(
      parts.reduce((sum, one) => sum + one.files, 0),
      physical.files,
    )
    assert.equal(physical.packs.files, readdirSync(join(folder, '.waymark/packs')).length)
    assert.ok(physical.packs.bytes >= storedBytes * 0.9, `${physical.packs.bytes} for ${storedBytes}`)
    assert.ok(physical.log.files > 0 && physical.catalog.files > 0)
  })
})
