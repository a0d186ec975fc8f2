import assert from 'node:assert/strict'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { FileLogOptions } from '../../src/log/file-log.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { threadSuite as describe, threadTest as test } from '../thread-test.ts'
import {
  appendEach,
  bytes,
  claimName,
  code,
  diskWithStore,
  logOn,
  readAll,
  segmentFolder,
  texts,
  writeAll,
} from './log-on-disk.ts'

/**
 * What the damage tests begin with: several owners of two streams, one of a third, and free records, in four segments; and what a
 * catalog knows of them.
 */
async function damagedStore() {
  const disk = await diskWithStore()
  const known = new Map<string, number>()
  const options: Partial<FileLogOptions> = { onCommitted: batch => known.set(batch.segment, batch.end) }
  const a = logOn(disk.process('a'), options)
  const drawn = await a.create('drawn')
  const given = await a.takeOver('given')
  const [first] = await appendEach(a, drawn, ['d1', 'd2'])
  await appendEach(a, given.ownership, ['g1', 'g2'])
  await a.appendFree([bytes('free')])
  const b = logOn(disk.process('b'), options)
  await appendEach(b, (await b.takeOver('given')).ownership, ['g3'])
  const c = logOn(disk.process('c'), options)
  await appendEach(c, (await c.takeOver('drawn', first?.segment)).ownership, ['d3'])
  await appendEach(c, (await c.takeOver('given')).ownership, ['g4'])
  const d = logOn(disk.process('d'), options)
  const [last] = await appendEach(d, (await d.takeOver('drawn', first?.segment)).ownership, ['d4'])
  const [alone] = await appendEach(d, await d.create('alone'), ['a1'])
  await appendEach(d, await d.create('other'), ['o1'])
  return { disk, known, hints: { drawn: last?.segment, given: undefined, alone: alone?.segment } }
}

const whole = { drawn: ['d1', 'd2', 'd3', 'd4'], given: ['g1', 'g2', 'g3', 'g4'], alone: ['a1'] }
const streams = ['drawn', 'given', 'alone'] as const

/** Whether the stream is still whole; otherwise it must be called corrupt, by a reader and by who takes it over. */
async function wholeOrCorrupt(
  disk: SimulatedDisk,
  known: ReadonlyMap<string, number>,
  stream: keyof typeof whole,
  hint: string | undefined,
) {
  const log = logOn(disk.process('judge'), { witness: async segment => known.get(segment) ?? 0 })
  const outcomes = []
  for (const read of [() => log.history(stream, hint), async () => (await log.takeOver(stream, hint)).history]) {
    try {
      assert.deepEqual(texts((await read()).records), whole[stream])
      outcomes.push('whole')
    } catch (error) {
      if (!isWaymarkError(error, 'corrupt')) throw error
      outcomes.push('corrupt')
    }
  }
  assert.equal(outcomes[0], outcomes[1])
  return outcomes[0]
}

async function filesOf(files: FileSystem): Promise<readonly string[]> {
  const claims = await files.list('/store/claims')
  const folders = [segmentFolder, ...claims.map(shard => `/store/claims/${shard}`)]
  const names = await Promise.all(folders.map(async folder => (await files.list(folder)).map(name => `${folder}/${name}`)))
  return names.flat()
}

const isSegment = (path: string) => path.endsWith('.seg')

/** Damages each file of the store in every way that `damage` names (undefined: removes it), and judges every stream each time. */
async function judgeAll(
  damage: (content: Buffer, path: string, all: ReadonlyMap<string, Buffer>) => Iterable<Buffer | undefined>,
) {
  const { disk, known, hints } = await damagedStore()
  const files = disk.process('reader')
  const all = new Map<string, Buffer>()
  for (const path of await filesOf(files)) all.set(path, await readAll(files, path))
  const seen = { whole: 0, corrupt: 0 }
  for (const [path, content] of all) {
    for (const damaged of damage(content, path, all)) {
      const copy = crashState(disk, disk.lastOperation, 'everything', seededRandom(0))
      if (damaged) await writeAll(copy.process('vandal'), path, damaged)
      else await copy.process('vandal').remove(path)
      for (const stream of streams) {
        const outcome = await wholeOrCorrupt(copy, known, stream, hints[stream]).catch(error => {
          const what = damaged ? `${damaged.length} bytes` : 'missing'
          throw new Error(`${stream} with ${path} ${what}: ${error instanceof Error ? error.message : error}`, { cause: error })
        })
        if (outcome === 'whole') seen.whole++
        else seen.corrupt++
      }
    }
  }
  return seen
}

describe('a damaged store is whole or corrupt, never silently older (E3)', () => {
  test('with any byte of any file changed', async () => {
    const seen = await judgeAll(function* (content) {
      for (let at = 0; at < content.length; at++) {
        const flipped = Buffer.from(content)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
        yield flipped
      }
    })
    assert.ok(seen.whole > 100 && seen.corrupt > 100, JSON.stringify(seen))
  })

  test('with any file cut at any length', async () => {
    const seen = await judgeAll(function* (content) {
      for (let length = 0; length < content.length; length++) yield content.subarray(0, length)
    })
    assert.ok(seen.whole > 100 && seen.corrupt > 100, JSON.stringify(seen))
  })

  test('with any segment missing, or another in its place', async () => {
    const seen = await judgeAll((_, path, all) => {
      const others = [...all].filter(([other]) => isSegment(other) && other !== path)
      return isSegment(path) ? [undefined, ...others.map(([, content]) => content)] : []
    })
    assert.ok(seen.corrupt > 5, JSON.stringify(seen))
  })

  test('with the content of any claim in the place of another', async () => {
    const seen = await judgeAll((_, path, all) => {
      const others = [...all].filter(([other]) => !isSegment(other))
      return isSegment(path) ? [] : others.map(([, content]) => content)
    })
    assert.ok(seen.whole > 20 && seen.corrupt === 0, JSON.stringify(seen))
  })

  test('with the newest claim of a stream missing, or several, where the catalog knows its segment', async () => {
    for (const count of [1, 2, 3]) {
      const { disk, known, hints } = await damagedStore()
      const files = disk.process('vandal')
      const claims = (await filesOf(files)).filter(name => name.includes(`${claimName('drawn')}.`))
      for (const path of claims.slice(-count)) await files.remove(path)
      assert.equal(await wholeOrCorrupt(disk, known, 'drawn', hints.drawn), 'corrupt', `${count} missing`)
    }
  })

  test('with any segment missing or without its header, though nobody knows how long it was', async () => {
    const { disk, hints } = await damagedStore()
    const seen = new Set<string | undefined>()
    for (const path of (await filesOf(disk.process('lister'))).filter(isSegment)) {
      for (const length of [undefined, 0, 50, 95]) {
        const copy = crashState(disk, disk.lastOperation, 'everything', seededRandom(0))
        const files = copy.process('vandal')
        const content = await readAll(files, path)
        if (length === undefined) await files.remove(path)
        else await writeAll(files, path, content.subarray(0, length))
        for (const stream of streams) seen.add(await wholeOrCorrupt(copy, new Map(), stream, hints[stream]))
      }
    }
    assert.deepEqual([...seen].sort(), ['corrupt', 'whole'])
  })

  test('and says which segment it misses', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    await appendEach(log, (await log.takeOver('run')).ownership, ['x'])
    const [segment] = await log.segments()
    const files = disk.process('vandal')
    await files.remove(`${segmentFolder}/${segment}.seg`)
    await assert.rejects(logOn(files).history('run'), new RegExp(`${segment}.*the file is missing`))
  })

  test('with damage both before and after the newest record that can be read', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    const { ownership } = await log.takeOver('run')
    const other = await log.create('other')
    const ends = []
    for (const [owner, payload] of [
      [other, 'o1'],
      [ownership, 'x'],
      [ownership, 'y'],
      [other, 'o2'],
    ] as const) {
      const [position] = await appendEach(log, owner, [payload])
      ends.push((position?.offset ?? 0) + (position?.length ?? 0))
    }
    const path = `${segmentFolder}/${(await log.segments())[0]}.seg`
    const files = disk.process('vandal')
    const content = await readAll(files, path)
    for (const end of [ends[0], ends[2]]) content.writeUInt8(0xff, (end ?? 0) - 1)
    await writeAll(files, path, content)
    await assert.rejects(logOn(files).history('run'), code('corrupt'))
    await assert.rejects(logOn(files).takeOver('run'), code('corrupt'))
  })
})
