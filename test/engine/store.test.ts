import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isWaymarkError, open } from 'waymark'
import { z } from 'zod'
import { nodeFiles } from '../../src/files/node-files.ts'
import { countingFiles } from '../../src/testing/faulty-files.ts'
import { fromSources } from '../from-sources.ts'
import { withStore } from './with-store.ts'

const small = { step: 3, at: new Date(7), seen: new Set(['a']) }
const large = { rows: Array.from({ length: 5_000 }, (_, i) => ({ i, name: `row ${i}` })) }

test('E1 any nested state is saved and loaded under a generated or a given id', async () => {
  await withStore(async store => {
    for (const value of [small, large, null, 'text', [1, [2, [3]]]]) {
      const saved = await store.save({ value })
      assert.deepStrictEqual((await store.load(saved.id)).value, value)
    }
    const given = await store.save({
      value: small,
      id: 'my-id.1',
      run: 'r',
      stage: 's',
      tags: ['a', 'b'],
      metadata: { tickers: 5 },
    })
    assert.equal(given.id, 'my-id.1')
    const loaded = await store.load('my-id.1')
    assert.deepStrictEqual({ ...given, value: small }, loaded)
    assert.match(given.digest, /^sha256:[0-9a-f]{64}$/)
    assert.ok(given.logicalBytes > 0 && given.storedBytes >= given.logicalBytes)
  })
})

test('an id is used once, also by two processes and after it was deleted [pitfall 13]', async () => {
  await withStore(async store => {
    await store.save({ value: 1, id: 'once' })
    await assert.rejects(store.save({ value: 2, id: 'once' }), { code: 'conflict' })
    const racers = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => store.save({ value: i, id: 'raced' })))
    assert.equal(racers.filter(result => result.status === 'fulfilled').length, 1)
    const other = await open(store.path)
    await assert.rejects(other.save({ value: 3, id: 'once' }), { code: 'conflict' })
    await other.close()
    await store.delete('once')
    await assert.rejects(store.load('once'), { code: 'not_found' })
    await assert.rejects(store.save({ value: 4, id: 'once' }), { code: 'conflict' })
    for (const id of ['', '../x', 'a/b', '@x', 'x'.repeat(200)])
      await assert.rejects(store.save({ value: 1, id }), { code: 'invalid' }, id)
  })
})

test('A4 A6 latest of a run, and of a stage; list newest first, by tag, in pages', async () => {
  await withStore(async store => {
    for (let i = 0; i < 7; i++)
      await store.save({ value: i, run: 'r', stage: i % 2 === 0 ? 'even' : 'odd', tags: [`n${i}`, 'all'] })
    assert.equal((await store.load((await store.latest({ run: 'r' }))?.id ?? '')).value, 6)
    assert.equal((await store.load((await store.latest({ run: 'r', stage: 'odd' }))?.id ?? '')).value, 5)
    assert.equal(await store.latest({ run: 'nobody' }), undefined)
    assert.deepEqual(
      (await store.list({ tags: ['n3', 'all'] })).map(entry => entry.tags),
      [['n3', 'all']],
    )
    const page = await store.list({ run: 'r', limit: 3 })
    const last = page.at(-1)
    assert.ok(last)
    const next = await store.list({ run: 'r', limit: 10, after: last })
    assert.deepEqual(
      [...page, ...next].map(entry => entry.tags[0]),
      ['n6', 'n5', 'n4', 'n3', 'n2', 'n1', 'n0'],
    )
    await store.delete(page[0]?.id ?? '')
    assert.deepEqual((await store.latest({ run: 'r' }))?.tags[0], 'n5')
    await assert.rejects(store.delete('nothing'), { code: 'not_found' })
  })
})

test('a schema types what is loaded and refuses what does not match', async () => {
  await withStore(async store => {
    const { id } = await store.save({ value: { step: 3 } })
    const { value } = await store.load(id, { schema: z.object({ step: z.number() }) })
    assert.equal(value.step + 1, 4)
    await assert.rejects(store.load(id, { schema: z.object({ step: z.string() }) }), { code: 'invalid' })
  })
})

test('a small durable save costs one fsync, however many there are', async () => {
  const files = countingFiles(nodeFiles)
  await withStore(
    async store => {
      await store.save({ value: 'the first makes the segment' })
      files.reset()
      for (let i = 0; i < 20; i++) await store.save({ value: { i } })
      assert.equal(files.fsyncs, 20)
      files.reset()
      await Promise.all(Array.from({ length: 50 }, (_, i) => store.save({ value: { i } })))
      assert.ok(files.fsyncs <= 3, `${files.fsyncs} fsyncs for 50 saves at a time`)
    },
    { components: { files } },
  )
})

test('X8 A15 a catalog that is deleted, damaged, or an old copy is mended from the log, and nothing durable is lost', async () => {
  await withStore(async (first, folder) => {
    const old = join(folder, 'old.sqlite')
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await first.save({ value: i, run: 'r' })).id)
    await first.close()
    const catalog = join(first.path, readdirSync(first.path).find(name => /^catalog\.(sqlite|sealed)$/.test(name)) ?? '')
    copyFileSync(catalog, old)
    const second = await open(first.path)
    for (let i = 5; i < 10; i++) ids.push((await second.save({ value: i, run: 'r' })).id)
    await second.delete(ids[0] ?? '')
    await second.close()
    const damages: Record<string, () => void> = {
      deleted: () => rmSync(catalog),
      'an old copy': () => copyFileSync(old, catalog),
      'no database': () => writeFileSync(catalog, 'this is no database, but it is long enough to look like a file'),
      emptied: () => writeFileSync(catalog, ''),
      'cut in half': () => writeFileSync(catalog, readFileSync(catalog).subarray(0, 9_000)),
      'bytes turned over': () => {
        const bytes = readFileSync(catalog)
        for (let at = 4_096; at < bytes.length; at += 97) bytes[at] = (bytes[at] ?? 0) ^ 0x55
        writeFileSync(catalog, bytes)
      },
    }
    for (const [how, damage] of Object.entries(damages)) {
      for (const name of readdirSync(first.path)) if (/-(wal|shm)$/.test(name)) rmSync(join(first.path, name))
      damage()
      const store = await open(first.path)
      const listed = await store.list({ run: 'r' })
      assert.deepEqual(
        listed.map(entry => entry.id),
        ids.slice(1).reverse(),
        how,
      )
      for (const [i, id] of ids.entries()) {
        if (i === 0) await assert.rejects(store.load(id), { code: 'not_found' }, how)
        else assert.equal((await store.load(id)).value, i, how)
      }
      // The image of a sealed store is never durable, so one that does not open is no damage.
      if (catalog.endsWith('.sqlite') && ['no database', 'cut in half', 'bytes turned over'].includes(how))
        assert.match(store.notices().join(), /catalog was damaged/, how)
      await store.close()
    }
  })
})

test('E3 a flipped bit in the log or a pack is detected, named, and only what it holds is lost; the newest intact one is named', async () => {
  await withStore(async store => {
    const good = await store.save({ value: small, run: 'r', stage: 's' })
    const inPack = await store.save({ value: randomBytes(200_000), run: 'r', stage: 's' })
    const after = await store.save({ value: 'after', run: 'r', stage: 'other' })
    const [pack = ''] = readdirSync(join(store.path, 'packs'))
    flip(join(store.path, 'packs', pack), 5_000)
    await assert.rejects(
      store.load(inPack.id),
      error => isWaymarkError(error, 'corrupt') && error.details['lastGood'] === good.id,
    )
    assert.deepStrictEqual((await store.load(good.id)).value, small)
    const [segment = ''] = readdirSync(join(store.path, 'segments'))
    flip(join(store.path, 'segments', segment), 300)
    await assert.rejects(store.load(good.id), { code: 'corrupt' })
    assert.equal((await store.load(after.id)).value, 'after')
    rmSync(join(store.path, 'packs', pack))
    await assert.rejects(store.load(inPack.id), { code: 'corrupt' })
  })
})

test('a log that lost its acknowledged end is reported, not silently older', async () => {
  await withStore(async store => {
    await store.save({ value: 1 })
    await store.save({ value: 2 })
    await store.close()
    const [segment = ''] = readdirSync(join(store.path, 'segments'))
    const path = join(store.path, 'segments', segment)
    writeFileSync(path, readFileSync(path).subarray(0, 150))
    const again = await open(store.path)
    assert.match(again.notices().join(), /its end is lost/)
    await again.close()
  })
})

test('a newer store, a file in the way, a missing store, and an unwritable path are refused with the reason', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-refused-'))
  try {
    const newer = join(folder, 'newer')
    await (await open(newer)).close()
    const descriptor = JSON.parse(readFileSync(join(newer, 'waymark.json'), 'utf8'))
    const { checksum: _sum, ...body } = descriptor
    const next = { ...body, format: { major: 2, minor: 0 } }
    const checksum = createHash('sha256').update(JSON.stringify(next)).digest('hex')
    writeFileSync(join(newer, 'waymark.json'), JSON.stringify({ ...next, checksum }))
    await assert.rejects(open(newer), { code: 'unsupported' })
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(open(join(folder, 'file')), { code: 'invalid' })
    await assert.rejects(open({ path: join(folder, 'none'), create: false }), { code: 'not_found' })
    assert.deepEqual(readdirSync(folder).sort(), ['file', 'newer'])
    mkdirSync(join(folder, 'locked'))
    chmodSync(join(folder, 'locked'), 0o500)
    // Root may write everywhere.
    if (process.getuid?.() !== 0) await assert.rejects(open(join(folder, 'locked/store')), { code: 'unavailable' })
    await assert.rejects(
      open('/proc/waymark-store'),
      error => isWaymarkError(error, 'unavailable') && /\/proc\/waymark-store/.test(error.message),
    )
    await assert.rejects(open(join(folder, 'file/store')), { code: 'invalid' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('D11 files of the store are for the owner only, and it stays out of git', async () => {
  await withStore(async store => {
    await store.save({ value: large })
    await store.close()
    const modeOf = (path: string) => statSync(join(store.path, path)).mode & 0o777
    assert.equal(modeOf('.'), 0o700)
    for (const path of readdirSync(store.path, { recursive: true, encoding: 'utf8' })) {
      assert.equal(modeOf(path), statSync(join(store.path, path)).isDirectory() ? 0o700 : 0o600, path)
    }
    assert.equal(readFileSync(join(store.path, '.gitignore'), 'utf8'), '*\n')
  })
})

test('A11 several processes save into one store at once, and all of it is there', async () => {
  await withStore(async store => {
    const script = fileURLToPath(new URL('./fixtures/save-many.ts', import.meta.url))
    const run = promisify(execFile)
    const savers = ['a', 'b', 'c', 'd'].map(name => run(process.execPath, [...fromSources, script, store.path, name, '25']))
    await Promise.all(savers)
    const listed = await store.list({ limit: 1_000 })
    assert.equal(listed.length, 100)
    assert.equal(new Set(listed.map(entry => entry.id)).size, 100)
  })
})

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  writeFileSync(path, bytes)
}
