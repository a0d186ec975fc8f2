import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { nodeFiles } from '../../src/files/node-files.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import type { Fault, FaultCode } from '../../src/testing/faulty-files.ts'
import { countingFiles, delaying, faultyFiles, ignoring, kindsHitBy } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { contentsOf, readText, writeText } from './disk-contents.ts'

function simulated(faults: readonly Fault[], seed = 0): { disk: SimulatedDisk; fs: ReturnType<typeof faultyFiles> } {
  const disk = new SimulatedDisk()
  return { disk, fs: faultyFiles(disk.process('p'), faults, { disk, random: seededRandom(seed) }) }
}

for (const code of ['ENOSPC', 'EIO', 'EDQUOT', 'EMFILE', 'EACCES'] as const satisfies readonly FaultCode[]) {
  test(`${code} at a chosen operation happens once, without effect, and is over`, async () => {
    const { disk, fs } = simulated([{ when: operation => operation.kind === 'open' && operation.nthOfKind === 2, code }])
    await writeText(fs, '/1', '1')
    await assert.rejects(writeText(fs, '/2', '2'), { code, path: '/2' })
    assert.deepEqual(await contentsOf(disk), { '/1': '1' })
    await writeText(fs, '/2', '2')
    assert.deepEqual(await contentsOf(disk), { '/1': '1', '/2': '2' })
    assert.deepEqual(
      fs.failed.map(operation => [operation.kind, operation.path, operation.nth]),
      [['open', '/2', 4]],
    )
  })
}

test('every operation can be the one that fails', async () => {
  const work = async (fs: FileSystem) => {
    await fs.makeDirectory('/d')
    await writeText(fs, '/d/x', 'x', { sync: true })
    await fs.rename('/d/x', '/d/y')
    await fs.syncDirectory('/d')
    await fs.list('/d')
    await fs.stat('/d/y')
    await readText(fs, '/d/y')
    const y = await fs.open('/d/y', 'write')
    await y.truncate(0)
    await y.stat()
    await y.close()
    await fs.remove('/d/y')
  }
  const counting = countingFiles(new SimulatedDisk().process('p'))
  await work(counting)
  const operations = Object.values(counting.counts).reduce((a, b) => a + b)
  const kinds = new Set<string>()
  for (let k = 1; k <= operations; k++) {
    const { fs } = simulated([{ when: operation => operation.nth === k, code: 'EIO' }])
    await assert.rejects(work(fs), { code: 'EIO' })
    assert.equal(fs.failed.length, 1)
    kinds.add(fs.failed[0]?.kind ?? '')
  }
  assert.deepEqual([...kinds].sort(), [...kindsHitBy.EIO].sort())
})

test('a disk that stays full refuses what grows and allows what does not', async () => {
  const { disk, fs } = simulated([
    { when: operation => operation.kind === 'write' && operation.nthOfKind === 2, code: 'ENOSPC', lasts: 'from-then-on' },
  ])
  await writeText(fs, '/1', '1')
  await assert.rejects(writeText(fs, '/2', '2'), { code: 'ENOSPC' })
  await assert.rejects(fs.open('/3', 'create'), { code: 'ENOSPC' })
  await assert.rejects(fs.makeDirectory('/d'), { code: 'ENOSPC' })
  assert.equal(await fs.exists('/2'), true)
  await fs.remove('/2')
  assert.deepEqual(await fs.list('/'), ['1'])
  assert.deepEqual(await contentsOf(disk), { '/1': '1' })
})

test('a fault that lasts whenever it matches hits only what it names', async () => {
  const { fs } = simulated([{ when: operation => operation.path === '/bad', code: 'EACCES', lasts: 'whenever' }])
  for (let n = 0; n < 3; n++) await assert.rejects(fs.exists('/bad'), { code: 'EACCES' })
  assert.equal(await fs.exists('/good'), false)
})

test('a short write leaves a part of the bytes and then fails, on the simulated disk and on a real one', async context => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-faults-'))
  context.after(() => rm(folder, { recursive: true }))
  for (const [under, root] of [
    [new SimulatedDisk().process('p'), ''],
    [nodeFiles, folder],
  ] as const) {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 20; seed++) {
      const fs = faultyFiles(under, [{ when: operation => operation.kind === 'write', code: 'ENOSPC', effect: 'part' }], {
        random: seededRandom(seed),
      })
      const file = await fs.open(`${root}/${seed}`, 'create')
      await assert.rejects(file.write(Buffer.from('0123456789'), 0), { code: 'ENOSPC' })
      const left = Buffer.from(await file.read(0, 100)).toString()
      await file.close()
      assert.ok('012345678'.startsWith(left), left)
      lengths.add(left.length)
    }
    assert.ok(lengths.size > 5, `${lengths.size} different lengths`)
  }
})

test('an operation may take effect and still be reported as failed', async () => {
  const done = (kind: 'rename' | 'open') =>
    simulated([{ when: operation => operation.kind === kind, code: 'EIO', effect: 'all' }])
  const opened = done('open')
  await assert.rejects(opened.fs.open('/x', 'create'), { code: 'EIO' })
  assert.deepEqual(await contentsOf(opened.disk), { '/x': '' })
  const renamed = done('rename')
  await writeText(renamed.fs, '/x', 'x')
  await assert.rejects(renamed.fs.rename('/x', '/y'), { code: 'EIO' })
  assert.deepEqual(await contentsOf(renamed.disk), { '/y': 'x' })
})

test('after a failed sync the bytes are lost, now or at the next crash, and a later sync proves nothing', async () => {
  const readBack = new Set<string>()
  for (let seed = 0; seed < 20; seed++) {
    const { disk, fs } = simulated([{ when: operation => operation.kind === 'sync', code: 'EIO' }], seed)
    const file = await fs.open('/x', 'create')
    await fs.syncDirectory('/')
    await file.write(Buffer.from('lost'), 0)
    await assert.rejects(file.sync(), { code: 'EIO' })
    readBack.add((await readText(fs, '/x')) ?? 'missing')
    await file.sync()
    const crashed = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))
    assert.notEqual(await readText(crashed.process('reader'), '/x'), 'lost')
  }
  assert.deepEqual([...readBack].sort(), ['', 'lost'])
})

test('a sync that failed although it stored everything is possible too', async () => {
  const { disk, fs } = simulated([{ when: operation => operation.kind === 'sync', code: 'EIO', effect: 'all' }])
  await assert.rejects(writeText(fs, '/x', 'there', { sync: true }), { code: 'EIO' })
  await fs.syncDirectory('/')
  assert.deepEqual(await contentsOf(crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))), { '/x': 'there' })
})

test('a close that fails has closed', async () => {
  const { fs } = simulated([{ when: operation => operation.kind === 'close', code: 'EIO' }])
  const file = await fs.open('/x', 'create')
  await assert.rejects(file.close(), { code: 'EIO' })
  await assert.rejects(file.read(0, 1), { code: 'EBADF' })
})

test('an ignored sync reports success and makes nothing durable', async () => {
  const disk = new SimulatedDisk()
  const fs = ignoring(disk.process('p'), operation => operation.kind === 'sync' && operation.path === '/careless')
  for (const name of ['careless', 'careful']) await writeText(fs, `/${name}`, name, { sync: true })
  await fs.syncDirectory('/')
  const crashed = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))
  assert.deepEqual(await contentsOf(crashed), { '/careful': 'careful', '/careless': '' })
  assert.equal(disk.operations.filter(operation => operation.kind === 'sync').length, 1)
})

test('calls are counted by kind, fsyncs of files and folders together', async () => {
  const fs = countingFiles(new SimulatedDisk().process('p'))
  await writeText(fs, '/1', '1', { sync: true })
  await writeText(fs, '/2', '2', { sync: true })
  await fs.syncDirectory('/')
  assert.equal(fs.fsyncs, 3)
  assert.equal(fs.counts.open, 2)
  assert.equal(fs.counts.write, 2)
  assert.equal(fs.counts.rename, 0)
  fs.reset()
  assert.equal(fs.fsyncs, 0)
})

test('a delayed operation takes effect only after its delay', async () => {
  const disk = new SimulatedDisk()
  const gate = Promise.withResolvers<void>()
  const fs = delaying(disk.process('p'), operation => (operation.kind === 'rename' ? gate.promise : undefined))
  await writeText(fs, '/x', 'x')
  const renaming = fs.rename('/x', '/y')
  assert.deepEqual(await contentsOf(disk), { '/x': 'x' })
  gate.resolve()
  await renaming
  assert.deepEqual(await contentsOf(disk), { '/y': 'x' })
})
