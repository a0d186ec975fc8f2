import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isWaymarkError, jsonl, pipeline, type RunEvent, type Store } from 'waymark'
import { peekRun } from '../../src/engine/begin-attempt.ts'
import { coreOf } from '../../src/engine/store.ts'
import { withStore } from './with-store.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const linesOf = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))

/** What the log says of a run. */
async function recorded(store: Store, run: string) {
  const core = coreOf(store)
  await core.feed.refresh()
  return await peekRun(core, await core.feed.query(catalog => catalog.run(run)))
}

test('[X5] an item that keeps failing is set aside with payload, error and calls; the run goes on and counts it [pitfall 11]', () =>
  withStore(async (store, folder) => {
    const calls: number[] = []
    const events: RunEvent[] = []
    const output = join(folder, 'out.jsonl')
    const work = pipeline('poison', async run => {
      const numbers = run.stage('numbers', () => range(50))
      const { done, setAside } = await run.each(
        'work',
        numbers,
        async n => {
          calls.push(n)
          await setTimeout(n % 3)
          if (n % 10 === 7) throw new Error(`item ${n} is bad`)
          return { n }
        },
        { concurrency: 8, retry: { attempts: 3, delayMs: 1 }, tolerate: { count: 5 }, output: jsonl(output) },
      )
      return { done, setAside }
    })
    const { value, setAside, run } = await work.run({}, { store, onEvent: event => events.push(event) })
    assert.deepEqual(value, { done: 45, setAside: 5 })
    assert.equal(setAside, 5)
    assert.equal(calls.filter(n => n === 27).length, 3)
    assert.equal(linesOf(output).length, 45)
    assert.equal(events.filter(event => event.type === 'item.setAside').length, 5)
    const stage = (await recorded(store, run)).stages.get('work')
    assert.deepEqual([...(stage?.setAside.keys() ?? [])].sort(), ['17', '27', '37', '47', '7'])
    const item = stage?.setAside.get('27')
    const listed = (await store.setAside(run)).items.find(({ key }) => key === '27')
    assert.equal(listed?.error.message, 'item 27 is bad')
    assert.match(listed?.error.stack ?? '', /set-aside\.test/)
    assert.equal(item?.calls, 3)
    assert.equal(new Set([...(stage?.setAside.values() ?? [])].map(({ fingerprint }) => fingerprint)).size, 1)
    assert.equal(listed?.payload, 27)
    assert.equal(stage?.counts?.setAside, 5)
  }))

test('[X5] one more than is tolerated fails the stage; what was set aside stays so, and is not called again', () =>
  withStore(async store => {
    let calls: number[] = []
    let mended = false
    const work = pipeline('too-many', async run => {
      const numbers = run.stage('numbers', () => range(20))
      await run.each(
        'work',
        numbers,
        n => {
          calls.push(n)
          if (n % 2 === 1 && !mended) throw new TypeError('odd')
        },
        { tolerate: { count: 2 } },
      )
    })
    const error = await work.run({}, { store }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.ok(isWaymarkError(error, 'limit'))
    assert.match(error.message, /3 items of "work" kept failing, and tolerate allows 2 items; the last one: odd/)
    assert.ok(error.cause instanceof TypeError)
    assert.deepEqual(calls, [0, 1, 2, 3, 4, 5])
    calls = []
    mended = true
    const { setAside } = await work.run({}, { store })
    assert.equal(setAside, 2)
    // 5 was one too many: not set aside, so called again. 1 and 3 wait to be requeued.
    assert.deepEqual(
      calls,
      range(20).filter(n => n > 4),
    )
  }))

test('[X5] a share is held against a total that shows only at the end', () =>
  withStore(async store => {
    const source = function* () {
      yield* range(40)
    }
    const run = (share: number) =>
      pipeline(`share ${share}`, async run => {
        await run.each(
          'work',
          source(),
          n => {
            if (n < 3) throw new Error('bad')
          },
          { key: n => n, tolerate: { share } },
        )
      }).run({}, { store })
    assert.equal((await run(0.1)).setAside, 3)
    await assert.rejects(run(0.05), { code: 'limit' })
  }))

test('without tolerate, and for what is no fault of the item, the stage fails at once', () =>
  withStore(async store => {
    const plain = pipeline('intolerant', run => run.each('work', [1], () => Promise.reject(new Error('no')), { key: n => n }))
    await assert.rejects(plain.run({}, { store }), { code: 'failed' })
    const misuse = pipeline('misuse', run =>
      run.each('work', [1, 2], async () => await run.stage('inner', () => 1), { key: n => n, tolerate: { count: 9 } }),
    )
    await assert.rejects(misuse.run({}, { store }), { code: 'conflict' })
  }))

test('a result that cannot be stored is the fault of its item', () =>
  withStore(async store => {
    const work = pipeline('unstorable', async run => {
      const result = await run.each('work', [1, 2, 3], n => (n === 2 ? { f: () => n } : { n }), {
        key: n => n,
        tolerate: { count: 1 },
      })
      return { ...result, results: await result.results().toArray() }
    })
    const { value } = await work.run({}, { store })
    assert.deepEqual([value.done, value.setAside, value.results], [2, 1, [{ n: 1 }, { n: 3 }]])
  }))

test('[X2] batches: each item is recorded by itself; a batch that fails is called again item by item where failures are tolerated', () =>
  withStore(async (store, folder) => {
    const batches: number[][] = []
    const output = join(folder, 'out.jsonl')
    const work = pipeline('batched', async run => {
      const numbers = run.stage('numbers', () => range(23))
      return await run.each(
        'work',
        numbers,
        async (items, ctx) => {
          batches.push([...items])
          assert.equal(ctx.keys.length, items.length)
          assert.equal(new Set(ctx.idempotencyKeys).size, items.length)
          await setTimeout(1)
          if (items.includes(13)) throw new Error('13 is in it')
          return items.map(n => (n === 4 ? ctx.skip('four') : { n }))
        },
        { batch: 5, concurrency: 2, tolerate: { count: 1 }, output: jsonl(output) },
      )
    })
    const { value, setAside } = await work.run({}, { store })
    assert.deepEqual([value.done, value.skipped, setAside], [21, 1, 1])
    assert.deepEqual(
      batches.filter(batch => batch.length > 1).map(batch => batch.length),
      [5, 5, 5, 5, 3],
    )
    assert.deepEqual(batches.filter(batch => batch.length === 1).flat(), [10, 11, 12, 13, 14])
    const written = linesOf(output).map(row => (row as { n: number }).n)
    assert.deepEqual(
      written.sort((a, b) => a - b),
      range(23).filter(n => n !== 4 && n !== 13),
    )
  }))

test('[X2] a batch that failed in one attempt is made up anew of what is not recorded', () =>
  withStore(async store => {
    let mended = false
    const seen: number[][] = []
    const work = pipeline('batched-again', async run => {
      const numbers = run.stage('numbers', () => range(10))
      await run.each(
        'work',
        numbers,
        items => {
          seen.push([...items])
          if (items.includes(5) && !mended) throw new Error('five')
        },
        { batch: 4 },
      )
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    mended = true
    await work.run({}, { store })
    assert.deepEqual(seen, [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [4, 5, 6, 7],
      [8, 9],
    ])
  }))

test('a batch with another number of results than items is invalid, and none of it is recorded', () =>
  withStore(async store => {
    const work = pipeline('miscounted', run => run.each('work', [1, 2, 3], () => [1], { key: n => n, batch: 3 }))
    await assert.rejects(work.run({}, { store }), (error: unknown) => {
      assert.ok(isWaymarkError(error, 'invalid'))
      assert.match(error.message, /returned 1 results for a batch of 3 items/)
      return true
    })
  }))

test('the time of one call and of all calls of an item are limits of their own', () =>
  withStore(async store => {
    let calls = 0
    const hang = (options: object) =>
      pipeline(`hang ${JSON.stringify(options)}`, run =>
        run.each(
          'work',
          [1],
          async (_n, ctx) => {
            calls++
            await setTimeout(60_000, undefined, { signal: ctx.signal })
          },
          { key: n => n, retry: { attempts: 50, delayMs: 1 }, ...options },
        ),
      ).run({}, { store })
    await assert.rejects(hang({ timeoutMs: 10, retry: { attempts: 3, delayMs: 1 } }), { code: 'limit' })
    assert.equal(calls, 3)
    calls = 0
    await assert.rejects(hang({ timeoutMs: 20, totalTimeoutMs: 100 }), { code: 'limit' })
    assert.ok(calls >= 1 && calls <= 6, `${calls} calls`)
  }))

test('[X5] items set aside survive a failure later on, and a crash of the whole run does not call them again', () =>
  withStore(async (store, folder) => {
    const log = join(folder, 'calls')
    let fail = true
    const work = pipeline('later', async run => {
      await run.each(
        'work',
        ['a', 'b', 'c'],
        name => {
          appendFileSync(log, `${name}\n`)
          if (name === 'b') throw new Error('b is bad')
        },
        { key: name => name, tolerate: { count: 1 } },
      )
      await run.stage('after', () => {
        if (fail) throw new Error('later')
      })
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    const { setAside } = await work.run({}, { store })
    assert.equal(setAside, 1)
    assert.equal(readFileSync(log, 'utf8'), 'a\nb\nc\n')
  }))

test('an item or a stage that is called again may call its stages again: those that finished are not repeated', () =>
  withStore(async store => {
    const inner: string[] = []
    const work = pipeline('nested-again', async run => {
      await run.each(
        'work',
        ['a', 'b'],
        async (name, ctx) => {
          await ctx.stage('inner', () => inner.push(`${name} inner`))
          await ctx.stage('later', () => {
            inner.push(`${name} later`)
            if (ctx.call === 1) throw new Error('the first time')
          })
        },
        { key: name => name, retry: { attempts: 2, delayMs: 1 } },
      )
      let calls = 0
      await run.stage(
        'outer',
        async ctx => {
          await ctx.stage('inner', () => inner.push('outer inner'))
          if (++calls === 1) throw new Error('the first time')
        },
        { retry: { attempts: 2, delayMs: 1 } },
      )
    })
    await work.run({}, { store })
    assert.deepEqual(inner, ['a inner', 'a later', 'a later', 'b inner', 'b later', 'b later', 'outer inner'])
  }))

test('an output that is its own input is a conflict, and the file is as it was', () =>
  withStore(async (store, folder) => {
    const file = join(folder, 'io.jsonl')
    const link = join(folder, 'link.jsonl')
    writeFileSync(file, '{"a":1}\n{"a":2}\n')
    symlinkSync(file, link)
    for (const output of [file, link]) {
      const work = pipeline('self', run => run.each('work', jsonl<{ a: number }>(file), item => item, { output: jsonl(output) }))
      await assert.rejects(work.run({}, { store, fresh: true }), { code: 'conflict', message: /reads its items from/ })
      assert.equal(readFileSync(file, 'utf8'), '{"a":1}\n{"a":2}\n')
    }
    const none = pipeline('none', run => run.each('work', [1], 'zz' as never, { key: (n: number) => n }))
    await assert.rejects(none.run({}, { store }), { code: 'invalid', message: /is "zz", not a function/ })
  }))

test('a limit of more than 24 days and a pause without an end are no limit and no pause of a millisecond', () =>
  withStore(async store => {
    const work = pipeline('long', run =>
      run.each('work', [1], n => setTimeout(20, n), {
        key: n => n,
        timeoutMs: 2 ** 31,
        totalTimeoutMs: Number.POSITIVE_INFINITY,
      }),
    )
    assert.equal((await work.run({}, { store })).value.done, 1)
    const wrong = pipeline('pause', run =>
      run.each('work', [1], (_n, ctx) => Promise.reject(ctx.retry({ afterMs: -1 })), { key: n => n, retry: { attempts: 3 } }),
    )
    await assert.rejects(wrong.run({}, { store }), {
      code: 'invalid',
      message: /afterMs must be a number of milliseconds, not -1/,
    })
  }))

test('options that cannot be meant are refused in words', () =>
  withStore(async store => {
    const refused: readonly [object, RegExp][] = [
      [{ concurency: 4 }, /there is no option "concurency"/],
      [{ tolerate: 3 }, /tolerate is 3, not an object/],
      [{ tolerate: { share: 5 } }, /tolerate.share must be a number from 0 to 1, not 5/],
      [{ tolerate: { percent: 5 } }, /tolerate has no "percent"/],
      [{ tolerate: {} }, /tolerate says neither count nor share/],
      [{ batch: 0 }, /batch must be a whole number of at least 1, not 0/],
      [{ timeoutMs: 'soon' }, /timeoutMs must be a number of milliseconds above 0, not "soon"/],
      [{ totalTimeoutMs: -1 }, /totalTimeoutMs must be a number/],
      [{ key: 'id' }, /key is "id", not a function/],
      [{ retry: 3 }, /retry must be an object, not 3/],
      [{ retry: { attempts: 2, jitter: 'some' } }, /retry.jitter must be/],
    ]
    for (const [options, message] of refused) {
      const work = pipeline('refused', run =>
        run.each('work', [1], (n: number) => n, { key: (n: number) => n, ...options } as never),
      )
      await assert.rejects(work.run({}, { store, fresh: true }), (error: unknown) => {
        assert.ok(isWaymarkError(error, 'invalid'), String(error))
        assert.match(error.message, message)
        return true
      })
    }
  }))

test('a requeue of a finished stage calls nothing but the requeued items, and appends their results', () =>
  withStore(async (store, folder) => {
    const input = join(folder, 'in.jsonl')
    const output = join(folder, 'out.jsonl')
    writeFileSync(
      input,
      range(30)
        .map(n => `${JSON.stringify({ n })}\n`)
        .join(''),
    )
    let calls: number[] = []
    let mended = false
    const work = pipeline('requeued', async run => {
      await run.each(
        'work',
        jsonl<{ n: number }>(input),
        ({ n }) => {
          calls.push(n)
          if (n % 10 === 3 && !mended) throw new Error('three')
          return { n }
        },
        { tolerate: { count: 5 }, output: jsonl(output) },
      )
      return await run.stage('after', () => 'made')
    })
    const { run } = await work.run({}, { store })
    const before = readFileSync(output, 'utf8')
    await store.requeue(run, { keys: ['3', '23'] })
    calls = []
    mended = true
    const again = await work.run({}, { store, runId: run })
    assert.deepEqual(calls, [3, 23])
    assert.equal(again.setAside, 1)
    assert.ok(readFileSync(output, 'utf8').startsWith(before))
    assert.equal(linesOf(output).length, 29)
    const history = await recorded(store, run)
    assert.equal(history.stages.get('work')?.counts?.done, 29)
    assert.match(history.stages.get('after')?.inputChanged ?? '', /2 items of work were called again/)
    assert.ok(existsSync(output))
  }))
