import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { sha256 } from '../../src/format/sha256.ts'
import { seededSeals } from '../../src/testing/sealed-by-tests.ts'
import { bytes, code, diskWithStore, logOn, readAll, segmentFolder, texts, writeAll } from './log-on-disk.ts'

const seals = seededSeals(7)

for (const ends of ['open', 'closed'] as const) {
  for (const changed of [0, 1] as const) {
    test(`E6 a record changed by somebody who made all checksums right again is corrupt, also as record ${changed} of two in one batch of a segment left ${ends}`, async () => {
      const disk = await diskWithStore()
      const log = logOn(disk.process('a'), { seals })
      const { ownership } = await log.takeOver('run')
      const positions = await log.append(ownership, [bytes('first'), bytes('second')])
      if (ends === 'closed') await log.close()
      const { segment = '', offset = 0, length = 0 } = positions[changed] ?? {}
      const files = disk.process('b')
      const path = `${segmentFolder}/${segment}.seg`
      const content = await readAll(files, path)
      content.writeUInt8(content.readUInt8(offset + length - 1) ^ 1, offset + length - 1)
      content.writeUInt32LE(zlib.crc32(content.subarray(offset + 8, offset + length)), offset + 4)
      const batch = content.lastIndexOf('WMBT', offset, 'latin1')
      const end = batch + 64 + content.readUInt32LE(batch + 32)
      sha256(segment, content.subarray(batch, batch + 48), content.subarray(batch + 64, end)).copy(content, batch + 48, 0, 16)
      await writeAll(files, path, content)
      await assert.rejects(logOn(files, { seals }).history('run'), code('corrupt'))
      await assert.rejects(logOn(files, { seals }).takeOver('run'), code('corrupt'))
      await assert.rejects(logOn(files, { seals }).read({ segment, offset, length }), code('corrupt'))
    })
  }
}

test('E6 a plain segment in a store that has sealed ones only is damage of its own, and the others are read', async () => {
  const disk = await diskWithStore()
  const log = logOn(disk.process('a'), { seals })
  const { ownership } = await log.takeOver('run')
  await log.append(ownership, [bytes('sealed')])
  const stray = logOn(disk.process('b'), { seals: undefined })
  const [position] = await stray.appendFree([bytes('forged')])
  const reader = logOn(disk.process('c'), { seals })
  const tail = await reader.tail(position?.segment ?? '', 0)
  assert.deepEqual(tail.batches, [])
  assert.match(tail.damage?.reason ?? '', /not sealed/)
  assert.deepEqual(texts((await reader.history('run')).records), ['sealed'])
})
