import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FileLog } from '../../src/log/file-log.ts'
import type { Ownership, SegmentTail } from '../../src/log/log.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type CrashModel, crashState } from '../../src/testing/crash-states.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { countingFiles, faultyFiles } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { bytes, diskWithStore, logOn, readAll, segmentFolder, text, texts, writeAll } from './log-on-disk.ts'

const lazily = (log: FileLog, owner: Ownership, ...payloads: readonly string[]) =>
  log.append(owner, payloads.map(bytes), 'process')

async function eachLazily(log: FileLog, owner: Ownership, payloads: readonly string[]): Promise<void> {
  for (const payload of payloads) await lazily(log, owner, payload)
}

/** What a new process finds of the stream after the crash. */
async function foundAfter(disk: SimulatedDisk, model: CrashModel, seed = 0): Promise<readonly string[]> {
  const left = crashState(disk, disk.lastOperation, model, seededRandom(seed))
  const log = logOn(left.process('heir'))
  return texts((await log.takeOver('run')).history.records)
}

describe('an append as `process` (B16)', () => {
  test('waits for no sync; one sync a second follows', async () => {
    const clock = new FakeClock()
    const files = countingFiles((await diskWithStore()).process('a'))
    const log = logOn(files, { clock })
    const { ownership } = await log.takeOver('run')
    await log.sync()
    files.reset()
    await eachLazily(log, ownership, ['a', 'b', 'c'])
    clock.advance(999)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    assert.equal(files.fsyncs, 0)
    clock.advance(1)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    assert.equal(files.fsyncs, 1)
    clock.advance(5_000)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    assert.equal(files.fsyncs, 1)
  })

  test('survives a kill; a power cut takes an end of it and nothing in the middle', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    const { ownership } = await log.takeOver('run')
    const all = Array.from({ length: 60 }, (_, i) => `record ${i} ${'x'.repeat(60)}`)
    await log.append(ownership, [bytes('power')])
    await eachLazily(log, ownership, all)
    assert.deepEqual(await foundAfter(disk, 'everything'), ['power', ...all])
    assert.deepEqual(await foundAfter(disk, 'only-synced'), ['power'])
    const lengths = new Set<number>()
    for (let seed = 0; seed < 40; seed++) {
      const found = await foundAfter(disk, 'random-sectors', seed)
      assert.deepEqual(found, ['power', ...all].slice(0, found.length))
      assert.ok(found.length >= 1)
      lengths.add(found.length)
    }
    assert.ok(lengths.size > 3)
  })

  test('is durable when a later one as `power` is acknowledged, of whatever stream', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    const { ownership } = await log.takeOver('run')
    const other = await log.takeOver('other')
    await eachLazily(log, ownership, ['a', 'b'])
    await log.append(other.ownership, [bytes('power')])
    await eachLazily(log, ownership, ['c'])
    assert.deepEqual(await foundAfter(disk, 'only-synced'), ['a', 'b'])
  })

  test('is durable after a sync, and after the log was closed', async () => {
    for (const how of ['sync', 'close'] as const) {
      const disk = await diskWithStore()
      const log = logOn(disk.process('a'))
      const { ownership } = await log.takeOver('run')
      await eachLazily(log, ownership, ['a', 'b'])
      await log[how]()
      assert.deepEqual(await foundAfter(disk, 'only-synced'), ['a', 'b'])
    }
  })

  test('is copied by a take-over, which makes it durable', async () => {
    const disk = await diskWithStore()
    const log = logOn(disk.process('a'))
    const { ownership } = await log.takeOver('run')
    await eachLazily(log, ownership, ['a', 'b', 'c'])
    disk.kill('a')
    const heir = logOn(disk.process('b'))
    assert.deepEqual(texts((await heir.takeOver('run')).history.records), ['a', 'b', 'c'])
    assert.deepEqual(await foundAfter(disk, 'only-synced'), ['a', 'b', 'c'])
  })

  test('goes to the disk at once where much is waiting for it, so that a take-over has little to copy', async () => {
    const files = countingFiles((await diskWithStore()).process('a'))
    const log = logOn(files)
    const { ownership } = await log.takeOver('run')
    files.reset()
    for (let i = 0; i < 5; i++) await log.append(ownership, [new Uint8Array(2 << 20)], 'process')
    assert.equal(files.fsyncs, 1)
  })
})

describe('behind a hole', () => {
  async function fourBatches(last: 'process' | 'power') {
    const disk = await diskWithStore()
    const files = disk.process('a')
    const log = logOn(files)
    const { ownership } = await log.takeOver('run')
    await eachLazily(log, ownership, ['one', 'two', 'three'])
    const [segment = ''] = await log.segments()
    const ends = (await log.tail(segment, 0)).batches.map(batch => batch.end)
    await log.append(ownership, [bytes('four')], last)
    if (last === 'power') await log.append(ownership, [bytes('five')])
    const path = `${segmentFolder}/${segment}.seg`
    const content = await readAll(files, path)
    content.fill(0, ends[1], ends[2])
    await writeAll(files, path, content)
    return { log, segment, content, hole: ends[1] ?? 0 }
  }
  const payloads = (tail: SegmentTail) => tail.batches.flatMap(batch => batch.records.map(record => text(record.payload)))

  test('nothing counts that no sync had covered: it is set aside with the hole, and no damage', async () => {
    const { log, segment, content, hole } = await fourBatches('process')
    const tail = await log.tail(segment, 0)
    assert.deepEqual(payloads(tail), ['one', 'two'])
    assert.equal(tail.damage, undefined)
    assert.equal(tail.end, hole)
    assert.equal(tail.tornBytes, content.length - hole)
  })

  test('a batch that was written when the hole was durable makes it damage', async () => {
    const { log, segment, hole } = await fourBatches('power')
    const tail = await log.tail(segment, 0)
    assert.equal(tail.damage?.offset, hole)
    await assert.rejects(log.history('run'), error => isWaymarkError(error, 'corrupt'))
  })
})

describe('a sync that fails later', () => {
  for (const model of ['everything', 'only-synced'] as const) {
    test(`loses nothing acknowledged: it is written again elsewhere (${model})`, async () => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const disk = await diskWithStore()
        let failing = false
        const faults = [{ when: ({ kind }: { kind: string }) => failing && kind === 'sync', code: 'EIO' as const }]
        const log = logOn(faultyFiles(disk.process('a'), faults, { disk, random: seededRandom(seed) }))
        const { ownership } = await log.takeOver('run')
        const [position] = await lazily(log, ownership, 'a')
        await eachLazily(log, ownership, ['b', 'c'])
        failing = true
        await assert.rejects(log.sync(), error => isWaymarkError(error, 'unavailable'))
        await log.sync()
        assert.ok(position)
        assert.equal(text((await log.read(position)).payload), 'a')
        await lazily(log, ownership, 'd')
        assert.deepEqual(await foundAfter(disk, model), model === 'everything' ? ['a', 'b', 'c', 'd'] : ['a', 'b', 'c'])
      }
    })
  }

  test('is made good when the log is closed, if it was not before', async () => {
    const disk = await diskWithStore()
    let failing = false
    const faults = [
      { when: ({ kind }: { kind: string }) => failing && kind === 'sync', code: 'EIO' as const, lasts: 'whenever' as const },
    ]
    const log = logOn(faultyFiles(disk.process('a'), faults, { disk }))
    const { ownership } = await log.takeOver('run')
    await eachLazily(log, ownership, ['a', 'b'])
    failing = true
    await assert.rejects(log.sync(), error => isWaymarkError(error, 'unavailable'))
    await setImmediate()
    failing = false
    await log.close()
    assert.deepEqual(await foundAfter(disk, 'only-synced'), ['a', 'b'])
  })
})
