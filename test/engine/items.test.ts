import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { csv, isWaymarkError, jsonl, pipeline, type RunEvent, type Store } from 'waymark'
import { withStore } from './with-store.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const linesOf = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))

/** Runs a pipeline that fails until it is told not to, and notes which items it called. */
async function twice(
  store: Store,
  make: (
    fails: () => boolean,
    called: (n: number) => void,
  ) => { run(params: object, options: { store: Store }): Promise<unknown> },
): Promise<{ first: number[]; second: number[] }> {
  let fail = true
  let calls: number[] = []
  const work = make(
    () => fail,
    n => calls.push(n),
  )
  await assert.rejects(work.run({}, { store }), { code: 'failed' })
  const first = calls
  calls = []
  fail = false
  await work.run({}, { store })
  return { first, second: calls }
}

test('X2 B3 items finished out of order are exact: recorded ones are not called again, all others are [pitfall 3]', async () => {
  await withStore(async (store, folder) => {
    const output = join(folder, 'out.jsonl')
    const { first, second } = await twice(store, (fails, called) =>
      pipeline('out-of-order', async run => {
        const numbers = run.stage('numbers', () => range(200))
        await run.each(
          'work',
          numbers,
          async n => {
            called(n)
            await setTimeout((n * 13) % 7)
            if (n === 120 && fails()) throw new Error('bad item')
            return { n }
          },
          { concurrency: 16, output: jsonl(output) },
        )
      }),
    )
    assert.ok(first.length < 200)
    // Items in flight when item 120 failed were finished and recorded; only it is called twice.
    assert.deepEqual(
      first.filter(n => second.includes(n)),
      [120],
    )
    assert.deepEqual(
      [...new Set([...first, ...second])].sort((a, b) => a - b),
      range(200),
    )
    const written = linesOf(output).map(row => (row as { n: number }).n)
    assert.deepEqual(
      written.sort((a, b) => a - b),
      range(200),
    )
  })
})

test('items are known by key where they come in another order next time', async () => {
  await withStore(async store => {
    let reversed = false
    const { first, second } = await twice(store, (fails, called) =>
      pipeline('by-key', async run => {
        const items = range(50)
        if (reversed) items.reverse()
        reversed = true
        const results = await run.each(
          'work',
          items,
          n => {
            called(n)
            if (n === 30 && fails()) throw new Error('bad')
            return n * 2
          },
          { key: n => `n${n}` },
        )
        if (!fails()) {
          const values = await results.results().toArray()
          assert.deepEqual(
            values.sort((a, b) => a - b),
            range(50).map(n => n * 2),
          )
          assert.equal(results.done, 50)
        }
      }),
    )
    assert.deepEqual(first, range(31))
    assert.deepEqual(
      second,
      range(50)
        .reverse()
        .filter(n => n >= 30),
    )
  })
})

test('results without an output come back in input order, whatever the order of completion', async () => {
  await withStore(async store => {
    const work = pipeline('ordered', async run => {
      const items = run.stage('items', () => range(300))
      const results = await run.each(
        'work',
        items,
        async n => {
          await setTimeout((300 - n) % 5)
          return { n, pad: 'x'.repeat(n % 11 === 0 ? 20_000 : 1) }
        },
        { concurrency: 32, save: { ms: 2 } },
      )
      return (await results.results().toArray()).map(row => row.n)
    })
    assert.deepEqual((await work.run({}, { store })).value, range(300))
  })
})

test('skipped items are counted, give no result, and are not called again', async () => {
  await withStore(async store => {
    const { first, second } = await twice(store, (fails, called) =>
      pipeline('skipping', async run => {
        const items = run.stage('items', () => range(10))
        const outcome = await run.each('work', items, (n, ctx) => {
          called(n)
          if (n === 9 && fails()) throw new Error('bad')
          return n % 2 === 0 ? ctx.skip('even') : n
        })
        assert.deepEqual([outcome.done, outcome.skipped], [5, 5])
        assert.deepEqual(await outcome.results().toArray(), [1, 3, 5, 7, 9])
      }),
    )
    assert.equal(first.length, 10)
    assert.deepEqual(second, [9])
  })
})

test('an item that throws is retried, then the run fails with its key and error', async () => {
  await withStore(async store => {
    const calls: number[] = []
    const retries: RunEvent[] = []
    const work = pipeline('retrying', async run => {
      await run.each(
        'work',
        [{ id: 'a' }, { id: 'b' }],
        (item, ctx) => {
          calls.push(ctx.call)
          if (item.id === 'b') throw new TypeError('b is bad')
        },
        { key: item => item.id, retry: { attempts: 3, delayMs: 1 } },
      )
    })
    const onEvent = (event: RunEvent) => event.type === 'item.retry' && retries.push(event)
    await assert.rejects(work.run({}, { store, onEvent }), error => {
      assert.ok(isWaymarkError(error, 'failed'))
      assert.equal(error.details['item'], 'b')
      assert.ok(error.cause instanceof TypeError)
      return true
    })
    assert.deepEqual(calls, [1, 1, 2, 3])
    assert.deepEqual(
      retries.map(event => event.type === 'item.retry' && event.call),
      [2, 3],
    )
    const [stage] = await store.stages((await store.run('@last')).id)
    assert.equal(stage?.error?.item, 'b')
    assert.equal(stage?.counts?.retries, 2)
  })
})

test('ctx.fail is final; ctx.retry asks for another call', async () => {
  await withStore(async store => {
    const calls: string[] = []
    const work = pipeline('asked', async run => {
      await run.each(
        'work',
        ['again', 'final'],
        (name, ctx) => {
          calls.push(`${name} ${ctx.call}`)
          if (name === 'again' && ctx.call === 1) throw ctx.retry({ afterMs: 1 })
          if (name === 'final') throw ctx.fail(new Error('no use'))
        },
        { key: name => name, retry: { attempts: 5, delayMs: 1 } },
      )
    })
    await assert.rejects(work.run({}, { store }), /no use/)
    assert.deepEqual(calls, ['again 1', 'again 2', 'final 1'])
  })
})

test('two items with one key are a conflict, items without names are refused', async () => {
  await withStore(async store => {
    const twins = pipeline('twins', run => run.each('work', ['a', 'b', 'a'], name => name, { key: name => name }))
    await assert.rejects(twins.run({}, { store }), error => isWaymarkError(error, 'conflict') && /item 2/.test(error.message))
    const nameless = pipeline('nameless', async run => {
      // @ts-expect-error the compiler refuses it too
      await run.each('work', [1, 2], n => n)
    })
    await assert.rejects(nameless.run({}, { store }), { code: 'invalid' })
    const text = pipeline('text', async run => {
      // @ts-expect-error the compiler refuses it too
      await run.each('work', 'in.jsonl', line => line, { key: line => line })
    })
    await assert.rejects(
      text.run({}, { store }),
      error => isWaymarkError(error, 'invalid') && error.remedy.includes('jsonl(path)'),
    )
  })
})

test('a stage inside an item is not called again when the item is', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let fail = true
    const work = pipeline('nested', async run => {
      const items = run.stage('items', () => ['x', 'y'])
      const results = await run.each('work', items, async (name, ctx) => {
        const detail = await ctx.stage('detail', () => {
          calls.push(`detail ${name}`)
          return { name }
        })
        calls.push(`after ${name}`)
        if (fail && name === 'y') throw new Error('after the detail')
        return detail.name
      })
      return results.results().toArray()
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    assert.deepEqual((await work.run({}, { store })).value, ['x', 'y'])
    assert.deepEqual(calls, ['detail x', 'after x', 'detail y', 'after y', 'after y'])
    const paths = (await store.stages((await store.run('@last')).id)).map(stage => stage.path)
    assert.deepEqual(paths, ['items', 'work', 'work[0]/detail', 'work[1]/detail'])
  })
})

test('items inside a stage are recorded under it', async () => {
  await withStore(async store => {
    const work = pipeline('inside', run =>
      run.stage('outer', async ctx => (await ctx.each('inner', [1, 2], n => n * 10, { key: n => n })).results().toArray()),
    )
    assert.deepEqual((await work.run({}, { store })).value, [10, 20])
    const paths = (await store.stages((await store.run('@last')).id)).map(stage => stage.path)
    assert.deepEqual(paths, ['outer', 'outer/inner'])
  })
})

test('B5 a changed input file is refused until it is accepted', async () => {
  await withStore(async (store, folder) => {
    const input = join(folder, 'in.jsonl')
    writeFileSync(input, '{"id":1}\n{"id":2}\n')
    const calls: number[] = []
    let fail = true
    const work = (name: string, keyed: boolean) =>
      pipeline(name, async run => {
        await run.each(
          'work',
          jsonl<{ id: number }>(input),
          row => {
            calls.push(row.id)
            if (fail && row.id === 2) throw new Error('bad')
          },
          keyed ? { key: row => row.id } : {},
        )
      })
    for (const [name, keyed, expected] of [
      ['by index', false, [3, 1, 2]],
      ['by key', true, [3, 2]],
    ] as const) {
      writeFileSync(input, '{"id":1}\n{"id":2}\n')
      fail = true
      await assert.rejects(work(name, keyed).run({}, { store }), { code: 'failed' })
      fail = false
      writeFileSync(input, '{"id":3}\n{"id":1}\n{"id":2}\n')
      await assert.rejects(work(name, keyed).run({}, { store }), { code: 'input_changed' })
      calls.length = 0
      await work(name, keyed).run({}, { store, acceptInput: true })
      assert.deepEqual(calls, expected, name)
    }
  })
})

test('csv is read and written; a new run replaces the output', async () => {
  await withStore(async (store, folder) => {
    writeFileSync(join(folder, 'in.csv'), 'id,name\n1,"a, b"\n2,c\n')
    const work = pipeline('table', run =>
      run.each('work', csv(join(folder, 'in.csv')), row => ({ id: Number(row['id']) * 10, name: row['name'] }), {
        output: csv(join(folder, 'out.csv')),
      }),
    )
    for (let i = 0; i < 2; i++) {
      await work.run({}, { store, fresh: true })
      assert.equal(readFileSync(join(folder, 'out.csv'), 'utf8').replaceAll('\r', ''), 'id,name\n10,"a, b"\n20,c\n')
    }
  })
})

test('an output that somebody changed is a conflict; nothing of it is touched', async () => {
  await withStore(async (store, folder) => {
    const output = join(folder, 'out.jsonl')
    let fail = true
    const work = pipeline('changed-output', async run => {
      const items = run.stage('items', () => range(10))
      await run.each(
        'work',
        items,
        n => {
          if (n === 5 && fail) throw new Error('bad')
          return n
        },
        { output: jsonl(output) },
      )
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    writeFileSync(output, '99\n')
    fail = false
    await assert.rejects(work.run({}, { store }), { code: 'conflict' })
    assert.equal(readFileSync(output, 'utf8'), '99\n')
    await work.run({}, { store, redo: ['work'] })
    assert.deepEqual(linesOf(output), range(10))
  })
})

test('a clean stop finishes items in flight, starts no more, and the run goes on later', async () => {
  await withStore(async store => {
    const stop = new AbortController()
    const calls: number[] = []
    const work = pipeline('stopped', async run => {
      const items = run.stage('items', () => range(100))
      const results = await run.each(
        'work',
        items,
        async n => {
          calls.push(n)
          if (n === 20) stop.abort()
          await setTimeout(2)
          return n
        },
        { concurrency: 4 },
      )
      return results.results().toArray()
    })
    await assert.rejects(work.run({}, { store, stopSignal: stop.signal }), error => {
      assert.ok(isWaymarkError(error, 'cancelled'))
      assert.equal(error.details['paused'], true)
      return true
    })
    const first = [...calls]
    assert.ok(first.length >= 21 && first.length < 30)
    assert.equal((await store.run('@last')).state, 'paused')
    calls.length = 0
    assert.deepEqual((await work.run({}, { store })).value, range(100))
    assert.deepEqual(
      calls.filter(n => first.includes(n)),
      [],
    )
  })
})

test('an abort ends the run at once; what was finished is recorded', async () => {
  await withStore(async store => {
    const abort = new AbortController()
    const work = pipeline('aborted', async run => {
      const items = run.stage('items', () => range(100))
      await run.each(
        'work',
        items,
        n => {
          if (n < 10) return n
          abort.abort()
          // Obeys no signal.
          return new Promise<number>(() => {})
        },
        { concurrency: 4 },
      )
    })
    await assert.rejects(work.run({}, { store, signal: abort.signal }), { code: 'cancelled' })
    const run = await store.run('@last')
    assert.equal(run.state, 'paused')
    const [, stage] = await store.stages(run.id)
    assert.equal(stage?.counts?.done, 10)
  })
})

test('a finished pass is not called again and gives its results from where they are', async () => {
  await withStore(async (store, folder) => {
    let calls = 0
    let fail = true
    const values: unknown[] = []
    const work = pipeline('finished', async run => {
      const items = run.stage('items', () => range(20))
      const inStore = await run.each('stored', items, n => {
        calls++
        return n
      })
      const inFile = await run.each('written', items, n => ({ n }), { output: jsonl(join(folder, 'o.jsonl')) })
      values.push([await inStore.results().toArray(), (await inFile.results().toArray()).length])
      if (fail) throw new Error('later')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await work.run({}, { store })
    assert.equal(calls, 20)
    assert.deepEqual(values[1], [range(20), 20])
    assert.deepEqual(values[0], values[1])
  })
})

test('the idempotency key of an item is the same in every attempt and differs between items', async () => {
  await withStore(async store => {
    const keys: string[] = []
    let fail = true
    const work = pipeline('idempotent', async run => {
      const items = run.stage('items', () => ['a', 'b'])
      await run.each('send', items, (_item, ctx) => {
        keys.push(ctx.idempotencyKey)
        if (fail && ctx.index === 1) throw new Error('again')
      })
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await work.run({}, { store })
    assert.equal(keys[1], keys[2])
    assert.notEqual(keys[0], keys[1])
  })
})

test('X2 an abort while the last items are in flight does not end the pass: they are called again', async () => {
  await withStore(async store => {
    const abort = new AbortController()
    const calls: number[] = []
    let slow = true
    const work = pipeline('drained', async run => {
      const results = await run.each(
        'work',
        [1, 2, 3],
        async n => {
          calls.push(n)
          if (n === 3 && slow) {
            abort.abort()
            await new Promise(() => {})
          }
          return n
        },
        { key: n => n, concurrency: 3 },
      )
      return results.results().toArray()
    })
    await assert.rejects(work.run({}, { store, signal: abort.signal }), { code: 'cancelled' })
    assert.equal((await store.run('@last')).state, 'paused')
    slow = false
    const { value } = await work.run({}, { store })
    assert.deepEqual([...value].sort(), [1, 2, 3])
    assert.equal(calls.filter(n => n === 3).length, 2)
  })
})

test('a generator that calls stages gives the items of a pass', async () => {
  await withStore(async store => {
    const work = pipeline('paged', async run => {
      async function* pages(): AsyncIterable<{ id: string }> {
        for (let page = 0; page < 3; page++) {
          const rows = await run.stage('page', () => [{ id: `${page}a` }, { id: `${page}b` }], { key: page })
          yield* rows
        }
      }
      const results = await run.each('work', pages(), row => row.id, { key: row => row.id })
      return results.results().toArray()
    })
    assert.deepEqual((await work.run({}, { store })).value, ['0a', '0b', '1a', '1b', '2a', '2b'])
  })
})
