import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileSystem } from '../../src/files/file-system.ts'
import { Claims } from '../../src/log/claims.ts'
import { crashState } from '../../src/testing/crash-states.ts'
import { faultyFiles } from '../../src/testing/faulty-files.ts'
import { Schedule } from '../../src/testing/schedule.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { diskWithStore, readAll, writeAll } from './log-on-disk.ts'

const segment = 'segment000segment000segmen'
const claimsOf = (files: FileSystem, stream = 'run') => new Claims(files, '/store/claims').of(stream)

async function pathOf(files: FileSystem, name: string): Promise<string> {
  for (const shard of await files.list('/store/claims')) {
    if (await files.exists(`/store/claims/${shard}/${name}`)) return `/store/claims/${shard}/${name}`
  }
  assert.fail(`no claim ${name}`)
}

test('a token is taken once', async () => {
  const files = (await diskWithStore()).process('a')
  assert.equal(await claimsOf(files).take(1, segment), true)
  assert.equal(await claimsOf(files).take(1, segment), false)
  assert.equal(await claimsOf(files).take(2, segment), true)
})

test('of any number of processes that want a token exactly one gets it', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const disk = await diskWithStore()
    const schedule = new Schedule()
    const all = Promise.all(
      ['a', 'b', 'c', 'd'].map(label => claimsOf(schedule.process(label, disk.process(label))).take(1, segment)),
    )
    await schedule.run(seededRandom(seed), { untilDone: all })
    assert.equal((await all).filter(taken => taken).length, 1, `seed ${seed}`)
  }
})

test('the highest token is found though earlier ones are missing', async () => {
  const claims = claimsOf((await diskWithStore()).process('a'))
  assert.equal(await claims.highest(), 0)
  for (const token of [2, 5, 12]) {
    await claims.take(token, segment)
    assert.equal(await claims.highest(), token)
  }
})

test('claims of streams whose names begin alike are kept apart', async () => {
  const files = (await diskWithStore()).process('a')
  // All in one folder, as two names with one shard would be.
  await claimsOf(files, 'run').take(1, segment)
  const folder = (await pathOf(files, 'run.1')).slice(0, -'/run.1'.length)
  for (const name of ['run.7.9', 'run.x', 'run.07', 'run.', 'running.8', 'run-1.9'])
    await writeAll(files, `${folder}/${name}`, Buffer.alloc(0))
  assert.equal(await claimsOf(files, 'run').highest(), 1)
})

test('a claim that was made durable survives a power cut with its folder', async () => {
  const disk = await diskWithStore()
  const claims = claimsOf(disk.process('a'))
  await claims.take(1, segment)
  await claims.makeDurable()
  const after = crashState(disk, disk.lastOperation, 'only-synced', seededRandom(0)).process('b')
  assert.equal(await claimsOf(after).highest(), 1)
  assert.equal(await claimsOf(after).segment(1), undefined)
})

test('the segment a token was taken for is read back', async () => {
  const claims = claimsOf((await diskWithStore()).process('a'))
  await claims.take(1, segment)
  assert.equal(await claims.segment(1), segment)
  assert.equal(await claims.segment(2), undefined)
})

test('a claim whose content is damaged, cut or of another claim names no segment (E3)', async () => {
  const files = (await diskWithStore()).process('a')
  await claimsOf(files).take(1, segment)
  const path = await pathOf(files, 'run.1')
  const content = await readAll(files, path)
  for (let at = 0; at < content.length - 1; at++) {
    const flipped = Buffer.from(content)
    flipped[at] = (flipped[at] ?? 0) ^ 1
    await writeAll(files, path, flipped)
    assert.equal(await claimsOf(files).segment(1), undefined, `byte ${at}`)
    await writeAll(files, path, content.subarray(0, at))
    assert.equal(await claimsOf(files).segment(1), undefined, `cut to ${at}`)
  }
  await claimsOf(files).take(2, `${segment.slice(1)}x`)
  await writeAll(files, path, await readAll(files, await pathOf(files, 'run.2')))
  assert.equal(await claimsOf(files).segment(1), undefined)
})

test('a full disk does not waste a token: the claim is ours without its content', async () => {
  const disk = await diskWithStore()
  const faulty = faultyFiles(disk.process('a'), [{ when: operation => operation.kind === 'write', code: 'ENOSPC' }])
  assert.equal(await claimsOf(faulty).take(1, segment), true)
  assert.equal(faulty.failed.length, 1)
  assert.equal(await claimsOf(disk.process('b')).highest(), 1)
})

test('a folder that cannot be listed is an error, never "no claims"', async () => {
  const disk = await diskWithStore()
  const fails = (kind: 'list' | 'exists') =>
    claimsOf(faultyFiles(disk.process('a'), [{ when: operation => operation.kind === kind, code: 'EACCES' }]))
  await assert.rejects(fails('list').highest(), { code: 'EACCES' })
  await assert.rejects(fails('exists').exists(1), { code: 'EACCES' })
})
