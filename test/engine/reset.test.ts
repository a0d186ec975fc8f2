import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, jsonl, open, pipeline, type Store } from 'waymark'
import { ownedForAMoment } from '../../src/engine/owned-for-a-moment.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { coreOf } from '../../src/engine/store.ts'
import type { RunRecord } from '../../src/model/records.ts'
import { withStore } from './with-store.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Three stages that note when they are called. */
function orders(calls: string[], options: { readonly output?: string; readonly fails?: () => boolean } = {}) {
  return pipeline('orders', async (run, params) => {
    const numbers = run.stage('extract', () => {
      calls.push('extract')
      return range(5)
    })
    await run.each(
      'enrich',
      numbers,
      n => {
        calls.push(`item ${n}`)
        return { n }
      },
      options.output === undefined ? {} : { output: jsonl(options.output) },
    )
    for (const key of ['a', 'b']) {
      await run.stage(
        'load',
        async ctx => {
          calls.push(`load ${key}`)
          await ctx.stage('inner', () => calls.push(`inner ${key}`))
        },
        { key },
      )
    }
    return run.stage('report', () => {
      calls.push('report')
      if (options.fails?.() === true) throw new Error('no report')
      return `reported ${String(params['day'])}`
    })
  })
}

const take = (calls: string[]): string[] => calls.splice(0)
const states = async (store: Store) => (await store.runs()).map(({ id, state }) => `${id} ${state}`)

test('B9 a stage that is reset is called again by the next attempt, and nothing else; the run may be completed', async () => {
  await withStore(async (store, folder) => {
    const calls: string[] = []
    const output = join(folder, 'out.jsonl')
    const work = orders(calls, { output })
    await work.run({ day: '1' }, { store, runId: 'r' })
    take(calls)
    const report = await store.reset('r/enrich')
    assert.deepEqual([report.stages, report.items, report.checkpoints, report.empty], [['enrich'], 5, 0, false])
    assert.equal((await store.run('r')).state, 'paused')
    const { percent, stages } = await store.report('r')
    assert.deepEqual([percent, stages.find(({ path }) => path === 'enrich')?.outdated], [75, 'it was reset'])
    assert.equal((await store.stages('r')).find(({ path }) => path === 'enrich')?.reset, true)
    // Nothing is lost yet: what the stage wrote is replaced by the attempt that calls it again.
    assert.equal(readFileSync(output, 'utf8').trimEnd().split('\n').length, 5)
    await work.run({ day: '1' }, { store })
    assert.deepEqual(
      take(calls).slice(0, 5),
      range(5).map(n => `item ${n}`),
    )
    assert.deepEqual(
      readFileSync(output, 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).n),
      range(5),
    )
    assert.deepEqual(await states(store), ['r completed'])
  })
})

test('the calls of a stage in a loop are reset together or one by one', async () => {
  await withStore(async store => {
    const calls: string[] = []
    const work = orders(calls)
    await work.run({ day: '1' }, { store, runId: 'r' })
    take(calls)
    assert.deepEqual((await store.reset('r/load/b')).stages, ['load[b]'])
    await work.run({ day: '1' }, { store })
    assert.deepEqual(take(calls).slice(0, 2), ['load b', 'inner b'])
    assert.deepEqual((await store.reset('r/load')).stages, ['load[a]', 'load[b]'])
    assert.equal((await store.reset('r/load')).empty, true)
    await work.run({ day: '1' }, { store })
    assert.deepEqual(take(calls).slice(0, 4), ['load a', 'inner a', 'load b', 'inner b'])
  })
})

test('B9 a run that is reset is cancelled without checkpoints but the pinned ones; the same command begins anew', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let fails = true
    const work = orders(calls, { fails: () => fails })
    await assert.rejects(work.run({ day: '1' }, { store, runId: 'r' }))
    const [newest, ...others] = await store.list({ run: 'r' })
    assert.ok(newest !== undefined && others.length > 2)
    await store.pin(newest.id, { reason: 'wanted' })
    const plan = await store.reset('r', { plan: true })
    assert.deepEqual([plan.planned, plan.checkpoints, plan.pinned, plan.items], [true, others.length, 1, 5])
    assert.equal((await store.list({ run: 'r' })).length, others.length + 1)
    const report = await store.reset('r')
    assert.deepEqual({ ...report, planned: true }, plan)
    assert.deepEqual(
      (await store.list({ run: 'r' })).map(({ id }) => id),
      [newest.id],
    )
    assert.deepEqual(await states(store), ['r cancelled'])
    assert.equal((await store.reset('r')).empty, true)

    fails = false
    take(calls)
    const { run } = await work.run({ day: '1' }, { store })
    assert.notEqual(run, 'r')
    assert.equal(take(calls).length, 11)
  })
})

test('who goes on with a reset run by its id begins at the first stage', async () => {
  await withStore(async store => {
    const calls: string[] = []
    const work = orders(calls)
    await work.run({ day: '1' }, { store, runId: 'r' })
    const all = take(calls)
    await store.reset('r')
    // Also where the process died between the records and the tombstones: the run must not trust a checkpoint that may be gone.
    const { value } = await work.run({ day: '1' }, { store, runId: 'r' })
    assert.deepEqual(take(calls), all)
    assert.equal(value, 'reported 1')
    assert.deepEqual(await states(store), ['r completed'])
  })
})

test('a run that is being worked on is not reset, by this process or another', async () => {
  await withStore(async store => {
    const work = pipeline('busy', async run => {
      await run.stage('first', () => 1)
      for (const address of [run.id, `${run.id}/first`]) {
        for (const plan of [true, false]) await assert.rejects(store.reset(address, { plan }), { code: 'lease_held' })
        const other = await open(store.path)
        await assert.rejects(other.reset(address), { code: 'lease_held' })
        await other.close()
      }
      return 'done'
    })
    assert.equal((await work.run({}, { store })).value, 'done')
  })
})

test('a run that is reset says whether its files may still be open', async () => {
  await withStore(async store => {
    const work = orders([], { fails: () => true })
    await assert.rejects(work.run({ day: '1' }, { store, runId: 'r' }), { code: 'failed' })
    // An owner whose death was not proven stopped it before.
    const core = coreOf(store)
    const { run } = await store.resolve('r')
    await ownedForAMoment(core, run, async ({ ownership }) => {
      const end: RunRecord = {
        type: 'attempt.ended',
        time: core.clock.now(),
        attempt: 1,
        state: 'paused',
        earlierOwnersDead: false,
      }
      await core.log.append(ownership, [encodeRunRecord(end)])
    })
    await store.reset('r')
    assert.equal((await store.run('r')).state, 'cancelled')
    let last: RunRecord | undefined
    for await (const event of store.events('r')) if (event.type === 'attempt.ended') last = event
    assert.equal(last?.type === 'attempt.ended' && last.earlierOwnersDead, false)
  })
})

test('an unknown stage, and an item, are refused with what is near', async () => {
  await withStore(async store => {
    await orders([]).run({ day: '1' }, { store, runId: 'r' })
    await assert.rejects(
      store.reset('r/enrch'),
      error => isWaymarkError(error, 'not_found') && error.details['near'] === 'enrich',
    )
    await assert.rejects(store.reset('r/enrich/3'), error => isWaymarkError(error, 'not_found') && /requeue/.test(error.remedy))
    await assert.rejects(store.reset('nope'), { code: 'not_found' })
    assert.deepEqual(await states(store), ['r completed'])
  })
})

test('a reset that was killed between its records and its tombstones is finished by the next one [pitfall 13]', async () => {
  await withStore(async store => {
    await orders([]).run({ day: '1' }, { store, runId: 'r' })
    const core = coreOf(store)
    const { run } = await store.resolve('r')
    const records: RunRecord[] = [
      { type: 'stage.reset', time: core.clock.now(), path: '' },
      { type: 'attempt.ended', time: core.clock.now(), attempt: 1, state: 'cancelled' },
    ]
    await ownedForAMoment(core, run, async ({ ownership }) => {
      await core.log.append(ownership, records.map(encodeRunRecord))
    })
    const left = (await store.list({ run: 'r' })).length
    assert.ok(left > 0)
    assert.equal((await store.reset('r')).checkpoints, left)
    assert.deepEqual(await store.list({ run: 'r' }), [])
    assert.equal((await store.reset('r')).empty, true)
  })
})
