import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isWaymarkError, type Store, type Tracker } from 'waymark'
import { withStore } from './with-store.ts'

const code = (expected: string) => (error: unknown) => isWaymarkError(error) && error.code === expected
const shown = async (store: Store, run: string) => {
  const { state, attempt } = await store.run(run)
  const stages = await store.stages(run)
  return { state, attempt, stages: stages.map(stage => [stage.path, stage.state, stage.counts?.done ?? 0]) }
}

test('a loop that failed goes on with the items that are not finished, and with no others [B12]', async () => {
  await withStore(async store => {
    const called: number[] = []
    const rows = (limit: number) => async (t: Tracker) => {
      for (let i = 0; i < 100; i++) {
        if (t.shouldSkip(i)) continue
        if (i === limit) throw new Error(`row ${i} is bad`)
        called.push(i)
        t.done(i)
      }
    }
    const options = { run: 'import', stage: 'rows', total: 100 }
    await assert.rejects(store.track(options, rows(40)), /row 40 is bad/)
    assert.deepEqual(await shown(store, 'import'), { state: 'failed', attempt: 1, stages: [['rows', 'failed', 40]] })
    assert.equal((await store.run('import')).error?.message, 'row 40 is bad')
    await store.track(options, rows(-1))
    assert.deepEqual(
      called,
      Array.from({ length: 100 }, (_, i) => i),
    )
    assert.deepEqual(await shown(store, 'import'), { state: 'completed', attempt: 2, stages: [['rows', 'completed', 100]] })
  })
})

test('what is done out of order is exact: holes are done again, and nothing else is', async () => {
  await withStore(async store => {
    const first = [7, 3, 99, 12, 0, 98, 50, 51, 49, 3]
    await assert.rejects(
      store.track({ run: 'holes', stage: 'rows' }, t => {
        for (const i of first) t.done(i)
        assert.equal(t.progress().done, 9, 'an item done twice is counted once')
        throw new Error('stop here')
      }),
    )
    await store.track({ run: 'holes', stage: 'rows' }, t => {
      const left = Array.from({ length: 100 }, (_, i) => i).filter(i => !t.shouldSkip(i))
      assert.deepEqual(
        left,
        Array.from({ length: 100 }, (_, i) => i).filter(i => !first.includes(i)),
      )
      assert.equal(t.progress().reused, 9)
    })
  })
})

test('items are known by key as well, and a run is given an id where none is given', async () => {
  await withStore(async store => {
    const t = await store.track({ stage: 'pages' })
    t.done('a/1')
    t.skipped('b/2')
    await t.fail(new Error('later'))
    await store.track({ run: t.run, stage: 'pages' }, again => {
      assert.deepEqual(
        ['a/1', 'b/2', 'c/3'].map(key => again.shouldSkip(key)),
        [true, true, false],
      )
      again.done('c/3')
      assert.equal(again.shouldSkip('c/3'), true, 'at once, durable or not')
    })
    assert.deepEqual((await store.stages(t.run)).at(0)?.counts, { done: 2, skipped: 1, setAside: 0, retries: 0 })
  })
})

test('an item that failed is set aside with its error, and done again only when it is requeued', async () => {
  await withStore(async store => {
    const options = { run: 'bad', stage: 'rows', total: 5 }
    const work = async (t: Tracker, called: number[], bad: number) => {
      for (let i = 0; i < 5; i++) {
        if (t.shouldSkip(i)) continue
        called.push(i)
        if (i === bad) t.failed(i, new Error('no such customer'), { row: i })
        else t.done(i)
      }
    }
    await store.track(options, t => work(t, [], 3))
    const aside = await store.setAside('bad/rows')
    assert.equal(aside.total, 1)
    assert.equal(aside.groups[0]?.error.message, 'no such customer')
    const untouched: number[] = []
    await store.track(options, t => work(t, untouched, -1))
    assert.deepEqual(untouched, [])
    await store.requeue('bad', { all: true })
    const again: number[] = []
    await store.track(options, t => work(t, again, -1))
    assert.deepEqual(again, [3])
    assert.deepEqual((await store.stages('bad'))[0]?.counts, { done: 5, skipped: 0, setAside: 0, retries: 0, total: 5 })
  })
})

test('the value that the function returns, or complete is given, is the result of the run', async () => {
  await withStore(async store => {
    const value = await store.track({ run: 'sum', stage: 'rows', description: 'Adds up', tags: ['nightly'] }, async t => {
      t.done(0)
      return { sum: 7 }
    })
    assert.deepEqual(value, { sum: 7 })
    const { resultId = '' } = await store.run('sum')
    const loaded = await store.load(resultId)
    assert.deepEqual(
      [loaded.value, loaded.stage, loaded.type, loaded.tags, loaded.description],
      [{ sum: 7 }, 'rows', 'result', ['nightly'], 'Adds up'],
    )
  })
})

test('results of items are kept, in the order of their indexes', async () => {
  await withStore(async store => {
    await assert.rejects(
      store.track({ run: 'squares', stage: 'rows' }, async t => {
        for (const i of [4, 2]) await t.done(i, i * i)
        throw new Error('stop here')
      }),
    )
    await store.track({ run: 'squares', stage: 'rows' }, async t => {
      t.done(3, 9)
      assert.throws(() => t.done(1, () => 1), code('invalid'))
      assert.equal(t.shouldSkip(1), false, 'an item whose result cannot be kept is not done')
      await t.flush()
      assert.deepEqual(await t.results<number>().toArray(), [4, 9, 16])
    })
  })
})

test('two loops of one name at once are a conflict; two of different names are one attempt, which ends with the last', async () => {
  await withStore(async store => {
    const a = await store.track({ run: 'both', stage: 'a' })
    await assert.rejects(store.track({ run: 'both', stage: 'a' }), code('conflict'))
    const [b, keyed] = await Promise.all([
      store.track({ run: 'both', stage: 'b' }),
      store.track({ run: 'both', stage: 'b', key: 'north/1' }),
    ])
    assert.deepEqual([a.attempt, b.attempt, keyed.stage], [1, 1, 'b[north%2F1]'])
    a.done(0)
    b.done('x')
    await a.complete('of a')
    await keyed.complete()
    assert.equal((await store.run('both')).state, 'running')
    const again = store.track({ run: 'both', stage: 'a' })
    const reentered = await again
    assert.equal(reentered.shouldSkip(0), true)
    await reentered.complete()
    await b.complete('of b')
    assert.deepEqual((await shown(store, 'both')).state, 'completed')
    const next = store.track({ run: 'both', stage: 'c' }, () => 'c')
    assert.equal(await next, 'c')
    assert.equal((await store.run('both')).attempt, 2)
  })
})

test('many loops that begin and end at the same moment all get their turn, and lose nothing [pitfall 7]', async () => {
  await withStore(async store => {
    const loop = async (n: number) => {
      for (let round = 0; round < 3; round++) {
        await store.track({ run: 'crowd', stage: `loop-${n}` }, async t => {
          if (round % 2 === n % 2) await pause(n)
          t.done(round)
        })
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, n) => loop(n)))
    const { state, stages } = await shown(store, 'crowd')
    assert.deepEqual([state, stages.map(stage => stage[2])], ['completed', Array.from({ length: 8 }, () => 3)])
  })
})

test('a run is completed only when no loop of it is left to go on with', async () => {
  await withStore(async store => {
    await assert.rejects(store.track({ run: 'two', stage: 'a' }, () => Promise.reject(new Error('a is bad'))))
    await store.track({ run: 'two', stage: 'b' }, t => void t.done(0))
    assert.equal((await store.run('two')).state, 'paused')
    await store.track({ run: 'two', stage: 'a' }, t => void t.done(0))
    assert.equal((await store.run('two')).state, 'completed')
  })
})

test('left without complete a loop is failed; the work stays', async () => {
  await withStore(async store => {
    {
      await using t = await store.track({ run: 'left', stage: 'rows' })
      t.done(0)
    }
    const { state, stages } = await shown(store, 'left')
    assert.deepEqual([state, stages], ['failed', [['rows', 'failed', 1]]])
    {
      await using t = await store.track({ run: 'left', stage: 'rows' })
      assert.equal(t.shouldSkip(0), true)
      await t.complete()
    }
    assert.equal((await store.run('left')).state, 'completed')
  })
})

test('a signal stops the loop cleanly: it is paused, what was finished meanwhile is recorded, and the next attempt goes on', async () => {
  await withStore(async store => {
    const stop = new AbortController()
    const paused: string[] = []
    const loop = store.track(
      { run: 'stop', stage: 'rows', total: 10, signal: stop.signal, onPause: end => void paused.push(end.stage) },
      async t => {
        for (let i = 0; i < 10; i++) {
          if (t.signal.aborted) return
          t.done(i)
          if (i === 4) stop.abort()
        }
      },
    )
    await assert.rejects(loop, code('cancelled'))
    assert.deepEqual(await shown(store, 'stop'), { state: 'paused', attempt: 1, stages: [['rows', 'running', 5]] })
    assert.deepEqual(paused, ['rows'])
    await store.track({ run: 'stop', stage: 'rows', total: 10 }, t => {
      for (let i = 5; i < 10; i++) t.done(i)
    })
    assert.equal((await store.run('stop')).state, 'completed')
  })
})

test('a loop of unknown length that returns after it was told to stop is paused, not completed', async () => {
  await withStore(async store => {
    const stop = new AbortController()
    const loop = store.track({ run: 'open-end', stage: 'rows', signal: stop.signal }, async t => {
      for (let i = 0; !t.signal.aborted; i++) {
        t.done(i)
        if (i === 2) stop.abort(new Error('enough'))
      }
    })
    await assert.rejects(loop, code('cancelled'))
    assert.deepEqual(await shown(store, 'open-end'), { state: 'paused', attempt: 1, stages: [['rows', 'running', 3]] })
  })
})

test('items that are new when others are requeued are done as well: the loop is the caller’s', async () => {
  await withStore(async store => {
    const once = async (keys: readonly string[], bad: string) => {
      const called: string[] = []
      await store.track({ run: 'more', stage: 'files' }, t => {
        for (const key of keys) {
          if (t.shouldSkip(key)) continue
          called.push(key)
          if (key === bad) t.failed(key, new Error('bad'))
          else t.done(key)
        }
      })
      return called
    }
    assert.deepEqual(await once(['a', 'b'], 'a'), ['a', 'b'])
    await store.requeue('more', { all: true })
    assert.deepEqual(await once(['a', 'b', 'c'], ''), ['a', 'c'])
    assert.equal((await store.run('more')).state, 'completed')
  })
})

test('a loop that was told to stop and had finished all the same is completed', async () => {
  await withStore(async store => {
    const stop = AbortSignal.abort()
    await store.track({ run: 'whole', stage: 'rows', total: 2, signal: stop }, t => {
      t.done(0)
      t.done(1)
    })
    assert.equal((await store.run('whole')).state, 'completed')
  })
})

test('a pause that somebody asks for reaches the loop, and stays until it is taken back [B17]', async () => {
  await withStore(async store => {
    const loop = store.track({ run: 'asked', stage: 'rows' }, async t => {
      t.done(0)
      await store.pause('asked', { wait: false })
      while (!t.signal.aborted) await pause(20)
      t.done(1)
      throw t.signal.reason
    })
    await assert.rejects(loop, code('paused'))
    assert.deepEqual(await shown(store, 'asked'), { state: 'paused', attempt: 1, stages: [['rows', 'running', 2]] })
    await assert.rejects(store.track({ run: 'asked', stage: 'rows' }), code('paused'))
    const given = store.track({ run: 'given-up', stage: 'rows' }, async t => {
      await store.cancel('given-up', { wait: false })
      while (!t.signal.aborted) await pause(20)
    })
    await assert.rejects(given, /given-up was cancelled/)
    assert.equal((await store.run('given-up')).state, 'cancelled')
    await store.track({ run: 'asked', stage: 'rows', resumePaused: true }, t => void t.done(2))
    assert.deepEqual((await shown(store, 'asked')).stages, [['rows', 'completed', 3]])
  })
})

test('hooks are called once their end is recorded, and one that fails beside an error does not take its place', async () => {
  await withStore(async store => {
    const warned: Error[] = []
    const onWarning = (warning: Error) => void warned.push(warning)
    process.on('warning', onWarning)
    const seen: unknown[] = []
    await assert.rejects(
      store.track(
        {
          run: 'hooks',
          stage: 'rows',
          onSuccess: () => assert.fail('it did not succeed'),
          onFailure: async (error, { run, progress }) => {
            seen.push([(error as Error).message, run, progress.done, (await store.run(run)).state])
            throw new Error('the hook is bad')
          },
        },
        t => {
          t.done(0)
          throw new Error('the loop is bad')
        },
      ),
      /the loop is bad/,
    )
    await store.track(
      { run: 'hooks', stage: 'rows', onSuccess: async ({ run }) => void seen.push((await store.run(run)).state) },
      () => {},
    )
    assert.deepEqual(seen, [['the loop is bad', 'hooks', 1, 'failed'], 'completed'])
    await pause(10)
    process.off('warning', onWarning)
    assert.deepEqual(
      warned.map(({ message }) => message),
      ['the hook is bad'],
    )
  })
})

test('metadata and the current step are recorded with the stage, the newest of each key', async () => {
  await withStore(async store => {
    await assert.rejects(
      store.track({ run: 'noted', stage: 'rows', metadata: { source: 's3' } }, async t => {
        for (let i = 0; i < 1000; i++) t.setCurrentStep(`page ${i}`)
        t.setMetadata({ pages: 1000, last: { id: 7 } })
        throw new Error('stop here')
      }),
    )
    const [stage] = await store.stages('noted')
    assert.deepEqual([stage?.metadata, stage?.currentStep], [{ source: 's3', pages: 1000, last: { id: 7 } }, 'page 999'])
    let notes = 0
    for await (const event of store.events('noted')) if (event.type === 'stage.noted') notes++
    assert.ok(notes <= 3, `${notes} records for a thousand steps`)
    await store.track({ run: 'noted', stage: 'rows' }, t => assert.deepEqual(t.metadata['last'], { id: 7 }))
  })
})

test('a total says when all is done: with items left nothing is completed', async () => {
  await withStore(async store => {
    const t = await store.track({ run: 'total', stage: 'rows', total: 3 })
    t.done(0)
    await assert.rejects(t.complete(), code('conflict'))
    t.done(1)
    t.setTotal(2)
    await t.complete()
    await assert.rejects(async () => t.done(2), code('conflict'))
    assert.deepEqual((await store.stages('total'))[0]?.counts, { done: 2, skipped: 0, setAside: 0, retries: 0, total: 2 })
  })
})

test('a finished loop that is tracked again does what is new, and nothing else', async () => {
  await withStore(async store => {
    const once = (keys: readonly string[], called: string[]) =>
      store.track({ run: 'daily', stage: 'files' }, t => {
        for (const key of keys) {
          if (t.shouldSkip(key)) continue
          called.push(key)
          t.done(key)
        }
      })
    const called: string[] = []
    await once(['a', 'b'], called)
    await once(['a', 'b'], called)
    await once(['a', 'b', 'c'], called)
    assert.deepEqual(called, ['a', 'b', 'c'])
    assert.equal((await store.run('daily')).state, 'completed')
  })
})

test('progress is printed every so many items, and on request', async () => {
  await withStore(async store => {
    const lines: string[] = []
    await store.track({ run: 'lines', stage: 'rows', total: 2000, printEvery: 1000, print: line => void lines.push(line) }, t => {
      for (let i = 0; i < 2000; i++) t.done(i)
      t.print()
    })
    assert.equal(lines.length, 3)
    assert.match(lines[0] ?? '', /^rows: 1,000 of 2,000 \(50\.0 %\)/)
    assert.match(lines[2] ?? '', /^rows: 2,000 of 2,000 \(100\.0 %\)/)
  })
})

test('reset throws away what a loop recorded, and the next attempt begins anew', async () => {
  await withStore(async store => {
    await store.track({ run: 'again', stage: 'rows' }, t => void t.done(0))
    await store.reset('again/rows')
    await store.track({ run: 'again', stage: 'rows' }, t => {
      assert.equal(t.shouldSkip(0), false)
      t.done(0)
    })
    assert.deepEqual((await store.stages('again'))[0]?.counts?.done, 1)
  })
})

test('B12 the total may become another after the last save: a loop completed so adds up', async () => {
  await withStore(async store => {
    const loop = await store.track({ run: 'r', stage: 'rows', total: 12 })
    for (let i = 0; i < 4; i++) await loop.done(i)
    // Saved with the old total, and nothing is left to save.
    await loop.flush()
    loop.setTotal(4)
    await loop.complete()
    const [stage] = await store.stages('r')
    assert.deepEqual([stage?.state, stage?.counts?.done, stage?.counts?.total], ['completed', 4, 4])
  })
})
