import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { jsonl, pipeline, type Run } from 'waymark'
import { withStore } from './with-store.ts'

test('[X2] what a call that took too long had started ends before the next call, and records nothing beside it', () =>
  withStore(async store => {
    const calls: string[] = []
    let call = 0
    let fail = true
    const work = pipeline('too-long', run =>
      run.stage(
        'outer',
        async ctx => {
          const own = ++call
          const numbers = ctx.stage('numbers', () => [1, 2, 3, 4, 5, 6])
          const pass = await ctx.each(
            'inner',
            numbers,
            async n => {
              calls.push(`${own}:${n}`)
              await setTimeout(own === 1 ? 120 : 5)
              return n
            },
            { save: { items: 1 } },
          )
          if (fail && own === 2) throw new Error('later')
          return [pass.done, await pass.results().toArray()]
        },
        { timeoutMs: 400, retry: { attempts: 2, delayMs: 1 } },
      ),
    )
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    const first = calls.filter(name => name.startsWith('1:'))
    assert.ok(first.length < 6, 'the pass ends with the call it is made in')
    const lastOfFirst = calls.lastIndexOf(first.at(-1) ?? '')
    assert.ok(
      calls.slice(lastOfFirst + 1).every(name => name.startsWith('2:')),
      calls.join(' '),
    )
    await setTimeout(300)
    fail = false
    const { value } = await work.run({}, { store })
    assert.deepEqual(value, [6, [1, 2, 3, 4, 5, 6]])
  }))

test('a context whose call is over begins nothing more', () =>
  withStore(async store => {
    const late: unknown[] = []
    let call = 0
    const work = pipeline('late', run =>
      run.stage(
        'outer',
        async ctx => {
          if (++call > 1) return call
          await setTimeout(120)
          await ctx.stage('inner', () => 1).then(undefined, (error: unknown) => late.push(error))
          return call
        },
        { timeoutMs: 50, retry: { attempts: 2, delayMs: 1 } },
      ),
    )
    assert.equal((await work.run({}, { store })).value, 2)
    await setTimeout(200)
    assert.equal(call, 2)
  }))

test('[B5] a changed input and stages recorded inside an unfinished item do not wait for one another', () =>
  withStore(async (store, folder) => {
    const input = join(folder, 'in.jsonl')
    writeFileSync(input, '{"id":"a"}\n{"id":"b"}\n')
    let fail = true
    const pages: string[] = []
    const work = pipeline('changed', run =>
      run.each(
        'work',
        jsonl<{ id: string }>(input),
        async ({ id }, ctx) => {
          await ctx.stage('page', () => pages.push(id))
          if (fail && id === 'b') throw new Error('b')
          return id
        },
        { key: ({ id }) => id },
      ),
    )
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    appendFileSync(input, '{"id":"c"}\n')
    fail = false
    const { value } = await work.run({}, { store, acceptInput: true })
    assert.equal(value.done, 3)
    assert.deepEqual(pages, ['a', 'b', 'c'])
  }))

test('a pass inside an item may be made again with the item: its keys, its results and its output are its own', () =>
  withStore(async (store, folder) => {
    const output = join(folder, 'inner.jsonl')
    let calls = 0
    const work = pipeline('again', run =>
      run.each(
        'outer',
        ['a'],
        async (_name, ctx) => {
          const inner = await ctx.each('inner', ['x', 'y'], key => ({ key }), { key: key => key, output: jsonl(output) })
          if (++calls === 1) throw new Error('the first time')
          return inner.done
        },
        { key: name => name, retry: { attempts: 2, delayMs: 1 } },
      ),
    )
    await work.run({}, { store })
    assert.equal(calls, 2)
    assert.equal(readFileSync(output, 'utf8'), '{"key":"x"}\n{"key":"y"}\n')

    let fails = 2
    const failing = pipeline('inner-fails', run =>
      run.each(
        'outer',
        ['a'],
        async (_name, ctx) =>
          (
            await ctx.each(
              'inner',
              ['x', 'y'],
              key => {
                if (key === 'y' && fails-- > 0) throw new Error('y')
                return key
              },
              { key: key => key, output: jsonl(join(folder, 'failing.jsonl')) },
            )
          ).done,
        { key: name => name, retry: { attempts: 3, delayMs: 1 } },
      ),
    )
    const { value } = await failing.run({}, { store })
    assert.deepEqual(await value.results().toArray(), [2])
    assert.equal(readFileSync(join(folder, 'failing.jsonl'), 'utf8'), '"x"\n"y"\n')
  }))

test('a listener that throws harms nothing', () =>
  withStore(async store => {
    const work = pipeline('listener', run =>
      run.each('work', [1, 2, 3], n => (n === 2 ? Promise.reject(new Error('two')) : n), { key: n => n, tolerate: { count: 1 } }),
    )
    const warnings: unknown[] = []
    const note = (warning: unknown) => warnings.push(warning)
    process.on('warning', note)
    try {
      const { setAside } = await work.run(
        {},
        {
          store,
          onEvent: event => {
            throw new Error(event.type)
          },
        },
      )
      assert.equal(setAside, 1)
      await setTimeout(5)
      assert.equal(warnings.length, 1)
    } finally {
      process.off('warning', note)
    }
  }))

/** A call that is to be made again in an hour, and a run that is asked to stop meanwhile. */
async function stopsWhileWaiting(work: (run: Run, call: () => void) => PromiseLike<unknown>): Promise<void> {
  await withStore(async store => {
    const stop = new AbortController()
    let calls = 0
    const call = (): void => {
      calls++
      void setTimeout(30).then(() => stop.abort())
    }
    const waiting = pipeline('waiting', run => work(run, call))
    await assert.rejects(waiting.run({}, { store, stopSignal: stop.signal }), { code: 'cancelled' })
    assert.equal(calls, 1)
  })
}

test('[B17] an item that only waits for its next call does not hold up a stop', { timeout: 60_000 }, () =>
  stopsWhileWaiting((run, call) =>
    run.each(
      'work',
      [1],
      (_n, ctx) => {
        call()
        throw ctx.retry({ afterMs: 3_600_000 })
      },
      { key: n => n, retry: { attempts: 5 } },
    ),
  ),
)

test('[B17] a stage that only waits for its next call does not hold up a stop', { timeout: 60_000 }, () =>
  stopsWhileWaiting((run, call) =>
    run.stage(
      'work',
      () => {
        call()
        throw new Error('not yet')
      },
      { retry: { attempts: 5, delayMs: 3_600_000, maxDelayMs: 3_600_000 } },
    ),
  ),
)

test('[X2] a stage that waits for its next call ends with the item that called it, whose time is up', { timeout: 60_000 }, () =>
  withStore(async store => {
    let calls = 0
    const work = pipeline('waiting-inside', run =>
      run.each(
        'work',
        [1],
        (_n, ctx) =>
          ctx.stage(
            'inner',
            () => {
              calls++
              throw new Error('not yet')
            },
            { retry: { attempts: 5, delayMs: 3_600_000, maxDelayMs: 3_600_000 } },
          ),
        { key: n => n, timeoutMs: 50, retry: { attempts: 2, delayMs: 1 }, tolerate: { count: 1 } },
      ),
    )
    const { run } = await work.run({}, { store })
    assert.equal(calls, 2)
    assert.equal((await store.setAside(run)).items[0]?.error.waymark?.code, 'limit')
  }),
)
