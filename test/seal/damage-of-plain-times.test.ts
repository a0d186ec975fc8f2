import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, open, pipeline, type Store } from 'waymark'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { givenKey } from './given-key.ts'

const key = givenKey(7)

/** A store of two segments that was plain, then sealed, and sealed anew; closed. */
async function rekeyed(t: TestContext, withRun = false): Promise<{ readonly path: string; readonly first: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-plain-times-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'store')
  const plain = await open(path)
  for (let n = 0; n < 6; n++) await plain.save({ value: seededRandom(n).bytes(7_000), id: `plain-${n}` })
  if (withRun) await pipeline('p', run => run.stage('s', () => 1)).run({}, { store: plain })
  await plain.initKeys(key)
  await plain.close()
  await using(path, async store => {
    await store.save({ value: 'sealed', id: 'sealed' })
    assert.equal((await store.rekey()).complete, true)
  })
  const [first = ''] = readdirSync(join(path, 'segments')).sort()
  return { path, first: join(path, 'segments', first) }
}

async function using<T>(path: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await open({ path, key })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Flips a bit in a block of 16 KiB. */
function flip(file: string, block = 1): void {
  const bytes = readFileSync(file)
  const at = 64 + block * (16_384 + 28) + 600
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
}

/** Those of the plain checkpoints that load. */
async function ids(store: Store): Promise<readonly string[]> {
  const loaded: string[] = []
  for (let n = 0; n < 6; n++) {
    try {
      await store.load(`plain-${n}`)
      loaded.push(`plain-${n}`)
    } catch (error) {
      assert.ok(isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'not_found'), String(error))
    }
  }
  return loaded
}

test('E6 A15 a bit that flips in a sealed segment of plain times costs what stands in its block: the rest loads, and is found again without the catalog', async t => {
  for (const [block, expected] of [
    [0, ['plain-3', 'plain-4', 'plain-5']],
    [1, ['plain-0', 'plain-1', 'plain-5']],
  ] as const) {
    const { path, first } = await rekeyed(t)
    flip(first, block)
    assert.deepEqual(await using(path, ids), expected)
    rmSync(join(path, 'catalog.sealed'))
    await using(path, async store => {
      assert.match(store.notices().join('\n'), /segment \w+ of the log is damaged at byte \d+/)
      assert.deepEqual((await store.list({ limit: 100 })).map(({ id }) => id).sort(), [...expected, 'sealed'])
      assert.deepEqual(await ids(store), expected)
    })
  }
})

test('E6 A15 a rekey leaves a damaged segment, says so, and seals the rest; once a repair has noted it, it is sealed anew as far as it opens, and stays damage', async t => {
  const { path, first } = await rekeyed(t)
  flip(first)
  await using(path, async store => {
    const { complete, left, files } = await store.rekey()
    assert.deepEqual(
      [complete, left.map(({ name, damaged }) => [name, damaged])],
      [false, [[first.slice(path.length + 1), true]]],
    )
    assert.match(left[0]?.because ?? '', /^is damaged: segments\/\w+\.seg does not open: the 16384 bytes from 16384 on/)
    assert.ok(files >= 2)
    assert.deepEqual(await ids(store), ['plain-0', 'plain-1', 'plain-5'])
  })
  await using(path, store => store.repair())
  const before = await using(path, async store => {
    const { complete, left, kept } = await store.rekey()
    assert.deepEqual([complete, left, kept], [true, [], []])
    return store.list({ limit: 100 })
  })
  rmSync(join(path, 'catalog.sealed'))
  await using(path, async store => {
    const { ok, damaged, noted } = await store.verify({ full: true })
    assert.deepEqual([ok, damaged.map(({ id }) => id).sort()], [true, ['plain-2', 'plain-3', 'plain-4']])
    assert.ok(noted.some(({ kind }) => kind === 'segment'))
    assert.deepEqual((await store.list({ limit: 100 })).map(({ id }) => id).sort(), before.map(({ id }) => id).sort())
    assert.deepEqual(await ids(store), ['plain-0', 'plain-1', 'plain-5'])
    assert.equal((await store.keys()).dataKeys.length, 1)
  })
})

test('E6 A15 a sealed store says that there is no catalog only where there is none, and that its image is damaged where it is', async t => {
  const { path } = await rekeyed(t)
  const look = async () => {
    const store = await open({ path, key, readOnly: true })
    const { ok, notices, problems } = await store.verify()
    await store.close()
    return { ok, notices, problems: problems.map(({ kind }) => kind) }
  }
  assert.deepEqual(await look(), { ok: true, notices: [], problems: [] })
  const image = readFileSync(join(path, 'catalog.sealed'))
  writeFileSync(join(path, 'catalog.sealed'), image.subarray(0, 5_000))
  assert.deepEqual(await look(), { ok: false, notices: [], problems: ['catalog'] })
  await using(path, store => store.repair())
  assert.deepEqual(await look(), { ok: true, notices: [], problems: [] })
  rmSync(join(path, 'catalog.sealed'))
  const { notices, ok } = await look()
  assert.match(notices.join(), /there is no catalog file/)
  assert.equal(ok, true)
})

test('E6 A15 checkpoints of a segment that is gone are noted by a repair of a sealed store, and known without the catalog then', async t => {
  const { path, first } = await rekeyed(t, true)
  rmSync(first)
  const reader = await open({ path, key, readOnly: true })
  const { costs } = await reader.repair({ plan: true })
  await reader.close()
  assert.deepEqual(
    costs.map(({ stage, lostRun }) => [stage, lostRun]),
    [['s', true]],
  )
  const { damaged, actions } = await using(path, async store => {
    const report = await store.repair()
    // A process that is killed now leaves none that knows of the segment still.
    assert.equal(existsSync(join(path, 'catalog.sealed')), false)
    return report
  })
  assert.equal(damaged.length, 8)
  assert.equal(actions.filter(({ does }) => does === 'mark').length, 8)
  rmSync(join(path, 'catalog.sealed'))
  await using(path, async store => {
    const statuses = (await store.list({ limit: 100, status: 'damaged' })).map(({ id }) => id)
    assert.equal(statuses.length, 8)
    for (let n = 0; n < 6; n++) assert.ok(statuses.includes(`plain-${n}`))
    assert.equal((await store.verify()).ok, true)
  })
})

test('E6 a folder with the name of a key ring is refused by its name', async t => {
  const { path } = await rekeyed(t)
  mkdirSync(join(path, 'keys/ring.99.json'))
  await assert.rejects(open({ path, key }), { code: 'corrupt', message: /keys\/ring\.99\.json is a folder/ })
})

test('E6 a segment that was cut to less than its header holds nothing, and is in the way of no rekey', async t => {
  const { path, first } = await rekeyed(t)
  const later = join(path, 'segments', readdirSync(join(path, 'segments')).sort().at(-1) ?? '')
  assert.notEqual(later, first)
  writeFileSync(later, readFileSync(later).subarray(0, 50))
  await using(path, async store => assert.deepEqual([(await store.rekey()).complete, (await store.checkKeys()).ok], [true, true]))
})
