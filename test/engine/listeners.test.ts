import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, pipeline, type Store, type StoreEventName } from 'waymark'
import { withStore } from './with-store.ts'

const all: readonly StoreEventName[] = [
  'checkpoint:created',
  'checkpoint:loaded',
  'checkpoint:deleted',
  'checkpoint:corrupt',
  'run:started',
  'run:completed',
  'run:failed',
  'run:paused',
  'run:cancelled',
  'stage:completed',
  'stage:failed',
]

/** What is told, as texts. */
function listen(store: Store): string[] {
  const told: string[] = []
  for (const name of all)
    store.on(name, event => {
      const what =
        'checkpoint' in event
          ? (event.checkpoint.stage ?? event.checkpoint.id)
          : 'stage' in event
            ? event.stage
            : 'id' in event
              ? event.id
              : event.run
      told.push(`${event.name} ${what} ${event.priority}`)
    })
  return told
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('D8 what happens to checkpoints is told by name, once it is recorded', () =>
  withStore(async store => {
    const told = listen(store)
    const { id } = await store.save({ value: { a: 1 }, id: 'one' })
    assert.equal((await store.load(id)).id, 'one')
    await store.delete('one')
    await turn()
    assert.deepEqual(told, ['checkpoint:created one info', 'checkpoint:loaded one info', 'checkpoint:deleted one info'])
  }))

test('D8 the end of a run is told with how it ended, and what its stages did before', () =>
  withStore(async store => {
    const told = listen(store)
    let isBroken = true
    const work = pipeline('p', async run => {
      await run.stage('a', () => 1)
      await run.stage('b', async () => {
        if (isBroken) throw new Error('broken')
        return (await run.id).length
      })
    })
    await assert.rejects(work.run({}, { store, runId: 'r' }), { code: 'failed' })
    await turn()
    assert.deepEqual(
      told.filter(one => !one.startsWith('checkpoint')),
      ['run:started r info', 'stage:completed a info', 'stage:failed b warning', 'run:failed r critical'],
    )
    assert.ok(told.includes('checkpoint:created a info'))
    told.length = 0
    isBroken = false
    await work.run({}, { store, runId: 'r' })
    const stop = new AbortController()
    const stopped = pipeline('q', async run =>
      run.stage('c', ({ signal }) => {
        stop.abort()
        signal.throwIfAborted()
      }),
    )
    await assert.rejects(stopped.run({}, { store, runId: 's', signal: stop.signal }), { code: 'cancelled' })
    await turn()
    assert.deepEqual(
      told.filter(one => one.startsWith('run')),
      ['run:started r info', 'run:completed r info', 'run:started s info', 'run:paused s warning'],
    )
  }))

test('D8 a damaged checkpoint is told to who listens, whoever wanted it', () =>
  withStore(async (store, folder) => {
    const work = pipeline('p', async run => {
      const made = await run.stage('a', () => Buffer.alloc(300_000, 7))
      await run.stage('b', () => assert.fail(`${made.length} bytes`))
    })
    await assert.rejects(work.run({}, { store, runId: 'r' }), { code: 'failed' })
    const packs = join(folder, '.waymark', 'packs')
    const names = readdirSync(packs, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.pack'))
    assert.ok(names.length > 0)
    for (const name of names) {
      const bytes = readFileSync(join(packs, name))
      bytes.fill(0, 64)
      writeFileSync(join(packs, name), bytes)
    }
    await using again = await open(join(folder, '.waymark'))
    const told: string[] = []
    again.on('checkpoint:corrupt', ({ stage, error, priority }) => told.push(`${stage} ${error.code} ${priority}`))
    const [checkpoint] = await again.list({ stage: 'a' })
    await assert.rejects(again.load(checkpoint?.id ?? ''), { code: 'corrupt' })
    await turn()
    assert.deepEqual(told, ['a corrupt critical'])
    await assert.rejects(work.run({}, { store: again, runId: 'r' }))
    await turn()
    assert.deepEqual(told, ['a corrupt critical', 'a corrupt critical'])
  }))

test('D8 a listener that throws, rejects, never ends or takes itself away hurts neither the run nor the others', () =>
  withStore(async store => {
    const told: number[] = []
    let thrown = 0
    store.on('stage:completed', () => {
      thrown++
      throw new Error(`thrown ${thrown}`)
    })
    store.on('stage:completed', async () => {
      throw new Error('rejected')
    })
    store.on('stage:completed', () => new Promise(() => {}))
    const once = store.on('stage:completed', () => {
      told.push(1)
      once()
    })
    const stop = new AbortController()
    store.on('stage:completed', () => told.push(2), { signal: stop.signal })
    const work = pipeline('p', async run => {
      await run.stage('a', () => 1)
      await turn()
      stop.abort()
      await run.stage('b', () => 2)
    })
    assert.equal((await work.run({}, { store })).state, 'completed')
    await turn()
    assert.deepEqual(told, [1, 2])
    assert.deepEqual(store.notices(), [
      'a listener of stage:completed failed; the work is not affected: thrown 1',
      'a listener of stage:completed failed; the work is not affected: rejected',
    ])
  }))

test('D8 whoever saved goes on before listeners are called, and they may use the store', () =>
  withStore(async store => {
    const order: string[] = []
    const loaded = Promise.withResolvers<unknown>()
    store.on('checkpoint:created', async ({ checkpoint }) => {
      order.push('told')
      loaded.resolve((await store.load(checkpoint.id)).value)
    })
    const takeAway = store.on('checkpoint:created', () => order.push('told although taken away'))
    await store.save({ value: 'x' })
    takeAway()
    order.push('saved')
    assert.equal(await loaded.promise, 'x')
    assert.deepEqual(order, ['saved', 'told'])
  }))

test('D8 an event that does not exist, and a listener that is no function, are refused', () =>
  withStore(async store => {
    // @ts-expect-error there is no such event
    assert.throws(() => store.on('checkpoint:create', () => {}), {
      code: 'invalid',
      message: /did you mean checkpoint:created\?/,
    })
    // @ts-expect-error no function
    assert.throws(() => store.on('run:failed', 'me'), { code: 'invalid', message: /is "me", not a function/ })
  }))
