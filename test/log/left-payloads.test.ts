import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import { defaultLeaveRule, leaving } from '../../src/log/left-payloads.ts'
import type { FoundRecord } from '../../src/log/log.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { appendEach, bytes, code, diskWithStore, logOn, readAll, segmentFolder, text, writeAll } from './log-on-disk.ts'

const leave = { aboveBytes: 5, keptBytes: 0, mostBytes: 1_000, shortBytes: 5 }
const shown = (records: readonly FoundRecord[]) => records.map(({ payload }) => payload && text(payload))

async function wholeOf(log: FileLog, records: readonly FoundRecord[]): Promise<string[]> {
  const whole: string[] = []
  for (const { payload, position } of records) whole.push(text(payload ?? (await log.read(position)).payload))
  return whole
}

test('B3 a history holds long payloads up to eight megabytes in all, and of those behind only the places', async () => {
  const disk = await diskWithStore()
  const a = logOn(disk.process('a'))
  const { ownership } = await a.takeOver('run')
  const megabytes = (n: number, letter: string) => letter.repeat(n << 20)
  const payloads = [megabytes(5, 'a'), megabytes(3, 'b'), 'short', megabytes(1, 'c'), 'x'.repeat(64 << 10)]
  await appendEach(a, ownership, payloads)
  for (const find of [
    async (log: FileLog) => (await log.history('run')).records,
    async (log: FileLog) => (await log.intact('run'))?.records ?? [],
    async (log: FileLog) => (await log.takeOver('run')).history.records,
  ]) {
    const log = logOn(disk.process('b'))
    const records = await find(log)
    assert.deepEqual(
      records.map(({ payload }) => payload?.length),
      [5 << 20, 3 << 20, 5, undefined, 64 << 10],
    )
    assert.deepEqual(await wholeOf(log, records), payloads)
  }
})

test('B3 a history holds so many bytes of payloads in all, however short each is, and of those behind only the places of all but the shortest', async () => {
  const disk = await diskWithStore()
  const a = logOn(disk.process('a'))
  const { ownership } = await a.takeOver('run')
  // Five long ones and one of the shortest come to 304 bytes; then only the shortest are kept, more than there is room for.
  const payloads = Array.from({ length: 24 }, (_, i) => (i % 7 === 0 || i > 15 ? 'xxxx' : String(i % 10).repeat(60)))
  await appendEach(a, ownership, payloads)
  const log = logOn(disk.process('b'), { leave: { aboveBytes: 100, keptBytes: 50, mostBytes: 320, shortBytes: 4 } })
  for (const records of [
    (await log.history('run')).records,
    (await log.intact('run'))?.records ?? [],
    (await log.takeOver('run')).history.records,
  ]) {
    const left = payloads.map((text, i) => (i > 5 && text.length > 4 ? undefined : text))
    assert.deepEqual(shown(records), left)
    assert.deepEqual(await wholeOf(log, records), payloads)
  }
})

test('B3 by default 32 megabytes of payloads are kept, and behind them those up to a kilobyte', () => {
  const isLeft = leaving(defaultLeaveRule)
  const long = new Uint8Array(64 << 10)
  const kept = Array.from({ length: 1_000 }, () => isLeft(long)).indexOf(true)
  assert.equal(kept * long.length, 32 << 20)
  assert.deepEqual([isLeft(new Uint8Array(1 << 10)), isLeft(new Uint8Array((1 << 10) + 1))], [false, true])
})

test('B16 a take-over copies what nobody had synced, also payloads that it has left in the log, and a power cut then takes none of them', async () => {
  const disk = await diskWithStore()
  const log = logOn(disk.process('a'))
  const { ownership } = await log.takeOver('run')
  const all = ['short', 'a longer one', 'b', 'another long one']
  for (const payload of all) await log.append(ownership, [bytes(payload)], 'process')
  disk.kill('a')
  const heir = logOn(disk.process('b'), { leave })
  const { history } = await heir.takeOver('run')
  assert.deepEqual(shown(history.records), ['short', undefined, 'b', undefined])
  assert.deepEqual(await wholeOf(heir, history.records), all)
  const left = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0))
  const last = logOn(left.process('c'), { leave })
  const found = (await last.takeOver('run')).history.records
  assert.deepEqual(shown(found), ['short', undefined, 'b', undefined])
  assert.deepEqual(await wholeOf(last, found), all)
})

test('a long payload is checked when it is found and again when it is read', async () => {
  const disk = await diskWithStore()
  const files = disk.process('a')
  const a = logOn(files)
  const { ownership } = await a.takeOver('run')
  const [, damaged] = await appendEach(a, ownership, ['first', 'a longer one', 'last'])
  assert.ok(damaged)
  const reader = logOn(disk.process('b'), { leave })
  const { records } = await reader.history('run')
  assert.deepEqual(shown(records), ['first', undefined, 'last'])
  const path = `${segmentFolder}/${damaged.segment}.seg`
  const content = await readAll(files, path)
  const at = damaged.offset + damaged.length - 1
  content.writeUInt8(content.readUInt8(at) ^ 1, at)
  await writeAll(files, path, content)
  await assert.rejects(wholeOf(reader, records), code('corrupt'))
  await assert.rejects(reader.history('run'), code('corrupt'))
  await assert.rejects(reader.takeOver('run'), code('corrupt'))
  assert.deepEqual(shown((await reader.intact('run'))?.records ?? []), ['first'])
})

test('B16 a payload is left in the log only where a later batch or the close proves it durable: a failed sync of its owner may yet take it', async () => {
  const disk = await diskWithStore()
  const a = logOn(disk.process('a'))
  const { ownership } = await a.takeOver('run')
  await appendEach(a, ownership, ['a long one', 'another long one', 'the last long one'])
  const reader = logOn(disk.process('b'), { leave })
  assert.deepEqual(shown((await reader.history('run')).records), [undefined, undefined, 'the last long one'])
  await a.append(ownership, [bytes('only in the page cache')], 'process')
  await a.append(ownership, [bytes('this one too, of course')], 'process')
  assert.deepEqual(shown((await reader.history('run')).records).slice(2), [
    undefined,
    'only in the page cache',
    'this one too, of course',
  ])
  await a.close()
  assert.deepEqual(shown((await reader.history('run')).records), Array(5).fill(undefined))
})
