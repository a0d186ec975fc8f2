import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { crashModels, crashPoints, crashState } from '../../src/testing/crash-states.ts'
import { ignoring } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { contentsOf, readText, writeText } from './disk-contents.ts'

const seeds = Array.from({ length: 300 }, (_, seed) => seed)

/** A disk with /d/a synced, then more bytes to it, /d/b whose bytes alone are synced, and /d/c of which nothing is. */
async function mixedDisk(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const fs = disk.process('p')
  await fs.makeDirectory('/d')
  await fs.syncDirectory('/')
  const a = await fs.open('/d/a', 'create')
  await a.write(Buffer.alloc(600, 'A'), 0)
  await a.sync()
  await fs.syncDirectory('/d')
  await a.write(Buffer.alloc(1000, 'B'), 600)
  await writeText(fs, '/d/b', 'bbb', { sync: true })
  await writeText(fs, '/d/c', 'ccc')
  return disk
}

const oldA = 'A'.repeat(600)
const newA = oldA + 'B'.repeat(1000)

function crashed(disk: SimulatedDisk, model: (typeof crashModels)[number], seed = 0): SimulatedDisk {
  return crashState(disk, disk.lastOperation, model, seededRandom(seed))
}

/** What the disk may hold after its last operation, over many seeds, as JSON. */
async function outcomes(disk: SimulatedDisk): Promise<Set<string>> {
  const found = new Set<string>()
  for (const seed of seeds) found.add(JSON.stringify(await contentsOf(crashed(disk, 'random-sectors', seed))))
  return found
}

describe('what each model keeps', () => {
  test('everything: all operations', async () => {
    assert.deepEqual(await contentsOf(crashed(await mixedDisk(), 'everything')), {
      '/d/': null,
      '/d/a': newA,
      '/d/b': 'bbb',
      '/d/c': 'ccc',
    })
  })

  test('everything: what was not synced is still at the mercy of the next power cut', async () => {
    const afterKill = crashed(await mixedDisk(), 'everything')
    assert.deepEqual(await contentsOf(crashed(afterKill, 'only-synced')), { '/d/': null, '/d/a': oldA })
    const fs = afterKill.process('next')
    const a = await fs.open('/d/a', 'write')
    await a.sync()
    await fs.syncDirectory('/d')
    assert.deepEqual(await contentsOf(crashed(afterKill, 'only-synced')), {
      '/d/': null,
      '/d/a': newA,
      '/d/b': 'bbb',
      '/d/c': '',
    })
  })

  test('only-synced: bytes and names that were synced, and no others', async () => {
    assert.deepEqual(await contentsOf(crashed(await mixedDisk(), 'only-synced')), { '/d/': null, '/d/a': oldA })
  })

  test('names-before-data: all names, synced bytes', async () => {
    assert.deepEqual(await contentsOf(crashed(await mixedDisk(), 'names-before-data')), {
      '/d/': null,
      '/d/a': oldA,
      '/d/b': 'bbb',
      '/d/c': '',
    })
  })

  test('names-lost: all bytes, synced names', async () => {
    assert.deepEqual(await contentsOf(crashed(await mixedDisk(), 'names-lost')), { '/d/': null, '/d/a': newA })
  })

  test('random-sectors: synced bytes and names always, of the rest every part', async () => {
    const a = new Set<string>()
    const b = new Set<string | undefined>()
    const c = new Set<string | undefined>()
    const disk = await mixedDisk()
    for (const seed of seeds) {
      const fs = crashed(disk, 'random-sectors', seed).process('reader')
      a.add((await readText(fs, '/d/a')) ?? 'missing')
      b.add(await readText(fs, '/d/b'))
      c.add(await readText(fs, '/d/c'))
    }
    assert.deepEqual([...b].sort(), ['bbb', undefined])
    for (const content of ['', 'ccc', '\0\0\0', undefined]) assert.ok(c.has(content), `c is never ${JSON.stringify(content)}`)
    for (const content of c) assert.match(content ?? '', /^(c{0,3}|\0{0,3})$/)
    assert.ok(a.has(oldA) && a.has(newA))
    for (const content of a) {
      assert.ok(content.length >= 600 && content.length <= 1600, `length ${content.length}`)
      assert.ok(content.startsWith(oldA))
      // Of the new bytes, the rest of sector 1, all of sector 2, and the beginning of sector 3: each whole or zero, as far as the
      // length goes.
      for (const [from, to] of [
        [600, 1024],
        [1024, 1536],
        [1536, 1600],
      ]) {
        assert.match(content.slice(from, to), /^(B*|\0*)$/)
      }
    }
    const torn = (pattern: RegExp) => [...a].some(content => pattern.test(content))
    assert.ok(torn(/^A+\0+B+$/), 'a later sector without an earlier one')
    assert.ok(torn(/^A+B+\0+$/), 'an earlier sector without a later one')
    assert.ok(torn(/^A+\0+$/), 'the length without the bytes')
    assert.ok(
      [...a].some(content => content.length > 600 && content.length < 1600),
      'a length in between',
    )
  })

  test('nothing of a folder whose own name is not durable survives, however well its content was synced', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await fs.makeDirectory('/d/e')
    await writeText(fs, '/d/e/f', 'x', { sync: true })
    await fs.syncDirectory('/d/e')
    await fs.syncDirectory('/d')
    assert.deepEqual(await contentsOf(crashed(disk, 'only-synced')), {})
    await fs.syncDirectory('/')
    assert.deepEqual(await contentsOf(crashed(disk, 'only-synced')), { '/d/': null, '/d/e/': null, '/d/e/f': 'x' })
  })

  test('a sector written twice holds one of its contents, never bytes of the second write alone', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', '....', { sync: true })
    await fs.syncDirectory('/')
    const x = await fs.open('/x', 'write')
    await x.write(Buffer.from('1'), 0)
    await x.write(Buffer.from('2'), 1)
    const found = [...(await outcomes(disk))].sort()
    assert.deepEqual(found, ['{"/x":"...."}', '{"/x":"1..."}', '{"/x":"12.."}'])
  })

  test('a truncate that was not synced may be undone, and is kept once synced', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', 'abc', { sync: true })
    await fs.syncDirectory('/')
    const x = await fs.open('/x', 'write')
    await x.truncate(1)
    assert.deepEqual(await contentsOf(crashed(disk, 'only-synced')), { '/x': 'abc' })
    assert.deepEqual(await contentsOf(crashed(disk, 'names-lost')), { '/x': 'a' })
    await x.sync()
    for (const model of crashModels) assert.deepEqual(await contentsOf(crashed(disk, model)), { '/x': 'a' })
  })
})

describe('names', () => {
  async function replaced(): Promise<{ disk: SimulatedDisk; fs: FileSystem }> {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', 'old', { sync: true })
    await writeText(fs, '/x.tmp', 'new', { sync: true })
    await fs.syncDirectory('/')
    await fs.rename('/x.tmp', '/x')
    return { disk, fs }
  }

  test('a rename within a folder happens whole or not at all', async () => {
    const { disk, fs } = await replaced()
    assert.deepEqual([...(await outcomes(disk))].sort(), ['{"/x":"new"}', '{"/x":"old","/x.tmp":"new"}'])
    assert.deepEqual(await contentsOf(crashed(disk, 'names-lost')), { '/x': 'old', '/x.tmp': 'new' })
    assert.deepEqual(await contentsOf(crashed(disk, 'names-before-data')), { '/x': 'new' })
    await fs.syncDirectory('/')
    for (const model of crashModels) assert.deepEqual(await contentsOf(crashed(disk, model)), { '/x': 'new' })
  })

  test('a removed file comes back with its bytes until the folder is synced', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', 'back', { sync: true })
    await fs.syncDirectory('/')
    await fs.remove('/x')
    assert.deepEqual([...(await outcomes(disk))].sort(), ['{"/x":"back"}', '{}'])
    assert.deepEqual(await contentsOf(crashed(disk, 'only-synced')), { '/x': 'back' })
    await fs.syncDirectory('/')
    for (const model of crashModels) assert.deepEqual(await contentsOf(crashed(disk, model)), {})
  })

  test('names made in one folder survive independently of their order', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    for (const name of ['1', '2']) await writeText(fs, `/${name}`, name, { sync: true })
    assert.deepEqual([...(await outcomes(disk))].sort(), ['{"/1":"1","/2":"2"}', '{"/1":"1"}', '{"/2":"2"}', '{}'])
  })

  test('a rename across folders needs two syncs: after the new one alone it is in both, after the old one in none', async () => {
    const moved = async (synced: string) => {
      const disk = new SimulatedDisk()
      const fs = disk.process('p')
      await fs.makeDirectory('/from')
      await fs.makeDirectory('/to')
      await fs.syncDirectory('/')
      await writeText(fs, '/from/x', 'x', { sync: true })
      await fs.syncDirectory('/from')
      await fs.rename('/from/x', '/to/x')
      if (synced !== '') await fs.syncDirectory(synced)
      return disk
    }
    const files = async (disk: SimulatedDisk) =>
      Object.keys(await contentsOf(crashed(disk, 'only-synced'))).filter(path => path.endsWith('x'))
    assert.deepEqual(await files(await moved('/to')), ['/from/x', '/to/x'])
    assert.deepEqual(await files(await moved('/from')), [])
    const unsynced = [...(await outcomes(await moved('')))].map(outcome =>
      Object.keys(JSON.parse(outcome)).filter(path => path.endsWith('x')),
    )
    assert.deepEqual(unsynced.sort(), [['/from/x'], ['/to/x']])
  })
})

describe('moments', () => {
  test('a sync counts from the operation that it is, not from the one before', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', 'x', { sync: true })
    await fs.syncDirectory('/')
    const kinds = disk.operations.map(operation => operation.kind)
    const at = async (operation: number) => contentsOf(crashState(disk, operation, 'only-synced', seededRandom(0)))
    assert.deepEqual(await at(kinds.indexOf('syncDirectory')), {})
    assert.deepEqual(await at(kinds.indexOf('syncDirectory') + 1), { '/x': 'x' })
    assert.deepEqual(crashPoints(disk), [0, 1, 2, 3, 5])
  })

  test('the same seed gives the same disk', async () => {
    const disk = await mixedDisk()
    for (const seed of seeds.slice(0, 20)) {
      assert.deepEqual(
        await contentsOf(crashed(disk, 'random-sectors', seed)),
        await contentsOf(crashed(disk, 'random-sectors', seed)),
      )
    }
  })

  test('work on a crashed disk leaves the original and its other crashes alone', async () => {
    const disk = await mixedDisk()
    for (const model of crashModels) {
      const before = await contentsOf(crashed(disk, model))
      const fs = crashed(disk, model).process('vandal')
      const a = await fs.open('/d/a', 'write')
      await a.write(Buffer.alloc(1000, '!'), 0)
      await a.sync()
      await fs.remove('/d/a')
      await writeText(fs, '/d/z', 'new')
      await fs.syncDirectory('/d')
      assert.deepEqual(await contentsOf(crashed(disk, model)), before)
    }
  })

  test('a file made after a crash has another identity than those that survived', async () => {
    const fs = crashed(await mixedDisk(), 'names-before-data').process('next')
    const survivors = await Promise.all(['/d/a', '/d/b', '/d/c'].map(path => fs.stat(path)))
    await writeText(fs, '/d/new', 'x')
    const made = (await fs.stat('/d/new'))?.identity
    assert.ok(!survivors.some(stat => stat?.identity === made))
  })

  test('a crash within a write leaves its first sectors in the cache, and any part of them on the disk', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', 'head', { sync: true })
    await fs.syncDirectory('/')
    const before = disk.lastOperation + 1
    const x = await fs.open('/x', 'write')
    await x.write(Buffer.alloc(1600, 'B'), 4)
    const tear = async (model: (typeof crashModels)[number]) => {
      const found = new Set<string | undefined>()
      for (const seed of seeds) {
        found.add(
          await readText(crashState(disk, before, model, seededRandom(seed), { tearNextWrite: true }).process('reader'), '/x'),
        )
      }
      return found
    }
    const lengths = [...(await tear('everything'))].map(content => content?.length ?? -1).sort((a, b) => a - b)
    assert.deepEqual(lengths, [4, 512, 1024, 1536, 1604])
    assert.deepEqual([...(await tear('only-synced'))], ['head'])
    const parts = [...(await tear('random-sectors'))]
    assert.ok(parts.some(content => /^head\0+B+$/.test(content ?? '')))
    assert.ok(parts.every(content => /^head[B\0]*$/.test(content ?? '')))
  })

  test('only a write is torn', async () => {
    const disk = new SimulatedDisk()
    const fs = disk.process('p')
    await writeText(fs, '/x', 'abc')
    const x = await fs.open('/x', 'write')
    const before = disk.lastOperation
    await x.truncate(0)
    for (const seed of seeds.slice(0, 20)) {
      const found = crashState(disk, before, 'everything', seededRandom(seed), { tearNextWrite: true })
      assert.deepEqual(await contentsOf(found), { '/x': 'abc' })
    }
  })
})

describe('failed syncs', () => {
  for (const fate of ['drop', 'keep'] as const) {
    test(`bytes of a failed sync (${fate}) are not on the disk even after a later sync succeeded`, async () => {
      const disk = new SimulatedDisk()
      const fs = disk.process('p')
      await writeText(fs, '/x', '0'.repeat(512), { sync: true })
      await fs.syncDirectory('/')
      const x = await fs.open('/x', 'write')
      await x.write(Buffer.alloc(512, '1'), 512)
      disk.failSync((await x.stat()).identity, fate)
      assert.equal((await x.stat()).size, fate === 'drop' ? 512 : 1024)
      await x.write(Buffer.alloc(512, '2'), 1024)
      await x.sync()
      const expected = `${'0'.repeat(512)}${'\0'.repeat(512)}${'2'.repeat(512)}`
      for (const model of ['only-synced', 'names-before-data', 'names-lost'] as const) {
        assert.deepEqual(await contentsOf(crashed(disk, model)), { '/x': expected })
      }
      for (const seed of seeds.slice(0, 20))
        assert.deepEqual(await contentsOf(crashed(disk, 'random-sectors', seed)), { '/x': expected })
    })
  }
})

describe('the simulator finds what it is there for', () => {
  /**
   * Replaces /state by version after version, each acknowledged once durable; gives the acknowledged version at each operation.
   */
  async function replaceFourTimes(
    wrap: (fs: FileSystem) => FileSystem,
  ): Promise<{ disk: SimulatedDisk; acknowledged: [number, string][] }> {
    const disk = new SimulatedDisk()
    const fs = wrap(disk.process('p'))
    const acknowledged: [number, string][] = []
    for (const version of ['one', 'two', 'three', 'four']) {
      await writeText(fs, '/state.tmp', version.repeat(300), { sync: true })
      await fs.rename('/state.tmp', '/state')
      await fs.syncDirectory('/')
      acknowledged.push([disk.lastOperation, version.repeat(300)])
    }
    return { disk, acknowledged }
  }

  /** Crashes in which an acknowledged version is lost, or what is there is no version at all. */
  async function failures(wrap: (fs: FileSystem) => FileSystem): Promise<number> {
    const { disk, acknowledged } = await replaceFourTimes(wrap)
    const versions = acknowledged.map(([, version]) => version)
    let failed = 0
    for (const point of crashPoints(disk)) {
      const durable = acknowledged.filter(([operation]) => operation <= point).length - 1
      for (const model of crashModels) {
        for (const seed of seeds.slice(0, 20)) {
          const found = await readText(
            crashState(disk, point, model, seededRandom(seed), { tearNextWrite: true }).process('reader'),
            '/state',
          )
          const version = found === undefined ? -1 : versions.indexOf(found)
          if (version < durable || (version === -1 && found !== undefined)) failed++
        }
      }
    }
    return failed
  }

  test('an atomic replacement survives every crash [pitfall 6]', async () => {
    assert.equal(await failures(fs => fs), 0)
  })

  test('without the sync of the file it does not', async () => {
    assert.ok((await failures(fs => ignoring(fs, operation => operation.kind === 'sync'))) > 0)
    assert.ok((await failures(fs => ignoring(fs, operation => operation.kind === 'sync' && operation.nthOfKind === 3))) > 0)
  })

  test('without the sync of the folder it does not', async () => {
    assert.ok(
      (await failures(fs => ignoring(fs, operation => operation.kind === 'syncDirectory' && operation.nthOfKind === 4))) > 0,
    )
  })
})
