import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { isWaymarkError, jsonl, pipeline, type RunEvent, sqliteTable } from 'waymark'
import { proofText, tellsSomething } from '../../src/model/recovery-proof.ts'
import { withStore } from './with-store.ts'

test('B13 a run that is stale after seconds says so in seconds, not in 0 hours', () =>
  withStore(async store => {
    let fail = true
    const work = pipeline('p', run => run.stage('a', () => (fail ? Promise.reject(new Error('once')) : 1)))
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await new Promise(resolve => setTimeout(resolve, 30))
    await assert.rejects(work.run({}, { store, staleAfterMs: 2 }), (error: unknown) => {
      assert.ok(isWaymarkError(error, 'stale'))
      assert.match(error.message, /was last worked on (\d+ ms|\d+ seconds?) ago; more than 2 ms is called stale/)
      return true
    })
  }))

test('X3 the folder of the database of sqliteTable is made where it is missing', () =>
  withStore(async (store, folder) => {
    const path = join(folder, 'out/deep/shop.db')
    const work = pipeline('p', run =>
      run.each('load', [1, 2], id => ({ id }), { key: id => id, output: sqliteTable(path, { table: 'rows', create: true }) }),
    )
    await work.run({}, { store })
    const database = new DatabaseSync(path)
    assert.deepEqual({ ...database.prepare('SELECT count(*) AS n FROM rows').get() }, { n: 2 })
    database.close()
  }))

test('X3 a query makes neither a database nor a folder', () =>
  withStore(async (store, folder) => {
    const { sqliteQuery } = await import('waymark')
    const path = join(folder, 'missing/shop.db')
    const work = pipeline('p', run =>
      run.each('read', sqliteQuery(path, 'SELECT 1 AS id'), row => row, { key: row => String(row['id']) }),
    )
    await assert.rejects(work.run({}, { store }), { code: 'not_found' })
    assert.equal(existsSync(join(folder, 'missing')), false)
  }))

test('C10 the sum of a recovery is of the run’s own items; those inside them are told beside it', () =>
  withStore(async store => {
    let fail = true
    const work = pipeline('nested', run =>
      run.each(
        'orders',
        [1, 2, 3, 4],
        async (order, ctx) => {
          if (fail && order === 3) throw new Error('no')
          await ctx.each('lines', ['a', 'b', 'c'], line => line, { key: line => line })
          return order
        },
        { key: order => order },
      ),
    )
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    const { proof } = await work.run({}, { store })
    assert.deepEqual(proof, {
      items: { reused: 2, new: 2, total: 4 },
      stages: { reused: 0, new: 1, total: 1 },
      inside: 6,
      differences: [],
    })
    assert.equal(
      proof && proofText(proof, String),
      'nothing lost, nothing twice: 2 reused + 2 new = 4 items; 6 new inside of them',
    )
  }))

test('C10 of a run that was refused its input no sum is told: nothing of it was looked at', () =>
  withStore(async (store, folder) => {
    const file = join(folder, 'in.jsonl')
    writeFileSync(file, '{"n":1}\n{"n":2}\n')
    let fail = true
    const work = pipeline('p', async run => {
      await run.stage('a', () => 1)
      return run.each('b', jsonl<{ n: number }>(file), ({ n }) => {
        if (fail && n === 2) throw new Error('no')
        return n
      })
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    writeFileSync(file, '{"n":7}\n{"n":8}\n')
    await assert.rejects(work.run({}, { store }), { code: 'input_changed' })
    const [run] = await store.runs()
    assert.ok(run?.proof)
    assert.equal(tellsSomething(run.proof, run.error?.waymark?.code), false)
    assert.equal(tellsSomething(run.proof, undefined), true)
    assert.equal(tellsSomething({ ...run.proof, differences: ['one is missing'] }, 'input_changed'), true)
    const one = { reused: 1, new: 0, total: 1 }
    assert.match(proofText({ items: one, stages: one, differences: [] }, String), /= 1 item$/)
  }))

test('B3 a key that is no number, and what is no function, are refused in words that read well', () =>
  withStore(async store => {
    const refused: readonly [() => Promise<unknown>, RegExp][] = [
      [
        () => pipeline('p', run => run.each('w', [1], n => n, { key: () => Number.NaN })).run({}, { store, fresh: true }),
        /the key of item 0 of "w" is NaN, not text or a number/,
      ],
      [
        () => pipeline('p', run => run.each('w', [1], {} as never, { key: n => n })).run({}, { store, fresh: true }),
        /is an object, not a function/,
      ],
      [
        () => pipeline('p', run => run.each('w', {} as never, n => n, { key: n => String(n) })).run({}, { store, fresh: true }),
        /the items of "w" are an object/,
      ],
      [
        () =>
          pipeline('p', run => run.each('w', [1], n => n, { key: n => n, output: {} as never })).run({}, { store, fresh: true }),
        /the output of "w" is an object/,
      ],
      [() => pipeline('p', () => 1).run({}, { store, durability: {} as never }), /durability is an object, not one of/],
      [() => pipeline('p', () => 1).run({}, { store, redo: {} as never }), /redo is an object, not a list of stages/],
    ]
    for (const [call, says] of refused)
      await assert.rejects(call, (error: unknown) => {
        assert.ok(isWaymarkError(error, 'invalid'), String(error))
        assert.match(error.message, says)
        return true
      })
  }))

test('C6 the plan of a new run names the completed one of the same parameters: a command that was killed at its very end begins anew', () =>
  withStore(async store => {
    const work = pipeline('p', run => run.stage('a', () => 1))
    const reasons: string[] = []
    const onEvent = (event: RunEvent) => event.type === 'plan' && reasons.push(event.plan.reason)
    const { run } = await work.run({}, { store, onEvent })
    await work.run({ day: '1' }, { store, onEvent })
    await work.run({}, { store, onEvent })
    assert.deepEqual(reasons.slice(0, 2), Array(2).fill('no unfinished run has these parameters'))
    assert.match(
      reasons[2] ?? '',
      new RegExp(`^no unfinished run has these parameters; run ${run} was completed with them at 20`),
    )
  }))
