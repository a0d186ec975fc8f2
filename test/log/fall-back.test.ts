import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileLogOptions } from '../../src/log/file-log.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import type { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { appendEach, code, diskWithStore, logOn, readAll, segmentFolder, texts, writeAll } from './log-on-disk.ts'

const whole = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7']

/** Three owners of one stream, in three closed segments, the second of which left a record that never counted. */
async function threeOwners(): Promise<{ disk: SimulatedDisk; known: Map<string, number>; segments: readonly string[] }> {
  const disk = await diskWithStore()
  const known = new Map<string, number>()
  const options: Partial<FileLogOptions> = { onCommitted: batch => known.set(batch.segment, batch.end) }
  const a = logOn(disk.process('a'), options)
  await appendEach(a, (await a.takeOver('run')).ownership, whole.slice(0, 3))
  await a.close()
  const b = logOn(disk.process('b'), options)
  await appendEach(b, (await b.takeOver('run')).ownership, whole.slice(3, 5))
  const c = logOn(disk.process('c'), options)
  const { ownership } = await c.takeOver('run')
  await b.close()
  await appendEach(c, ownership, whole.slice(5))
  await c.close()
  const segments = (await disk.process('look').list(segmentFolder)).map(name => `${segmentFolder}/${name}`)
  return { disk, known, segments }
}

test('[B8 property] wherever a byte of the log is flipped, a stream falls back to a beginning of what it recorded or is refused, goes on from there, and is as before after an undo', async () => {
  const outcomes = new Map<string, number>()
  const { segments } = await threeOwners()
  for (const place of segments.keys()) {
    for (let at = 0; ; at += 13) {
      const world = await threeOwners()
      const name = world.segments[place] ?? ''
      const content = await readAll(world.disk.process('look'), name)
      if (at >= content.length) break
      const outcome = await fallsBack(world, name, content, at)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  // The second owner's last record was copied by the third.
  for (const outcome of ['whole', 'refused', '0', '1', '2', '3', '5', '6'])
    assert.ok((outcomes.get(outcome) ?? 0) > 0, `none came out as ${outcome}: ${[...outcomes]}`)
})

async function fallsBack(
  { disk, known }: { readonly disk: SimulatedDisk; readonly known: ReadonlyMap<string, number> },
  path: string,
  content: Buffer,
  at: number,
): Promise<string> {
  const damaged = Buffer.from(content)
  damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at)
  await writeAll(disk.process('damage'), path, damaged)
  const witness = async (segment: string) => known.get(segment) ?? 0
  const repairer = logOn(disk.process('repairer'), { witness })
  try {
    assert.deepEqual(texts((await repairer.history('run')).records), whole)
    return 'whole'
  } catch (error) {
    if (!isWaymarkError(error, 'corrupt')) throw error
  }
  const intact = await repairer.intact('run').catch(error => {
    assert.ok(isWaymarkError(error, 'corrupt'), String(error))
    return undefined
  })
  if (intact === undefined) return 'refused'
  const kept = texts(intact.records)
  assert.deepEqual(kept, whole.slice(0, kept.length))
  assert.equal(intact.isWhole, false)
  const { token } = await repairer.goOnFrom('run', intact.last, intact.newest.token)
  assert.deepEqual(texts((await repairer.history('run')).records), kept)

  const undoer = logOn(disk.process('undoer'), { witness })
  if (!intact.isEndLost) {
    await undoer.goOnFrom('run', intact.newest, token)
    await assert.rejects(undoer.history('run'), code('corrupt'))
    await assert.rejects(repairer.goOnFrom('run', intact.last, token), code('fenced'))
    await writeAll(disk.process('mend'), path, content)
    assert.deepEqual(texts((await undoer.history('run')).records), whole)
    return String(kept.length)
  }
  const next = logOn(disk.process('next'), { witness })
  const taken = await next.takeOver('run')
  assert.deepEqual(texts(taken.history.records), kept)
  await appendEach(next, taken.ownership, ['new'])
  await assert.rejects(undoer.goOnFrom('run', intact.newest, token), code('fenced'))
  assert.deepEqual(texts((await undoer.history('run')).records), [...kept, 'new'])
  return String(kept.length)
}
