import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonl, open, pipeline } from 'waymark'
import { withStore } from './with-store.ts'

const range = (count: number) => Array.from({ length: count }, (_, n) => n)

test('a pass over nothing completes, leaves an empty output, and takes up what is appended later [pitfall 4]', () =>
  withStore(async (store, folder) => {
    const input = join(folder, 'in.jsonl')
    const output = join(folder, 'out.jsonl')
    writeFileSync(input, '')
    const called: unknown[] = []
    const work = pipeline('empty', run =>
      run.each(
        'work',
        jsonl<number>(input),
        n => {
          called.push(n)
          return n
        },
        { output: jsonl(output) },
      ),
    )
    await work.run({}, { store, runId: 'r' })
    assert.equal((await store.run('r')).state, 'completed')
    assert.equal(readFileSync(output, 'utf8'), '')
    await work.run({}, { store, runId: 'r' })
    assert.deepEqual(called, [])
    writeFileSync(input, '1\n2\n')
    await work.run({}, { store, runId: 'r', acceptInput: true })
    assert.deepEqual(called, [1, 2])
    assert.equal(readFileSync(output, 'utf8'), '1\n2\n')
  }))

test('stages that race in another order in every attempt keep their own results [pitfall 8]', () =>
  withStore(async store => {
    let calls = 0
    const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
    const work = pipeline('racing', async run => {
      const names = range(12).sort((a, b) => ((a * 7 + run.attempt * 5) % 12) - ((b * 7 + run.attempt * 5) % 12))
      const results = new Map<number, number>()
      await Promise.all(
        names.map(async n => {
          await pause((n * run.attempt * 3) % 11)
          results.set(
            n,
            await run.stage(`s${n}`, async () => {
              calls++
              await pause((n * 5) % 7)
              if (run.attempt === 1 && n === 5) throw new Error('not yet')
              return n * 100
            }),
          )
        }),
      )
      return [...results].sort(([a], [b]) => a - b)
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    const { value } = await work.run({}, { store })
    assert.deepEqual(
      value,
      range(12).map(n => [n, n * 100]),
    )
    assert.ok(calls <= 12 + 2, `${calls} calls: stages that others waited beside were not recorded`)
  }))

test('a failure is never kept as a result, and a run that fails always holds back no other [pitfall 11]', () =>
  withStore(async store => {
    const poisoned = pipeline('poisoned', run =>
      run.stage('one', () => {
        throw new Error('always')
      }),
    )
    let fails = true
    const work = pipeline('sound', async run => {
      const a = await run.stage('a', () => 1)
      return a + (await run.stage('b', () => (fails ? Promise.reject(new Error('once')) : 2)))
    })
    await Promise.all([
      assert.rejects(poisoned.run({}, { store }), { code: 'failed' }),
      assert.rejects(work.run({}, { store }), { code: 'failed' }),
    ])
    fails = false
    const [bad, good] = await Promise.allSettled([poisoned.run({}, { store }), work.run({}, { store })])
    assert.equal(bad.status, 'rejected')
    assert.ok(good.status === 'fulfilled')
    assert.equal(good.value.value, 3)
  }))

test('without any option what was done is kept, found by the next process, and gone on with; nothing is deleted [pitfall 17]', () =>
  withStore(async store => {
    const called: string[] = []
    let fails = true
    const work = pipeline('plain', async run => {
      await run.stage('first', () => called.push('first'))
      await run.stage('second', () => {
        called.push('second')
        if (fails) throw new Error('not yet')
      })
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fails = false
    const next = await open(store.path)
    await work.run({}, { store: next })
    assert.deepEqual(called, ['first', 'second', 'second'])
    await work.run({}, { store: next })
    // Nobody asked for the completed one to go on: this is a new run, beside the old.
    assert.deepEqual(
      (await next.runs()).map(run => run.state),
      ['completed', 'completed'],
    )
    await next.close()
  }))
