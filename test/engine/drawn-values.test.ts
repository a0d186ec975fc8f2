import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline, type RunEvent, type Store } from 'waymark'
import { ownedForAMoment } from '../../src/engine/owned-for-a-moment.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { coreOf } from '../../src/engine/store.ts'
import { DrawnValues } from '../../src/model/drawn-values.ts'
import { RecordedRun } from '../../src/model/recorded-run.ts'
import type { ValueDrawn } from '../../src/model/records.ts'
import { withStore } from './with-store.ts'

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

test('X2 items that go on beside each other get the values they drew, whatever order they come in after a failure', async () => {
  await withStore(async store => {
    const drawn: Map<string, readonly unknown[]>[] = []
    let failing = true
    const work = pipeline('items', async run => {
      const values = new Map<string, readonly unknown[]>()
      drawn.push(values)
      await run.each(
        'work',
        Array.from({ length: 12 }, (_, n) => `k[${n}]`),
        async (key, ctx) => {
          // The other way round in the second attempt.
          await pause(failing ? ctx.index : 12 - ctx.index)
          const ofStage = await ctx
            .stage('inner', async inner => {
              await pause(1)
              if (ctx.index % 3 === 0 && failing) throw new Error(inner.uuid())
              return inner.uuid()
            })
            .then(
              uuid => uuid,
              (error: Error) => error.message,
            )
          values.set(key, [ctx.uuid(), ctx.random(), ctx.now(), ctx.uuid(), ctx.uuid('order'), ofStage])
          await pause(5)
          if (failing) throw new Error('not yet')
        },
        { key: key => key, concurrency: 12 },
      )
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    failing = false
    await work.run({}, { store })
    assert.equal(drawn[0]?.size, 12)
    assert.deepEqual(drawn[1], drawn[0])
    assert.equal(
      new Set([...(drawn[0]?.values() ?? [])].flatMap(values => [values[0], values[3], values[4], values[5]])).size,
      48,
    )
  })
})

test('A4 a stage that is called again, at once or in a later attempt, gets what it drew; one that is redone draws anew', async () => {
  await withStore(async store => {
    const drawn: unknown[] = []
    let calls = 0
    const work = pipeline('stages', async run => {
      await run.stage(
        'one',
        ctx => {
          drawn.push([ctx.now(), ctx.uuid(), ctx.uuid(), ctx.random('share')])
          if (++calls < 4) throw new Error('again')
        },
        { retry: { attempts: 2, delayMs: 1 } },
      )
    })
    await assert.rejects(work.run({}, { store }))
    await work.run({}, { store })
    assert.equal(calls, 4)
    for (const values of drawn) assert.deepEqual(values, drawn[0])
    const [run] = await store.runs()
    await work.run({}, { store, runId: run?.id ?? '', redo: ['one'] })
    assert.equal(drawn.length, 5)
    assert.notDeepEqual(drawn[4], drawn[0])
    // Also one that had not finished.
    calls = 0
    await assert.rejects(work.run({}, { store, runId: 'other' }))
    await work.run({}, { store, runId: 'other', redo: ['one'] }).catch(() => {})
    assert.deepEqual(drawn[6], drawn[5])
    assert.notDeepEqual(drawn[7], drawn[5])
  })
})

test('X2 a value drawn with the run’s own verbs inside a function is refused, naming the context', async () => {
  await withStore(async store => {
    const inStage = pipeline('in stage', run => run.stage('one', () => run.uuid()))
    await assert.rejects(inStage.run({}, { store }), {
      code: 'conflict',
      message: /run\.uuid\(\) .*inside the function of "one"/,
    })
    const inItem = pipeline('in item', run => run.each('many', [1, 2], () => run.now(), { key: String }))
    await assert.rejects(inItem.run({}, { store }), (error: Error) => /ctx\.now\(\)/.test(JSON.stringify(error)))
    const unnamed = pipeline('unnamed', run => run.random(''))
    await assert.rejects(unnamed.run({}, { store }), { code: 'invalid' })
  })
})

/** Two branches of which the slower draws last, the other one in the second attempt. */
async function branches(store: Store, name: string, draw: (uuid: (name?: string) => string, branch: string) => string) {
  const drawn: Record<string, string>[] = []
  const notices: string[] = []
  const onEvent = (event: RunEvent) => event.type === 'notice' && notices.push(event.message)
  let failing = true
  const work = pipeline(name, async run => {
    const values: Record<string, string> = {}
    const slow = async () => {
      await pause(failing ? 30 : 0)
      values.slow = draw(run.uuid, 'slow')
    }
    const quick = async () => {
      await pause(failing ? 0 : 30)
      values.quick = draw(run.uuid, 'quick')
    }
    await Promise.all([slow(), quick()])
    drawn.push(values)
    if (failing) throw new Error('not yet')
  })
  await assert.rejects(work.run({}, { store, onEvent }))
  failing = false
  await work.run({}, { store, onEvent })
  return { drawn, told: notices.filter(notice => notice.includes('parallel branches')) }
}

test('X2 named values stay where they were drawn when parallel branches swap; without names that is told, once', async () => {
  await withStore(async store => {
    const named = await branches(store, 'named', (uuid, branch) => uuid(branch))
    assert.deepEqual(named.drawn[1], named.drawn[0])
    assert.deepEqual(named.told, [])

    let fromLine = 0
    const unnamed = await branches(store, 'unnamed', (uuid, branch) => {
      fromLine++
      return branch === 'slow'
        ? uuid() //
        : uuid()
    })
    assert.equal(fromLine, 4)
    assert.deepEqual(unnamed.drawn[1], { slow: unnamed.drawn[0]?.quick, quick: unnamed.drawn[0]?.slow })
    assert.equal(unnamed.told.length, 1)
    assert.match(unnamed.told[0] ?? '', /drawn-values\.test\.ts:\d+:\d+ .*drew at drawn-values\.test\.ts/)
  })
})

test('E1 a run that an older version began keeps to the order of calls that it recorded', async () => {
  await withStore(async store => {
    let failing = true
    const drawn: unknown[] = []
    const work = pipeline('old', async run => {
      if (failing) throw new Error('not yet')
      drawn.push(run.uuid(), await run.stage('one', () => run.uuid()), run.uuid(), run.uuid('named'), run.uuid())
    })
    await assert.rejects(work.run({}, { store }))
    const core = coreOf(store)
    const [run] = await store.runs()
    assert.ok(run)
    await ownedForAMoment(core, run, async ({ ownership }) => {
      const old = ['first', 'second', 'third'].map(
        (value, index): ValueDrawn => ({ type: 'value.drawn', time: 1, kind: 'uuid', index, value }),
      )
      await core.log.append(ownership, old.map(encodeRunRecord))
    })
    failing = false
    await work.run({}, { store, runId: run.id })
    assert.deepEqual(drawn.slice(0, 3), ['first', 'second', 'third'])
    assert.equal(new Set(drawn).size, 5)
  })
})

test('X2 of what items drew only that of items which may be called again is kept when the log is read', async () => {
  await withStore(async store => {
    const work = pipeline('many', run =>
      run.each(
        'many',
        ['a/b', 'c', 'bad', 'd'],
        async (key, ctx) => {
          ctx.uuid()
          await ctx.stage('inner', inner => inner.now())
          if (key === 'bad') throw new Error('bad')
        },
        { key: key => key, tolerate: { count: 1 }, save: { items: 1 } },
      ),
    )
    const { run } = await work.run({}, { store })
    const recorded = new RecordedRun()
    let drawn = 0
    for await (const event of store.events(run)) {
      recorded.apply(event, { segment: '0', offset: 0, length: 0 })
      if (event.type === 'value.drawn') drawn++
    }
    assert.equal(drawn, 8)
    const kept = (scope: string) => recorded.drawn.get(scope, { kind: 'uuid', index: 0 }) !== undefined
    assert.deepEqual(['many[a%2Fb]', 'many[c]', 'many[bad]', 'many[d]'].map(kept), [false, false, true, false])
    assert.equal(recorded.drawn.get('many[c]/inner', { kind: 'now', index: 0 }), undefined)
  })
})

test('X2 what is forgotten of a stage is its own and what lies in it, not that of others', () => {
  const values = new DrawnValues()
  const known = (scope: string) => values.get(scope, { kind: 'now', index: 0 }) !== undefined
  const scopes = ['', 'many', 'many[1]', 'many[1]/in', 'many[1]/in[2]', 'many/in', 'other[1]', 'manyfold[1]', 'manyfold']
  for (const scope of scopes) values.set({ type: 'value.drawn', time: 1, scope, kind: 'now', index: 0, value: 1 })
  values.forget('many[1]/in')
  assert.deepEqual(scopes.filter(known), ['', 'many', 'many[1]', 'many/in', 'other[1]', 'manyfold[1]', 'manyfold'])
  values.forget('many')
  assert.deepEqual(scopes.filter(known), ['', 'other[1]', 'manyfold[1]', 'manyfold'])
})

test('A4 a redo keeps what the run itself drew, and draws anew what the stage and its items drew, also where they had not finished', async () => {
  await withStore(async store => {
    const drawn: Record<string, unknown>[] = []
    let failing = true
    const work = pipeline('redone', async run => {
      const values: Record<string, unknown> = { batch: run.uuid(), startedAt: run.now(), share: run.random('share') }
      drawn.push(values)
      await run.stage('one', async ctx => {
        values['one'] = ctx.uuid()
        values['inner'] = await ctx.stage('inner', inner => inner.uuid())
      })
      await run.each(
        'many',
        ['x'],
        async (key, ctx) => {
          values['item'] = ctx.uuid(key)
          if (failing) throw new Error('not yet')
        },
        { key: key => key },
      )
    })
    await assert.rejects(work.run({}, { store, runId: 'r' }), { code: 'failed' })
    await assert.rejects(work.run({}, { store, runId: 'r' }), { code: 'failed' })
    const [first, again] = drawn
    // Reused, or called again without a redo.
    assert.deepEqual([again?.['batch'], again?.['item'], again?.['one']], [first?.['batch'], first?.['item'], undefined])
    failing = false
    await work.run({}, { store, runId: 'r', redo: ['one', 'many'] })
    const redone = drawn[2]
    for (const name of ['batch', 'startedAt', 'share']) assert.equal(redone?.[name], first?.[name], name)
    for (const name of ['one', 'inner', 'item']) {
      assert.equal(typeof redone?.[name], 'string', name)
      assert.notEqual(redone?.[name], first?.[name], name)
    }
  })
})
