import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { contentsOf, readText, writeText } from './disk-contents.ts'

test('processes share one disk', async () => {
  const disk = new SimulatedDisk()
  await writeText(disk.process('a'), '/x', 'from a')
  assert.equal(await readText(disk.process('b'), '/x'), 'from a')
})

test('the trace numbers every operation with its process, those that fail or only look included', async () => {
  const disk = new SimulatedDisk()
  await writeText(disk.process('a'), '/x', 'hi', { sync: true })
  const b = disk.process('b')
  await b.exists('/x')
  await assert.rejects(b.open('/x', 'create'))
  assert.deepEqual(
    disk.operations.map(({ number, process, kind, path, effect, error }) => [number, process, kind, path, effect?.kind ?? error]),
    [
      [1, 'a', 'open', '/x', 'make'],
      [2, 'a', 'write', '/x', 'data'],
      [3, 'a', 'sync', '/x', 'sync'],
      [4, 'a', 'close', '/x', undefined],
      [5, 'b', 'exists', '/x', undefined],
      [6, 'b', 'open', '/x', 'EEXIST'],
    ],
  )
  assert.equal(disk.lastOperation, 6)
})

test('what a killed process had under way never happens and never answers', async () => {
  const disk = new SimulatedDisk()
  const a = disk.process('a')
  const file = await a.open('/x', 'create')
  let answered = false
  const answer = () => {
    answered = true
  }
  void file.write(Buffer.from('late'), 0).then(answer, answer)
  void a.makeDirectory('/folder').then(answer, answer)
  disk.kill('a')
  void file.sync().then(answer, answer)
  await setImmediate()
  assert.equal(answered, false)
  assert.deepEqual(await contentsOf(disk), { '/x': '' })
})

test('the next process of the same label works, with the files the dead one left', async () => {
  const disk = new SimulatedDisk()
  const first = disk.process('a')
  await writeText(first, '/x', 'left')
  disk.kill('a')
  const second = disk.process('a')
  assert.equal(await readText(second, '/x'), 'left')
  let answered = false
  void first.exists('/x').then(() => {
    answered = true
  })
  await setImmediate()
  assert.equal(answered, false)
})

test('bytes are taken when the write happens, not later', async () => {
  const fs = new SimulatedDisk().process('a')
  const file = await fs.open('/x', 'create')
  const bytes = Buffer.from('before')
  await file.write(bytes, 0)
  bytes.fill('x')
  assert.equal(await readText(fs, '/x'), 'before')
})

test('any moment of the trace can be looked at, forward and backward, also when the disk came out of a crash', async () => {
  const disk = new SimulatedDisk()
  const fs = disk.process('a')
  const file = await fs.open('/x', 'create')
  for (let n = 0; n < 5; n++) await file.write(Buffer.from(`${n}`), n)
  const lengths = (of: SimulatedDisk, inode: number, moments: number[]) =>
    moments.map(moment => of.stateAfter(moment).file(inode).content.length)
  assert.deepEqual(lengths(disk, 2, [1, 3, 6, 2, 5]), [0, 2, 5, 1, 4])
  assert.throws(() => disk.stateAfter(7), RangeError)

  const later = new SimulatedDisk(disk.stateAfter(4).clone())
  const again = await later.process('b').open('/x', 'write')
  await again.write(Buffer.from('abcdefgh'), 0)
  assert.deepEqual(lengths(later, 2, [0, 2, 1]), [3, 8, 3])
  assert.deepEqual(lengths(disk, 2, [6]), [5])
})
