import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, jsonl, pipeline, type Store, sqliteTable } from 'waymark'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { withStore } from './with-store.ts'

const rejectsWith = (promise: Promise<unknown>, code: string, message?: RegExp): Promise<void> =>
  assert.rejects(
    promise,
    error => isWaymarkError(error) && error.code === code && (message === undefined || message.test(error.message)),
  )

const checkpointOf = async (store: Store, run: string, stage: string): Promise<string> =>
  (await store.list({ run, stage }))[0]?.id ?? ''

test('X6 a fork of a checkpoint whose bytes are damaged is refused, before anything is made', async () => {
  await withStore(async (store, folder) => {
    const noise = Buffer.from(seededRandom(3).bytes(300_000))
    const work = pipeline('noise', run => run.stage('make', () => noise))
    await work.run({}, { store, runId: 'first' })
    const packs = join(folder, '.waymark/packs')
    for (const name of readdirSync(packs).filter(one => one.endsWith('.pack'))) {
      const bytes = readFileSync(join(packs, name))
      bytes.fill(0, 5_000, bytes.length - 5_000)
      writeFileSync(join(packs, name), bytes)
    }
    await rejectsWith(store.fork('first/make'), 'corrupt')
    await rejectsWith(store.fork(await checkpointOf(store, 'first', 'make')), 'corrupt')
    assert.equal((await store.runs()).length, 1)
  })
})

test('X6 a loop of the caller’s own is forked like a pipeline', async () => {
  await withStore(async store => {
    const first = await store.track({ run: 'first', stage: 'rows' })
    for (let i = 0; i < 5; i++) await first.done(i, i)
    await first.pause()
    await store.fork('first/rows', { runId: 'second' })
    await store.track({ run: 'second', stage: 'rows' }, async t => {
      assert.deepEqual(
        [4, 5].map(i => t.shouldSkip(i)),
        [true, false],
      )
      for (let i = 0; i < 8; i++) if (!t.shouldSkip(i)) t.done(i, i)
      await t.flush()
      const results: unknown[] = []
      for await (const one of t.results()) results.push(one)
      assert.deepEqual(results, [0, 1, 2, 3, 4, 5, 6, 7])
    })
    assert.deepEqual((await store.stages('second'))[0]?.counts?.done, 8)
    assert.deepEqual((await store.stages('first'))[0]?.counts?.done, 5)
  })
})

test('X6 a stage that a fork has from another run can be reset there, and is called again there alone', async () => {
  await withStore(async store => {
    const calls: string[] = []
    const work = pipeline('two', async run => {
      await run.stage('one', () => calls.push(`${run.id} one`))
      await run.stage('two', () => calls.push(`${run.id} two`))
    })
    await work.run({}, { store, runId: 'first' })
    await store.fork('first/one', { runId: 'second' })
    calls.length = 0
    assert.deepEqual((await store.reset('second/one')).stages, ['one'])
    await work.run({}, { store, runId: 'second' })
    assert.deepEqual(calls, ['second one', 'second two'])
    calls.length = 0
    await work.run({}, { store, runId: 'first' })
    assert.deepEqual(calls, [])
  })
})

test('X6 what a fork of a fork stands on is kept in every run before it', async () => {
  await withStore(async store => {
    const work = pipeline('three', async run => {
      await run.stage('one', () => 1)
      await run.stage('two', () => 2)
      await run.stage('three', () => 3)
    })
    await work.run({}, { store, runId: 'a' })
    await store.fork('a/one', { runId: 'b' })
    await work.run({}, { store, runId: 'b' })
    await store.fork('b/two', { runId: 'c' })
    await store.cancel('c')
    await store.fork('b/two', { runId: 'd' })
    await store.reset('b')
    assert.deepEqual(
      (await store.list({ run: 'b' })).map(({ stage }) => stage),
      ['two'],
    )
    await rejectsWith(store.delete(await checkpointOf(store, 'a', 'one')), 'conflict', /forked by d/)
    await store.delete(await checkpointOf(store, 'a', 'two'))
  })
})

test('X6 a fork leaves a table of the older run alone: it neither goes on in it nor begins it anew', async () => {
  await withStore(async (store, folder) => {
    const file = join(folder, 'shop.db')
    const state = { fails: true }
    const work = pipeline('rows', async run => {
      const rows = run.stage('extract', () => [1, 2, 3, 4, 5])
      await run.each(
        'load',
        rows,
        n => {
          if (state.fails && n === 4) throw new Error('no')
          return { n }
        },
        { save: { items: 1 }, output: sqliteTable(file, { table: 'numbers', create: true }) },
      )
    })
    await assert.rejects(work.run({}, { store, runId: 'first' }))
    state.fails = false
    await store.fork('first/load', { runId: 'middle' })
    await store.fork('first/extract', { runId: 'before' })
    await rejectsWith(work.run({}, { store, runId: 'middle' }), 'conflict', /in the middle/)
    await rejectsWith(work.run({}, { store, runId: 'before' }), 'conflict', /would write to/)
    await work.run({}, { store, runId: 'first' })
    assert.equal((await store.stages('first')).find(({ path }) => path === 'load')?.counts?.done, 5)
  })
})

test('X6 a file that the older run appended to is not cut back by a fork that does the stage anew', async () => {
  await withStore(async (store, folder) => {
    const out = join(folder, 'log.jsonl')
    writeFileSync(out, '{"n":0}\n')
    const work = pipeline('append', async run => {
      const rows = run.stage('extract', () => [1, 2])
      await run.each('write', rows, n => ({ n }), { output: jsonl(out, { append: true }) })
    })
    await work.run({}, { store, runId: 'first' })
    await store.fork('first', { runId: 'second' })
    await work.run({}, { store, runId: 'second', redo: ['write'] })
    const ns = readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).n)
    assert.deepEqual(ns, [0, 1, 2, 1, 2])
  })
})

test('X6 a finished fork still has what it was forked with, also once that is damaged or its run goes on', async () => {
  await withStore(async store => {
    const calls: string[] = []
    const work = pipeline('two', async run => {
      await run.stage('one', () => calls.push('one'))
      await run.stage('two', () => calls.push('two'))
    })
    await work.run({}, { store, runId: 'first' })
    await store.fork('first/one', { runId: 'second' })
    await work.run({}, { store, runId: 'second' })
    calls.length = 0
    await work.run({}, { store, runId: 'second', redo: ['two'] })
    assert.deepEqual(calls.splice(0), ['two'])
    // The older run does it anew; the fork has what it was then.
    await work.run({}, { store, runId: 'first', redo: ['one'] })
    calls.length = 0
    await work.run({}, { store, runId: 'second', redo: ['two'] })
    assert.deepEqual(calls.splice(0), ['two'])
    const old = (await store.stages('second')).find(({ path }) => path === 'one')?.checkpointId ?? ''
    await store.update(old, { status: 'damaged' })
    await work.run({}, { store, runId: 'second', redo: ['two'] })
    assert.deepEqual(calls, ['one', 'two'])
  })
})

test('X6 an output is not replaced while the run that wrote it is worked on', async () => {
  await withStore(async (store, folder) => {
    const out = join(folder, 'out.jsonl')
    let letGo = (): void => {}
    const held = new Promise<void>(resolve => {
      letGo = resolve
    })
    let reached = (): void => {}
    const middle = new Promise<void>(resolve => {
      reached = resolve
    })
    const work = pipeline('held', async run => {
      const rows = run.stage('extract', () => [1, 2, 3])
      await run.each(
        'write',
        rows,
        async n => {
          if (n === 3 && run.id === 'first') {
            reached()
            await held
          }
          return { n }
        },
        { output: jsonl(out) },
      )
    })
    const first = work.run({}, { store, runId: 'first' })
    await middle
    await store.fork('first/extract', { runId: 'second' })
    await rejectsWith(work.run({}, { store, runId: 'second', redo: ['write'] }), 'lease_held', /first/)
    letGo()
    await first
    assert.equal(readFileSync(out, 'utf8').trimEnd().split('\n').length, 3)
    await work.run({}, { store, runId: 'second', redo: ['write'] })
    assert.equal(readFileSync(out, 'utf8').trimEnd().split('\n').length, 3)
  })
})
