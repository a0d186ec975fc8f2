import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { CommitQueue, type PendingCommit } from '../../src/log/commit-queue.ts'
import type { CommittedBatch } from '../../src/log/log.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { countingFiles } from '../../src/testing/faulty-files.ts'
import { bytes, diskWithStore, logOn, texts } from './log-on-disk.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('appends of one moment, to whatever streams, share one fdatasync', async () => {
  const files = countingFiles((await diskWithStore()).process('a'))
  const log = logOn(files)
  const owners = await Promise.all(numbers(50).map(i => log.create(`run${i}`)))
  await log.appendFree([bytes('first, so that the segment is there')])
  files.reset()
  await Promise.all([...owners.map(owner => log.append(owner, [bytes('x')])), log.appendFree([bytes('y')])])
  assert.equal(files.fsyncs, 1)
  assert.equal(files.counts.write, 1)
  assert.equal(files.counts.exists, 50)
})

test('appends that come while a batch is written wait for one batch together', async () => {
  const files = countingFiles((await diskWithStore()).process('a'))
  const log = logOn(files)
  const owner = await log.create('run')
  await log.append(owner, [bytes('first')])
  files.reset()
  const appends = []
  for (const i of numbers(100)) {
    appends.push(log.append(owner, [bytes(`${i}`)]))
    await Promise.resolve()
  }
  await Promise.all(appends)
  assert.ok(files.fsyncs <= 10, `${files.fsyncs} fsyncs for 100 appends`)
  assert.deepEqual(texts((await log.history('run', (await log.segments())[0])).records), ['first', ...numbers(100).map(String)])
})

test('what is committed is announced batch after batch without a gap, before its append resolves', async () => {
  const batches: CommittedBatch[] = []
  const log = logOn((await diskWithStore()).process('a'), { onCommitted: batch => batches.push(batch) })
  const owner = await log.create('run')
  for (const i of numbers(5)) {
    const [position] = await log.append(owner, [bytes(`${i}`)])
    assert.deepEqual(batches[i]?.records[0]?.position, position)
  }
  for (const [i, batch] of batches.entries()) {
    assert.equal(batch.start, batches[i - 1]?.end ?? batch.start)
    assert.equal(batch.partial, false)
  }
  const tail = await log.tail(batches[0]?.segment ?? '', 0)
  assert.deepEqual(
    tail.batches.map(({ end, digest }) => ({ end, digest })),
    batches.map(({ end, digest }) => ({ end, digest })),
  )
  assert.deepEqual(
    tail.batches.flatMap(batch => batch.records.map(record => ({ ...record, payload: Buffer.from(record.payload) }))),
    batches.flatMap(batch => batch.records.map(record => ({ ...record, payload: Buffer.from(record.payload) }))),
  )
})

test('an empty append is a batch all the same: an idle owner proves with it that its last records are durable', async () => {
  const log = logOn((await diskWithStore()).process('a'))
  const owner = await log.create('run')
  const [position] = await log.append(owner, [bytes('x')])
  const segment = position?.segment ?? ''
  const before = await log.tail(segment, 0)
  assert.deepEqual(await log.append(owner, []), [])
  const after = await log.tail(segment, 0)
  assert.ok(before.provenEnd < before.end)
  assert.equal(after.provenEnd, before.end)
})

/** A queue whose batches wait until they are let go. */
function heldQueue() {
  const batches: (readonly PendingCommit<string>[])[] = []
  let letGo: () => void = () => {}
  const queue = new CommitQueue<string>(async batch => {
    batches.push(batch)
    await new Promise<void>(resolve => {
      letGo = resolve
    })
    for (const commit of batch) commit.resolve([])
  })
  return { queue, batches, letGo: () => letGo() }
}

const request = (owner: string, length = 1) => ({
  owner,
  kind: 'data' as const,
  payloads: [Buffer.alloc(length)],
  durability: 'power' as const,
})

test('batches follow one another: the next is not begun before the one before is settled', async () => {
  const { queue, batches, letGo } = heldQueue()
  const all = ['a', 'b'].map(owner => queue.add(request(owner)))
  await setImmediate()
  all.push(queue.add(request('c')))
  await setImmediate()
  assert.deepEqual(
    batches.map(batch => batch.map(commit => commit.owner)),
    [['a', 'b']],
  )
  letGo()
  await setImmediate()
  letGo()
  await Promise.all(all)
  assert.deepEqual(
    batches.map(batch => batch.map(commit => commit.owner)),
    [['a', 'b'], ['c']],
  )
})

test('a batch takes no more once it is large, however much waits', async () => {
  const { queue, batches, letGo } = heldQueue()
  const all = ['a', 'b', 'c', 'd'].map(owner => queue.add(request(owner, 5 << 20)))
  for (const _ of [1, 2]) {
    await setImmediate()
    letGo()
  }
  await Promise.all(all)
  assert.deepEqual(
    batches.map(batch => batch.map(commit => commit.owner).join('')),
    ['ab', 'cd'],
  )
})

test('closing waits for what was added and refuses what comes after', async () => {
  const { queue, letGo } = heldQueue()
  const added = queue.add(request('a'))
  await setImmediate()
  const closing = queue.close()
  await assert.rejects(queue.add(request('b')), error => isWaymarkError(error, 'conflict'))
  letGo()
  assert.deepEqual(await added, [])
  await closing
})
