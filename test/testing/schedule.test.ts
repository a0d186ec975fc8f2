import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { ScheduledStep } from '../../src/testing/schedule.ts'
import { Schedule } from '../../src/testing/schedule.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { contentsOf, readText, writeText } from './disk-contents.ts'

const seeds = Array.from({ length: 100 }, (_, seed) => seed)

/** Reads the number in /counter, adds one, replaces the file: loses an update when two of them interleave. */
async function naiveIncrement(fs: FileSystem, label: string): Promise<void> {
  const before = Number(await readText(fs, '/counter'))
  await writeText(fs, `/counter.${label}`, `${before + 1}`)
  await fs.rename(`/counter.${label}`, '/counter')
}

async function race(seed: number): Promise<{ readonly counter: string | undefined; readonly steps: readonly ScheduledStep[] }> {
  const disk = new SimulatedDisk()
  await writeText(disk.process('setup'), '/counter', '0')
  const schedule = new Schedule()
  const labels = ['a', 'b', 'c']
  const untilDone = Promise.all(labels.map(label => naiveIncrement(schedule.process(label, disk.process(label)), label)))
  await schedule.run(seededRandom(seed), { untilDone })
  return { counter: await readText(disk.process('reader'), '/counter'), steps: schedule.steps }
}

test('the same seed takes the same steps to the same end', async () => {
  for (const seed of seeds.slice(0, 20)) assert.deepEqual(await race(seed), await race(seed))
})

test('seeds explore: lost updates of every extent are found, and their absence', async () => {
  const results = await Promise.all(seeds.map(seed => race(seed)))
  assert.deepEqual([...new Set(results.map(result => result.counter))].sort(), ['1', '2', '3'])
  const traces = new Set(results.map(result => result.steps.map(step => step.process).join('')))
  assert.ok(traces.size > 50, `${traces.size} different interleavings`)
})

test('of processes racing for one name exactly one gets it, and each of them under some seed', async () => {
  const winners = new Set<string>()
  for (const seed of seeds) {
    const disk = new SimulatedDisk()
    const schedule = new Schedule()
    const won: string[] = []
    const claim = async (label: string) => {
      await schedule
        .process(label, disk.process(label))
        .open('/claim', 'create')
        .then(
          () => won.push(label),
          () => {},
        )
    }
    await schedule.run(seededRandom(seed), { untilDone: Promise.all(['a', 'b', 'c'].map(claim)) })
    assert.equal(won.length, 1)
    winners.add(won.join())
  }
  assert.deepEqual([...winners].sort(), ['a', 'b', 'c'])
})

test('concurrent operations of one process come in any order too', async () => {
  const orders = new Set<string>()
  for (const seed of seeds) {
    const schedule = new Schedule()
    const fs = schedule.process('a', new SimulatedDisk().process('a'))
    const order: string[] = []
    const untilDone = Promise.all(['/1', '/2', '/3'].map(path => fs.exists(path).then(() => order.push(path))))
    await schedule.run(seededRandom(seed), { untilDone })
    orders.add(order.join(''))
  }
  assert.equal(orders.size, 6)
})

test('a stopped process does nothing until it continues, then goes on where it was', async () => {
  const disk = new SimulatedDisk()
  const schedule = new Schedule()
  const a = schedule.process('a', disk.process('a'))
  const b = schedule.process('b', disk.process('b'))
  const both = Promise.all([writeText(a, '/a', 'a'), writeText(b, '/b', 'b')])
  const random = seededRandom(1)
  schedule.stop('a')
  assert.equal(await schedule.run(random, { maxSteps: 100 }), 3)
  assert.deepEqual(await contentsOf(disk), { '/b': 'b' })
  schedule.continue('a')
  await schedule.run(random, { untilDone: both })
  assert.deepEqual(await contentsOf(disk), { '/a': 'a', '/b': 'b' })
})

test('a killed process never goes on, and a new one may take its label', async () => {
  const disk = new SimulatedDisk()
  const schedule = new Schedule()
  let finished = false
  void writeText(schedule.process('a', disk.process('a')), '/a', 'a').then(() => {
    finished = true
  })
  const random = seededRandom(1)
  await schedule.run(random, { maxSteps: 1 })
  schedule.kill('a')
  disk.kill('a')
  assert.equal(await schedule.run(random, { maxSteps: 100 }), 0)
  assert.equal(finished, false)
  assert.deepEqual(await contentsOf(disk), { '/a': '' })
  await schedule.run(random, { untilDone: writeText(schedule.process('a', disk.process('a')), '/again', 'a') })
  assert.deepEqual(await contentsOf(disk), { '/a': '', '/again': 'a' })
})

test('a process killed at a chosen step leaves exactly the operations before it', async () => {
  for (let killAt = 1; killAt <= 4; killAt++) {
    const disk = new SimulatedDisk()
    const schedule = new Schedule()
    void writeText(schedule.process('a', disk.process('a')), '/a', 'a')
    const beforeStep = (step: number) => {
      if (step === killAt) schedule.kill('a')
    }
    await schedule.run(seededRandom(1), { maxSteps: 100, beforeStep })
    assert.deepEqual(
      disk.operations.map(operation => operation.kind),
      ['open', 'write', 'close'].slice(0, killAt - 1),
    )
  }
})

test('with delayed answers a process can be killed after its sync took effect and before it learned so', async () => {
  const disk = new SimulatedDisk()
  const schedule = new Schedule({ delayAnswers: true })
  let acknowledged = false
  const work = async (fs: FileSystem) => {
    const file = await fs.open('/a', 'create')
    await file.sync()
    acknowledged = true
  }
  void work(schedule.process('a', disk.process('a')))
  const beforeStep = () => {
    const last = schedule.steps.at(-1)
    if (last?.kind === 'sync' && !last.answer) schedule.kill('a')
  }
  await schedule.run(seededRandom(1), { maxSteps: 100, beforeStep })
  assert.equal(acknowledged, false)
  assert.equal(disk.operations.at(-1)?.kind, 'sync')
})

test('delayed answers reach everyone in the end', async () => {
  const disk = new SimulatedDisk()
  const schedule = new Schedule({ delayAnswers: true })
  const fs = schedule.process('a', disk.process('a'))
  await schedule.run(seededRandom(3), { untilDone: writeText(fs, '/a', 'a') })
  assert.deepEqual(await contentsOf(disk), { '/a': 'a' })
  await schedule.run(seededRandom(3), { untilDone: assert.rejects(fs.open('/a', 'create'), { code: 'EEXIST' }) })
})

test('a failure of the processes is the failure of the run', async () => {
  const schedule = new Schedule()
  const fs = schedule.process('a', new SimulatedDisk().process('a'))
  await assert.rejects(schedule.run(seededRandom(1), { untilDone: fs.open('/missing', 'read') }), { code: 'ENOENT' })
})

test('processes that can never finish are reported, with what waits', async () => {
  const schedule = new Schedule()
  const fs = schedule.process('a', new SimulatedDisk().process('a'))
  const never = new Promise(() => {})
  await assert.rejects(schedule.run(seededRandom(1), { untilDone: never }), /stuck after 0 steps/)
  schedule.stop('a')
  await assert.rejects(schedule.run(seededRandom(1), { untilDone: fs.exists('/x') }), /a \(stopped\) has exists \/x pending/)
})

test('processes that never come to an end are reported', async () => {
  const schedule = new Schedule()
  const fs = schedule.process('a', new SimulatedDisk().process('a'))
  let stop = false
  const forever = (async () => {
    while (!stop) await fs.exists('/x')
  })()
  await assert.rejects(schedule.run(seededRandom(1), { untilDone: forever, maxSteps: 50 }), /not done after 50 steps/)
  stop = true
  await schedule.run(seededRandom(1), { untilDone: forever })
})

test('when nothing can be done, the test may move something on', async () => {
  const schedule = new Schedule()
  const fs = schedule.process('a', new SimulatedDisk().process('a'))
  schedule.stop('a')
  let asked = 0
  const whenIdle = () => {
    asked++
    schedule.continue('a')
    return true
  }
  await schedule.run(seededRandom(1), { untilDone: fs.exists('/x'), whenIdle })
  assert.equal(asked, 1)
})

test('a process that gives the event loop turns in between is waited for', async () => {
  const schedule = new Schedule()
  const fs = schedule.process('a', new SimulatedDisk().process('a'))
  const work = async () => {
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    return fs.exists('/x')
  }
  await schedule.run(seededRandom(1), { untilDone: work() })
  assert.equal(schedule.steps.length, 1)
})
