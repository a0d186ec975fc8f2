import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { isWaymarkError, open, type Store } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { type CountedOperation, type Fault, type FaultyFiles, faultyFiles } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

const code = (expected: string) => (error: unknown) => isWaymarkError(error) && error.code === expected

/** A store as a process of this name has it open. */
async function openAs(disk: SimulatedDisk, name: string, fault: Fault): Promise<{ store: Store; files: FaultyFiles }> {
  const files = faultyFiles(disk.process(name), [fault])
  const store = await open({
    path: '/disk/.waymark',
    components: {
      files,
      random: seededRandom(name.length),
      identify: who => ({ ...identifyProcess(who), processStart: `simulated ${name}` }),
      openCatalog: () => openSqliteCatalog(':memory:'),
    },
  })
  return { store, files }
}

/** A store on a disk that is full while `isFull` says so. */
async function fillable(t: TestContext): Promise<{ store: Store; fill: (isFull: boolean) => void }> {
  let full = false
  const { store } = await openAs(new SimulatedDisk(), 'full', {
    when: ({ kind }) => full && (kind === 'write' || kind === 'open' || kind === 'sync'),
    code: 'ENOSPC',
    lasts: 'whenever',
  })
  t.after(() => store.close().catch(() => {}))
  return {
    store,
    fill: isFull => {
      full = isFull
    },
  }
}

for (const end of ['pause', 'fail', 'left open'] as const) {
  test(`a loop that ends (${end}) while its items cannot be saved says so, and has ended all the same`, async t => {
    const { store, fill } = await fillable(t)
    const hooks: string[] = []
    const options = {
      run: 'loop',
      stage: 'rows',
      save: { items: 1_000_000, ms: 3_600_000 },
      onPause: () => hooks.push('pause'),
      onFailure: () => hooks.push('fail'),
    }
    const loop = await store.track(options)
    loop.done('a')
    await loop.flush()
    loop.done('b')
    fill(true)
    const ended = end === 'pause' ? loop.pause() : end === 'fail' ? loop.fail(new Error('no')) : loop[Symbol.asyncDispose]()
    await assert.rejects(ended, code('disk_full'))
    assert.equal(loop.ended, true)
    assert.deepEqual(hooks, [end === 'pause' ? 'pause' : 'fail'])
    fill(false)
    await store.track(options, again => {
      assert.deepEqual([again.shouldSkip('a'), again.shouldSkip('b')], [true, false])
      again.done('b')
    })
    assert.equal((await store.run('loop')).state, 'completed')
  })
}

test('the error of the loop comes back as it is where a save failed too, which is told as a warning', async t => {
  const { store, fill } = await fillable(t)
  const warned: string[] = []
  const onWarning = (warning: Error) => void warned.push(warning.message)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  const own = new Error('the loop is bad')
  const loop = store.track({ run: 'loop', stage: 'rows', save: { items: 1_000_000, ms: 3_600_000 } }, tracker => {
    tracker.done(0)
    fill(true)
    throw own
  })
  await assert.rejects(loop, error => error === own)
  fill(false)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(warned.length, 1, warned.join('\n'))
  assert.match(warned[0] ?? '', /ENOSPC/)
})

test('a loop that is tracked again beside another does what the first could not record', async t => {
  const { store, fill } = await fillable(t)
  const options = { run: 'two', stage: 'rows', save: { items: 1_000_000, ms: 3_600_000 } }
  const other = await store.track({ run: 'two', stage: 'other' })
  const first = await store.track(options)
  first.done('a')
  await first.flush()
  first.done('b')
  fill(true)
  await assert.rejects(first.pause(), code('disk_full'))
  fill(false)
  const again = await store.track(options)
  assert.equal(again.attempt, 1)
  assert.deepEqual([again.shouldSkip('a'), again.shouldSkip('b')], [true, false])
  again.done('b')
  await again.complete()
  await other.complete()
  const stages = await store.stages('two')
  assert.equal(stages.find(({ path }) => path === 'rows')?.counts?.done, 2)
})

test('a process killed between two commits of its registration is registered, or its id is free [D1]', async () => {
  for (const nth of [1, 2, 3]) {
    const disk = new SimulatedDisk()
    let commits = Number.NEGATIVE_INFINITY
    const dies = ({ kind, path }: CountedOperation) => kind === 'sync' && path.endsWith('.seg') && ++commits > nth
    const { store } = await openAs(disk, 'first', { when: dies, code: 'EIO', lasts: 'from-then-on' })
    commits = 0
    const registration = { id: 'nightly', name: 'import', totalSteps: 7 }
    await store.register(registration).catch(() => {})
    await store.close().catch(() => {})
    const { store: next } = await openAs(disk, 'second', { when: () => false, code: 'EIO' })
    const seen = (await next.runs({})).length > 0
    const work = seen ? await (await next.recover('nightly')).resume() : await next.register(registration)
    assert.deepEqual([work.completedSteps, work.totalSteps], [0, 7], `killed after commit ${nth}`)
    work.update({ completedSteps: 7 })
    await work.complete()
    await next.close()
  }
})
