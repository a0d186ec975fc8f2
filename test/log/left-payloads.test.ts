import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import type { FoundRecord } from '../../src/log/log.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { appendEach, bytes, code, diskWithStore, logOn, readAll, segmentFolder, text, writeAll } from './log-on-disk.ts'

const leave = { aboveBytes: 5, keptBytes: 0 }
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
