import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { callback, pipeline } from 'waymark'
import { peekRun } from '../../src/engine/begin-attempt.ts'
import { coreOf } from '../../src/engine/store.ts'
import { withStore } from './with-store.ts'

const hour = 3_600_000

test('save by items: what became due while a save was under way is saved at once', { timeout: 10_000 }, () =>
  withStore(async store => {
    const taken: number[] = []
    let begun = () => {}
    const last = new Promise<void>(resolve => {
      begun = resolve
    })
    let again = () => {}
    const secondSave = new Promise<void>(resolve => {
      again = resolve
    })
    const target = callback<number>(async rows => {
      taken.push(rows.length)
      if (taken.length === 1) await last
      else again()
    })
    const work = pipeline('due', run =>
      run.each(
        'work',
        Array.from({ length: 31 }, (_, i) => i),
        async n => {
          if (n === 30) {
            begun()
            await secondSave
          }
          return n
        },
        { key: n => n, output: target, save: { items: 10, ms: hour } },
      ),
    )
    await work.run({}, { store })
    assert.equal(
      taken.reduce((sum, rows) => sum + rows, 0),
      31,
    )
  }),
)

test('results of stages inside items are let go of while the attempt goes on', () =>
  withStore(async store => {
    const results: WeakRef<object>[] = []
    const work = pipeline('inner', run =>
      run.each(
        'items',
        Array.from({ length: 50 }, (_, i) => i),
        async (n, ctx) => {
          await ctx.stage('page', () => {
            const page = { n, text: 'x'.repeat(1_000) }
            results.push(new WeakRef(page))
            return page
          })
          if (n < 49) return
          // A WeakRef that was read holds on until the turn ends.
          await setTimeout(1)
          runInNewContext('gc')()
          await setTimeout(1)
          const kept = results.filter(ref => ref.deref() !== undefined).length
          assert.ok(kept < 10, `${kept} of 50 results are still in memory`)
        },
        { key: n => n },
      ),
    )
    setFlagsFromString('--expose-gc')
    await work.run({}, { store })
  }))

test('an error that nobody took still fails the run, whatever ended before and after it', () =>
  withStore(async store => {
    const work = pipeline('unobserved', async run => {
      void run.stage('bad', () => Promise.reject(new Error('nobody looked')))
      await run.stage('good', () => 1)
      await run
        .stage('caught', () => Promise.reject(new Error('seen')))
        .then(
          () => {},
          () => {},
        )
    })
    await assert.rejects(work.run({}, { store }), (error: Error) => /nobody looked/.test(error.message))
  }))

test('the caller’s signal is let go of when the attempt has ended', () =>
  withStore(async store => {
    const { signal } = new AbortController()
    const work = pipeline('signalled', async (run, params) => {
      await run.stage('work', () => 1)
      if (params['fails'] === true) throw new Error('no')
    })
    for (let i = 0; i < 5; i++) await work.run({ day: String(i) }, { store, signal })
    await assert.rejects(work.run({ fails: true }, { store, signal }), { code: 'failed' })
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  }))

test('an item set aside is kept up to 64 KiB, is shown as it is, and its error is cut', () =>
  withStore(async store => {
    const items = ['short', 'y'.repeat(100_000)]
    const work = pipeline('aside', run =>
      run.each('work', items, text => Promise.reject(new Error(text.length > 10 ? 'z'.repeat(50_000) : 'bad')), {
        key: text => text.length,
        tolerate: { count: 2 },
      }),
    )
    const { run } = await work.run({}, { store })
    const { items: shown } = await store.setAside(run)
    assert.deepEqual(
      shown.map(({ key, payload }) => [key, payload]),
      [
        ['5', 'short'],
        ['100000', undefined],
      ],
    )
    const message = shown[1]?.error.message ?? ''
    assert.equal(message.length, 8_000)
    assert.ok(message.endsWith('z…'))
  }))

test('items set aside make a save due by their bytes, so that no record holds them all', () =>
  withStore(async store => {
    const work = pipeline('many aside', run =>
      run.each(
        'work',
        Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(60_000)}`),
        () => Promise.reject(new Error('bad')),
        {
          key: text => text.split(' ')[0] ?? '',
          tolerate: { count: 200 },
          save: { ms: hour },
        },
      ),
    )
    const { run } = await work.run({}, { store })
    const sizes: number[] = []
    for await (const record of store.events(run)) if (record.type === 'stage.progress') sizes.push(record.setAside?.length ?? 0)
    assert.ok(sizes.length > 2, `${sizes.length} records`)
    const page = await store.setAside(run, { limit: 3, group: (await store.setAside(run)).groups[0]?.group ?? '' })
    assert.deepEqual(
      page.items.map(({ payload }) => String(payload).slice(0, 3)),
      ['0 x', '1 x', '2 x'],
    )
  }))

test('[E4] what a stage inside an item recorded is read from the log when the item is called again', () =>
  withStore(async store => {
    let broken = true
    let calls = 0
    const work = pipeline('inner again', run =>
      run.each(
        'items',
        ['a'],
        async (_, ctx) => {
          const page = ctx.stage('page', () => ({ text: 'x'.repeat(100), calls: ++calls }))
          const { text } = await page
          const facts = await page.ref
          if (broken) throw new Error('later')
          return {
            length: text.length,
            stage: facts.stage,
            facts: Object.keys(facts).filter(key => key === 'content' || key === 'record'),
          }
        },
        { key: name => name },
      ),
    )
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    const [summary] = await store.runs()
    const recorded = await peekRun(coreOf(store), summary)
    assert.equal('record' in (recorded.stages.get('items[a]/page')?.checkpoint ?? {}), true)
    broken = false
    const { value } = await work.run({}, { store })
    assert.equal(calls, 1)
    assert.deepEqual(await value.results().toArray(), [{ length: 100, stage: 'items[a]/page', facts: [] }])
  }))
