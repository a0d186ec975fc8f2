import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline, type Store } from 'waymark'
import { withStore } from './with-store.ts'

const callsOf = async (store: Store, run: string): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await store.setAside(run)).items.map(({ key, calls }) => [key, calls]))

/** Every item set aside, page by page. */
async function paged(store: Store, run: string, limit: number): Promise<string[]> {
  const keys: string[] = []
  let after: string | undefined
  do {
    const page = await store.setAside(run, { limit, ...(after === undefined ? {} : { after }) })
    keys.push(...page.items.map(({ key }) => key))
    assert.ok(page.next === undefined || page.next !== after, 'a page that leads to itself')
    after = page.next
  } while (after !== undefined)
  return keys
}

test('pages give every item once, also where items by key have their index in common, and keys hold what places are made of', () =>
  withStore(async store => {
    let input: readonly string[] = []
    const work = pipeline('pages', async run => {
      await run.each('work', input, () => Promise.reject(new Error('bad')), {
        key: name => name,
        tolerate: { count: 99 },
        input: input.length,
      })
    })
    const inputs = [
      ['a#1', 'b:2'],
      ['a#1:b', '%23', 'd'],
      ['é%25#', 'work#0:a', '7', 'b'],
    ]
    let run = ''
    for (input of inputs)
      run = await work.run({}, { store, runId: 'pages', acceptInput: true }).then(
        ended => ended.run,
        () => 'pages',
      )
    const all = (await store.setAside(run)).items.map(({ key }) => key)
    assert.deepEqual([...all].sort(), inputs.flat().sort())
    for (const limit of [1, 2, 3, 8]) assert.deepEqual(await paged(store, run, limit), all, `pages of ${limit}`)
    for (const after of ['', 'work', 'work#', 'work#x', 'other#0', 'work#0#a'])
      await assert.rejects(store.setAside(run, { after }), { code: 'invalid' }, after)
  }))

test('an item whose result cannot be stored is set aside with the calls that were made for it', () =>
  withStore(async store => {
    const result = (call: number): unknown => {
      if (call < 3) throw new Error('not yet')
      return () => 'a function cannot be stored'
    }
    const options = { retry: { attempts: 5, delayMs: 1 }, tolerate: { count: 9 }, key: (name: string) => name }
    const work = pipeline('unstorable', async run => {
      await run.each('sync', ['s'], (_, ctx) => result(ctx.call), options)
      await run.each('async', ['a'], async (_, ctx) => result(ctx.call), options)
      await run.each('timed', ['t'], async (_, ctx) => result(ctx.call), { ...options, timeoutMs: 60_000 })
      await run.each('first', ['f'], () => result(3), options)
    })
    const { run } = await work.run({}, { store })
    assert.deepEqual(await callsOf(store, run), { s: 3, a: 3, t: 3, f: 1 })
  }))

test('of an item of a batch the calls of the batch count, and those it was given alone', () =>
  withStore(async store => {
    const calls: string[] = []
    const work = pipeline('batches', async run => {
      await run.each(
        'work',
        ['a', 'b', 'c', 'd'],
        items => {
          calls.push(items.join(''))
          if (items.includes('b')) throw new Error('b is bad')
          return items.map(name => (name === 'd' ? () => name : name))
        },
        { key: name => name, batch: 2, retry: { attempts: 2, delayMs: 1 }, tolerate: { count: 9 } },
      )
    })
    const { run } = await work.run({}, { store })
    assert.deepEqual(calls, ['ab', 'ab', 'a', 'b', 'b', 'cd'])
    assert.deepEqual(await callsOf(store, run), { b: 4, d: 1 })
  }))

test('a loop of one’s own says how often it tried an item', () =>
  withStore(async store => {
    await store.track({ run: 'loop', stage: 'rows' }, t => {
      t.failed('a', new Error('no'))
      t.failed('b', new Error('no'), { b: 1 }, 3)
      for (const calls of [0, -1, 1.5, '2', null])
        assert.throws(() => t.failed('c', new Error('no'), undefined, calls as never), { code: 'invalid' })
      assert.equal(t.shouldSkip('c'), false)
    })
    assert.deepEqual(await callsOf(store, 'loop'), { a: 1, b: 3 })
  }))

test('X5 each item is listed with its own error, whole, though only one of each kind is kept in memory', () =>
  withStore(async store => {
    const work = pipeline('errors', run =>
      run.each('work', [1, 2, 3], n => Promise.reject(new Error(`order ${n} ${'z'.repeat(3_000)}`)), {
        key: String,
        tolerate: { count: 9 },
      }),
    )
    const { run } = await work.run({}, { store })
    const { items, groups } = await store.setAside(run)
    assert.equal(groups.length, 1)
    assert.match(groups[0]?.error.message ?? '', /^order 3 z/)
    for (const [at, { error }] of items.entries()) {
      assert.equal(error.message, `order ${at + 1} ${'z'.repeat(3_000)}`)
      assert.match(error.stack ?? '', /set-aside-pages/)
    }
  }))
