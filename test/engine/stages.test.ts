import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codec, isWaymarkError, pipeline, placeOf, type RunEvent } from 'waymark'
import { withStore } from './with-store.ts'

test('A4 a finished stage is not called again; the run goes on from the failed one', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let broken = true
    const work = pipeline('work', async run => {
      const rows = await run.stage('extract', () => {
        calls.push('extract')
        return [{ id: 1, at: new Date(0) }]
      })
      return run.stage('load', () => {
        calls.push('load')
        if (broken) throw new RangeError('no such table')
        return rows.length
      })
    })
    await assert.rejects(work.run({}, { store }), error => {
      assert.ok(isWaymarkError(error, 'failed'))
      assert.ok(error.cause instanceof RangeError)
      assert.equal(error.details['stage'], 'load')
      return true
    })
    broken = false
    const outcome = await work.run({}, { store })
    assert.deepEqual(calls, ['extract', 'load', 'load'])
    assert.equal(outcome.value, 1)
    assert.equal((await store.runs()).length, 1)
  })
})

test('a recorded result comes back as the value that was returned', async () => {
  await withStore(async store => {
    const made = {
      map: new Map([['a', new Set([1])]]),
      at: new Date(5),
      big: 7n,
      bytes: new Uint8Array([1, 2]),
      text: 'x'.repeat(200_000),
    }
    let loaded: unknown
    let fail = true
    const work = pipeline('values', async run => {
      loaded = await run.stage('make', () => made)
      if (fail) throw new Error('stop here')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await work.run({}, { store })
    assert.deepStrictEqual(loaded, made)
    assert.notEqual(loaded, made)
  })
})

test('a stage rejects with the user’s own error, its place attached', async () => {
  await withStore(async store => {
    const thrown = new Error('mine')
    const work = pipeline('own-error', async run => {
      const caught = await run
        .stage('bad', () => Promise.reject(thrown))
        .then(
          () => undefined,
          error => error,
        )
      assert.equal(caught, thrown)
      assert.deepEqual(placeOf(caught), { run: run.id, stage: 'bad' })
      return 'went on'
    })
    assert.equal((await work.run({}, { store })).value, 'went on')
  })
})

test('a failed stage that nobody awaited still fails the run, and its siblings are recorded [pitfall 8]', async () => {
  await withStore(async store => {
    const work = pipeline('unawaited', async run => {
      run.stage('bad', () => Promise.reject(new Error('unseen')))
      run.stage('good', async () => {
        await new Promise(resolve => setTimeout(resolve, 20))
        return 1
      })
      return 'done'
    })
    await assert.rejects(work.run({}, { store }), /unseen/)
    const stages = await store.stages((await store.run('@last')).id)
    assert.deepEqual(
      stages.map(stage => [stage.path, stage.state]),
      [
        ['bad', 'failed'],
        ['good', 'completed'],
      ],
    )
  })
})

test('a stage name used twice is a conflict that names both places', async () => {
  await withStore(async store => {
    const work = pipeline('twice', async run => {
      await run.stage('same', () => 1)
      await run.stage('same', () => 2)
    })
    await assert.rejects(work.run({}, { store }), error => {
      assert.ok(isWaymarkError(error, 'conflict'))
      const places = error.message.match(/stages\.test\.ts:\d+/g)
      assert.equal(places?.length, 2)
      assert.notEqual(places[0], places[1])
      return true
    })
  })
})

test('a key tells calls of one name in a loop apart', async () => {
  await withStore(async store => {
    const work = pipeline('loop', async run => {
      const months: string[] = []
      for (const month of ['01', '02']) months.push(await run.stage('month', () => `m${month}`, { key: month }))
      return months
    })
    assert.deepEqual((await work.run({}, { store })).value, ['m01', 'm02'])
  })
})

test('the run used inside a stage’s function is a conflict that names ctx', async () => {
  await withStore(async store => {
    const work = pipeline('outer', async run => {
      await run.stage('outer', async () => {
        await run.stage('inner', () => 1)
      })
    })
    await assert.rejects(
      work.run({}, { store }),
      error => isWaymarkError(error, 'conflict') && error.remedy.includes('ctx.stage'),
    )
  })
})

test('what cannot be stored is refused when saving, with the path inside the value [pitfall 15]', async () => {
  await withStore(async store => {
    const work = pipeline('unstorable', run => run.stage('make', () => ({ rows: [{ ok: 1 }, { callback: () => 1 }] })))
    await assert.rejects(
      work.run({}, { store }),
      error => isWaymarkError(error, 'invalid') && error.message.includes('rows[1].callback'),
    )
    assert.equal((await store.run('@last')).state, 'failed')
  })
})

test('a new version redoes the stage, and what was first called after it if its result changes [pitfall 10]', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let version = '1'
    let fail = true
    const work = pipeline('versions', async run => {
      const note = (name: string, value: number) => () => {
        calls.push(name)
        return value
      }
      await run.stage('before', note('before', 0))
      await run.stage('changing', note('changing', version === '3' ? 3 : 1), { version })
      await run.stage('after', note('after', 2))
      if (fail) throw new Error('not yet')
    })
    const attempt = async (next: string) => {
      version = next
      calls.length = 0
      await assert.rejects(work.run({}, { store }), { code: 'failed' })
      return [...calls]
    }
    assert.deepEqual(await attempt('1'), ['before', 'changing', 'after'])
    assert.deepEqual(await attempt('1'), [])
    // Another version, the same result: what came after it stays.
    assert.deepEqual(await attempt('2'), ['changing'])
    assert.deepEqual(await attempt('3'), ['changing', 'after'])
    fail = false
    assert.deepEqual(calls.length, 2)
  })
})

test('redo calls a stage again once; a crash in between does not lose that later stages are outdated', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let value = 1
    let failAt: string | undefined = 'end'
    const work = pipeline('redo', async run => {
      for (const name of ['a', 'b', 'c']) {
        await run.stage(name, () => {
          calls.push(name)
          return name === 'a' ? value : name
        })
        if (failAt === name) throw new Error('stopped')
      }
      if (failAt === 'end') throw new Error('stopped')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    calls.length = 0
    value = 2
    failAt = 'a'
    await assert.rejects(work.run({}, { store, redo: ['a'] }), { code: 'failed' })
    assert.deepEqual(calls, ['a'])
    failAt = undefined
    await work.run({}, { store })
    assert.deepEqual(calls, ['a', 'b', 'c'])
    await assert.rejects(work.run({}, { store, redo: ['nope'] }), { code: 'invalid' })
  })
})

test('instances of a class are kept with a codec, given to the pipeline', async () => {
  class Money {
    readonly cents: number
    constructor(cents: number) {
      this.cents = cents
    }
  }
  const money = codec(Money, { tag: 'money', encode: value => value.cents, decode: cents => new Money(Number(cents)) })
  await withStore(async store => {
    const seen: unknown[] = []
    let fail = true
    const work = pipeline(
      'codecs',
      async run => {
        const prices = run.stage('prices', () => [new Money(5), new Money(7)])
        if (fail) throw new Error('later')
        seen.push(await prices)
        await run.each('each', prices, price => {
          seen.push(price.cents)
          return price
        })
      },
      { codecs: [money] },
    )
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await work.run({}, { store })
    assert.deepStrictEqual(seen, [[new Money(5), new Money(7)], 5, 7])
  })
})

test('redo calls the stages inside a stage again too', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let fail = true
    const work = pipeline('redo-nested', async run => {
      await run.stage('outer', ctx => {
        calls.push('outer')
        return ctx.stage('inner', () => {
          calls.push('inner')
          return 1
        })
      })
      if (fail) throw new Error('later')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await work.run({}, { store, redo: ['outer'] })
    assert.deepEqual(calls, ['outer', 'inner', 'outer', 'inner'])
  })
})

test('X1 the plan says what is reused and what runs, with a reason for each, and is kept with the run', async () => {
  await withStore(async store => {
    let fail = true
    const work = pipeline(
      'planned',
      async run => {
        await run.stage('extract', () => 1)
        await run.stage('load', () => {
          if (fail) throw new Error('x')
        })
      },
      { stages: ['extract', 'load', 'report'] },
    )
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    const events: RunEvent[] = []
    await work.run({}, { store, onEvent: event => events.push(event) })
    const [plan] = events.flatMap(event => (event.type === 'plan' ? [event.plan] : []))
    assert.deepEqual(
      plan?.stages.map(({ path, action }) => [path, action]),
      [
        ['extract', 'reuse'],
        ['load', 'run'],
        ['report', 'run'],
      ],
    )
    assert.ok(plan?.stages.every(stage => stage.reason !== ''))
    const kept = []
    for await (const record of store.events('@last')) if (record.type === 'attempt.started') kept.push(record.plan)
    assert.deepEqual(kept[1], plan)
  })
})

test('values drawn from the run are the same in every attempt', async () => {
  await withStore(async store => {
    const drawn: unknown[] = []
    let fail = true
    const work = pipeline('drawn', async run => {
      drawn.push([run.now(), run.uuid(), run.random(), run.uuid()])
      await run.stage('one', () => 1)
      if (fail) throw new Error('again')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await work.run({}, { store })
    assert.deepEqual(drawn[0], drawn[1])
  })
})

test('a stage is retried as often as its policy says, and one that takes too long fails with limit', async () => {
  await withStore(async store => {
    let calls = 0
    const work = pipeline('retries', async run => {
      await run.stage(
        'flaky',
        () => {
          calls++
          if (calls < 3) throw new Error('flaky')
        },
        { retry: { attempts: 3, delayMs: 1 } },
      )
      await run.stage(
        'slow',
        ctx => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
        {
          timeoutMs: 5,
        },
      )
    })
    await assert.rejects(work.run({}, { store }), { code: 'limit' })
    assert.equal(calls, 3)
  })
})
