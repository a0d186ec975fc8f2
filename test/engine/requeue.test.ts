import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codec, isWaymarkError, jsonl, open, type Plan, pipeline, type RunEvent, type Store } from 'waymark'
import { withStore } from './with-store.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const idOf = (n: number): string => `o-${n}`

/** A world in which some items cannot be handled, until it is mended; it notes every call. */
class World {
  broken = new Set<number>()
  calls: string[] = []

  constructor(...broken: number[]) {
    this.broken = new Set(broken)
  }

  take(): string[] {
    const { calls } = this
    this.calls = []
    return calls
  }

  handle(n: number): void {
    this.calls.push(`item ${n}`)
    if (this.broken.has(n)) throw new Error(n % 2 === 0 ? 'HTTP 413 too large' : `socket hang up of ${n}`)
  }
}

/** Twenty items in the middle of three stages. */
function orders(
  world: World,
  options: { readonly output?: string; readonly byKey?: boolean; readonly reportFails?: () => boolean } = {},
) {
  return pipeline(
    'orders',
    async run => {
      const numbers = run.stage('extract', () => {
        world.calls.push('extract')
        return range(20)
      })
      const done = await run.each(
        'enrich',
        numbers,
        n => {
          world.handle(n)
          return { n }
        },
        {
          concurrency: 4,
          tolerate: { count: 20 },
          ...(options.output === undefined ? {} : { output: jsonl<{ n: number }>(options.output) }),
          ...(options.byKey === true ? { key: idOf } : {}),
        },
      )
      await run.stage('report', () => {
        world.calls.push('report')
        if (options.reportFails?.() === true) throw new Error('no report')
        return { done: done.done, setAside: done.setAside }
      })
      return options.output === undefined ? (await done.results().toArray()).map(({ n }) => n) : done.done
    },
    { stages: ['extract', 'enrich', 'report'] },
  )
}

const recordsOf = async (store: Store, run: string): Promise<number> => {
  let records = 0
  for await (const _ of store.events(run)) records++
  return records
}

const rejectsWith = (promise: Promise<unknown>, code: string, near?: string): Promise<void> =>
  assert.rejects(
    promise,
    error => isWaymarkError(error) && error.code === code && (near === undefined || error.details['near'] === near),
  )

for (const byKey of [false, true]) {
  for (const inFile of [false, true]) {
    const how = `${byKey ? 'by key' : 'by index'}, ${inFile ? 'into a file' : 'into the store'}`

    test(`X5 a requeue after the end calls nothing but the requeued items: ${how}`, async () => {
      await withStore(async (store, folder) => {
        const world = new World(3, 7, 12)
        const output = join(folder, 'out.jsonl')
        const work = orders(world, { byKey, ...(inFile ? { output } : {}) })
        const first = await work.run({}, { store })
        assert.equal(first.setAside, 3)
        assert.equal(world.take().length, 22)
        const before = inFile ? { text: readFileSync(output, 'utf8'), inode: statSync(output).ino } : undefined

        world.broken.clear()
        const name = byKey ? idOf(7) : '7'
        const requeued = await store.requeue(first.run, { keys: [name] })
        assert.deepEqual(requeued.stages, [{ stage: 'enrich', keys: [name] }])
        assert.deepEqual([requeued.total, requeued.left, requeued.later], [1, 2, ['report']])
        assert.equal((await store.run(first.run)).state, 'paused')

        const second = await work.run({}, { store })
        assert.equal(second.run, first.run)
        assert.deepEqual(world.take(), ['item 7'])
        assert.equal(second.setAside, 2)

        await store.requeue(first.run, { all: true })
        const third = await work.run({}, { store })
        assert.deepEqual(world.take().sort(), ['item 12', 'item 3'])
        assert.equal(third.setAside, 0)
        assert.equal((await store.run(first.run)).state, 'completed')
        if (before === undefined) return assert.deepEqual(third.value, range(20))
        // Appended in new attempts: what was written before was not written again.
        const after = readFileSync(output, 'utf8')
        assert.ok(after.startsWith(before.text))
        assert.equal(statSync(output).ino, before.inode)
        const written = after
          .trimEnd()
          .split('\n')
          .map(text => JSON.parse(text).n)
        assert.deepEqual(written.slice(17, 18), [7])
        assert.deepEqual(
          written.sort((a, b) => a - b),
          range(20),
        )
      })
    })
  }
}

test('X5 a requeue before the end is taken up where the run goes on', async () => {
  await withStore(async store => {
    const world = new World(4, 5)
    let fails = true
    const work = orders(world, { reportFails: () => fails })
    await assert.rejects(work.run({}, { store, runId: 'r' }), { code: 'failed' })
    world.take()
    world.broken.clear()
    await store.requeue('r/enrich', { keys: ['5'] })
    assert.equal((await store.run('r')).state, 'failed')
    fails = false
    const { setAside } = await work.run({}, { store })
    assert.deepEqual(world.take(), ['item 5', 'report'])
    assert.equal(setAside, 1)
  })
})

test('what fails again is set aside again, with its new error', async () => {
  await withStore(async store => {
    const world = new World(4)
    const work = orders(world)
    const { run } = await work.run({}, { store })
    const { groups } = await store.setAside(run)
    await store.requeue(run, { all: true })
    assert.equal((await store.setAside(run)).total, 0)
    assert.equal((await work.run({}, { store })).setAside, 1)
    const again = await store.setAside(run)
    assert.deepEqual([again.total, again.groups[0]?.group], [1, groups[0]?.group])
    assert.deepEqual(world.take().filter(call => call === 'item 4').length, 2)
  })
})

test('items set aside are grouped by what they failed with, with payload, a page at a time', async () => {
  await withStore(async store => {
    const { run } = await orders(new World(1, 2, 3, 4, 6), { byKey: true }).run({}, { store })
    const { groups, items, total } = await store.setAside(run)
    assert.equal(total, 5)
    assert.deepEqual(
      groups.map(({ count, stage, sampleKeys, calls }) => ({ count, stage, sampleKeys, calls })),
      [
        { count: 3, stage: 'enrich', sampleKeys: ['o-2', 'o-4', 'o-6'], calls: 3 },
        { count: 2, stage: 'enrich', sampleKeys: ['o-1', 'o-3'], calls: 2 },
      ],
    )
    assert.deepEqual(
      items.map(({ key, payload, index }) => [key, payload, index]),
      [1, 2, 3, 4, 6].map(n => [idOf(n), n, n]),
    )
    const group = groups[0]?.group ?? ''
    const page = await store.setAside(`${run}/enrich`, { group: group.slice(0, 6), limit: 2 })
    assert.deepEqual([page.items.map(({ key }) => key), page.groups.length], [['o-2', 'o-4'], 1])
    // What was requeued meanwhile neither repeats nor hides an item.
    await store.requeue(run, { keys: ['o-2'] })
    const rest = await store.setAside(run, { group, limit: 2, after: page.next ?? '' })
    assert.deepEqual([rest.items.map(({ key }) => key), rest.next], [['o-6'], undefined])
  })
})

test('unknown keys, groups and stages are refused with what is near, and options of any type', async () => {
  await withStore(async store => {
    const { run } = await orders(new World(2, 4), { byKey: true }).run({}, { store })
    const { groups } = await store.setAside(run)
    const group = groups[0]?.group ?? ''
    const mistyped = `${group[0] === 'a' ? 'b' : 'a'}${group.slice(1)}`
    await rejectsWith(store.requeue(run, { keys: ['o-2', 'o-44'] }), 'not_found', 'o-4')
    await rejectsWith(store.requeue(run, { group: mistyped }), 'not_found', group)
    await rejectsWith(store.requeue(`${run}/enrch`, { all: true }), 'not_found', 'enrich')
    await rejectsWith(store.setAside(`${run}/enrch`), 'not_found', 'enrich')
    const wrong: unknown[] = [{}, { all: true, group }, { keys: [] }, { keys: 'o-2' }, { keys: [2] }, { group: 3 }]
    for (const options of wrong) await rejectsWith(Reflect.apply(store.requeue, store, [run, options]), 'invalid')
    for (const options of [{ limit: 0 }, { limit: 'x' }, { after: 'nowhere' }, { after: 7 }])
      await rejectsWith(Reflect.apply(store.setAside, store, [run, options]), 'invalid')
    assert.equal((await store.setAside(run)).total, 2)
    assert.equal((await store.run(run)).state, 'completed')
  })
})

test('a plan, and a requeue of nothing, write nothing', async () => {
  await withStore(async store => {
    const world = new World(2)
    const work = orders(world)
    const { run } = await work.run({}, { store })
    const records = await recordsOf(store, run)
    assert.deepEqual((await store.requeue(run, { all: true, plan: true })).stages, [{ stage: 'enrich', keys: ['2'] }])
    assert.equal(await recordsOf(store, run), records)
    world.broken.clear()
    await store.requeue(run, { all: true })
    await work.run({}, { store })
    const whole = await recordsOf(store, run)
    assert.equal((await store.requeue(run, { all: true })).total, 0)
    assert.equal(await recordsOf(store, run), whole)
    assert.equal((await store.run(run)).state, 'completed')
  })
})

test('a run that is being worked on is not requeued', async () => {
  await withStore(async store => {
    const work = pipeline('busy', async run => {
      await run.each(
        'work',
        range(4),
        n => {
          if (n === 2) throw new Error('bad')
        },
        { key: n => n, tolerate: { count: 1 } },
      )
      await rejectsWith(store.requeue(run.id, { all: true }), 'lease_held')
      const other = await open(store.path)
      await rejectsWith(other.requeue(run.id, { all: true }), 'lease_held')
      await other.close()
    })
    assert.equal((await work.run({}, { store })).setAside, 1)
  })
})

test('two who requeue at the same time mark every item once', async () => {
  await withStore(async store => {
    const world = new World(2, 4)
    const work = orders(world)
    const { run } = await work.run({}, { store })
    world.take()
    world.broken.clear()
    const other = await open(store.path)
    const outcomes = await Promise.allSettled([store.requeue(run, { all: true }), other.requeue(run, { all: true })])
    await other.close()
    assert.ok(outcomes.some(({ status }) => status === 'fulfilled'))
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(isWaymarkError(outcome.reason, 'fenced'), String(outcome.reason))
    await work.run({}, { store })
    assert.deepEqual(world.take().sort(), ['item 2', 'item 4'])
  })
})

test('stages after requeued items are reused, offered for a redo in the plan, and called again when asked', async () => {
  await withStore(async store => {
    const world = new World(2, 4)
    const work = orders(world)
    const plans: Plan[] = []
    const onEvent = (event: RunEvent) => {
      if (event.type === 'plan') plans.push(event.plan)
    }
    const { run } = await work.run({}, { store })
    world.take()
    world.broken.clear()
    await store.requeue(run, { keys: ['2'] })
    await work.run({}, { store, onEvent })
    const stageOf = (path: string) => plans.at(-1)?.stages.find(stage => stage.path === path)
    assert.deepEqual([stageOf('enrich')?.action, stageOf('enrich')?.reason], ['continue', '1 item is called again'])
    assert.equal(stageOf('report')?.action, 'reuse')
    assert.match(stageOf('report')?.reason ?? '', /its input changes: 1 item of enrich is called again; redo with --redo report/)
    assert.deepEqual(world.take(), ['item 2'])

    await store.requeue(run, { all: true })
    await work.run({}, { store, onEvent, redo: ['report'] })
    assert.deepEqual(world.take(), ['item 4', 'report'])
    assert.deepEqual(
      (await store.latest({ run, stage: 'report' }))?.order,
      Math.max(...(await store.list({ run, stage: 'report' })).map(one => one.order)),
    )

    // The offer stays until it is taken up; of a run that is named also when that is completed.
    await work.run({}, { store, onEvent, runId: run, redo: ['report'] })
    assert.equal(plans.at(-1)?.stages.find(({ path }) => path === 'enrich')?.action, 'reuse')
    assert.deepEqual(world.take(), ['report'])
  })
})

test('a requeue survives the process: another one goes on with it', async () => {
  await withStore(async store => {
    const world = new World(3)
    const work = orders(world)
    const { run } = await work.run({}, { store })
    await store.requeue(run, { all: true })
    world.take()
    world.broken.clear()
    const other = await open(store.path)
    assert.equal((await other.run('@failed')).id, run)
    await work.run({}, { store: other })
    await other.close()
    assert.deepEqual(world.take(), ['item 3'])
    assert.equal((await store.run(run)).state, 'completed')
  })
})

test('the report of a requeued run: nothing lost, nothing twice', async () => {
  await withStore(async store => {
    const world = new World(3, 5)
    const work = orders(world)
    const { run } = await work.run({}, { store })
    world.broken.delete(3)
    await store.requeue(run, { all: true })
    const half = await store.report(run)
    assert.deepEqual(half.proof, { items: 18, twice: 0, lost: 0 })
    assert.ok(half.percent < 100 && half.percent > 90)
    await work.run({}, { store })
    const report = await store.report(run)
    assert.equal(report.percent, 100)
    assert.deepEqual(report.proof, { items: 20, twice: 0, lost: 0 })
    assert.deepEqual(report.reused.items, 18)
    assert.deepEqual(
      report.setAside.map(({ count, sampleKeys }) => [count, sampleKeys]),
      [[1, ['5']]],
    )
    assert.deepEqual(
      report.attempts.map(({ attempt, state }) => [attempt, state]),
      [
        [1, 'completed'],
        [2, 'completed'],
      ],
    )
    assert.deepEqual([report.items.done, report.items.setAside, report.items.total], [19, 1, 20])
  })
})

test('a requeue that is interrupted goes on with what is left of it, and nothing else', async () => {
  await withStore(async store => {
    const world = new World(3, 7, 12)
    const work = orders(world, { byKey: true })
    const { run } = await work.run({}, { store })
    await store.requeue(run, { all: true })
    world.take()
    world.broken.clear()
    const controller = new AbortController()
    const handle = world.handle.bind(world)
    world.handle = n => {
      handle(n)
      if (n === 7) controller.abort()
    }
    await assert.rejects(work.run({}, { store, stopSignal: controller.signal }))
    world.handle = handle
    assert.deepEqual(world.take(), ['item 3', 'item 7'])
    const { setAside } = await work.run({}, { store })
    assert.deepEqual(world.take(), ['item 12'])
    assert.equal(setAside, 0)
    assert.equal((await store.report(run)).proof.twice, 0)
  })
})

test('items inside finished work cannot be requeued alone; with the item around them they can', async () => {
  await withStore(async store => {
    const world = new World(1, 3)
    let outerFails = false
    const work = pipeline('nested', async run => {
      await run.each(
        'book',
        ['a', 'b'],
        async (book, ctx) => {
          world.calls.push(book)
          await ctx.each('page', range(4), n => world.handle(n), { key: n => n, tolerate: { count: 3 } })
          if (outerFails && book === 'b') throw new Error('no such book')
        },
        { key: book => book, tolerate: { count: 1 } },
      )
    })
    const finished = await work.run({}, { store })
    assert.equal((await store.setAside(finished.run)).total, 4)
    await rejectsWith(store.requeue(finished.run, { all: true }), 'conflict')
    assert.equal((await store.run(finished.run)).state, 'completed')

    outerFails = true
    const aside = await work.run({}, { store })
    assert.notEqual(aside.run, finished.run)
    // Three of b: the book and two pages; those of a lie inside what is finished, and stay.
    const requeued = await store.requeue(aside.run, { all: true })
    assert.deepEqual([requeued.total, requeued.left], [3, 2])
    world.take()
    world.broken.clear()
    outerFails = false
    assert.equal((await work.run({}, { store })).setAside, 2)
    assert.deepEqual(world.take(), ['b', 'item 1', 'item 3'])
  })
})

test('items of a pass inside a finished stage cannot be requeued: the stage is not called again', async () => {
  await withStore(async store => {
    const world = new World(2)
    let fails = false
    const work = pipeline('inside', async run => {
      await run.stage('load', async ctx => {
        await ctx.each('page', range(4), n => world.handle(n), { key: n => n, tolerate: { count: 1 } })
        if (fails) throw new Error('not yet')
      })
    })
    const finished = await work.run({}, { store })
    for (const options of [{ all: true }, { keys: ['2'] }]) await rejectsWith(store.requeue(finished.run, options), 'conflict')
    // Of a stage that has not finished they can.
    fails = true
    await assert.rejects(work.run({ again: 'true' }, { store, runId: 'r' }))
    assert.equal((await store.requeue('r', { keys: ['2'] })).total, 1)
    fails = false
    world.take()
    world.broken.clear()
    await work.run({ again: 'true' }, { store })
    assert.deepEqual(world.take(), ['item 2'])
  })
})

test('an item of a class that the store does not know is listed all the same, without its payload', async () => {
  class Order {
    readonly id: string
    constructor(id: string) {
      this.id = id
    }
  }
  const codecs = [codec(Order, { tag: 'order', encode: order => order.id, decode: id => new Order(String(id)) })]
  await withStore(async store => {
    const work = pipeline(
      'classes',
      async run => {
        await run.each('work', [new Order('a')], () => Promise.reject(new Error('bad')), {
          key: ({ id }) => id,
          tolerate: { count: 1 },
        })
      },
      { codecs },
    )
    const { run } = await work.run({}, { store })
    const [item] = (await store.setAside(run)).items
    assert.deepEqual([item?.key, item !== undefined && 'payload' in item], ['a', false])
    const knowing = await open({ path: store.path, codecs })
    assert.ok((await knowing.setAside(run)).items[0]?.payload instanceof Order)
    await knowing.close()
  })
})
