import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, pipeline } from 'waymark'
import { damageRecord } from './damage-record.ts'

test('X6 B8 a repair after which a run falls back behind where it was forked names what the fork calls again, also the fork of a fork, and both say it when they go on', async t => {
  const base = mkdtempSync(join(tmpdir(), 'waymark-fork-fall-back-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  const path = join(base, '.waymark')
  const calls: string[] = []
  const work = pipeline('work', async run => {
    const rows = await run.stage('extract', () => {
      calls.push('extract')
      return [1, 2, 3]
    })
    await run.stage('enrich', () => {
      calls.push('enrich')
      return rows.map(row => row * 2)
    })
    return run.stage('report', () => {
      calls.push('report')
      return rows.length
    })
  })
  const first = await open({ path })
  await work.run({}, { store: first, runId: 'first' })
  await first.close()
  const forking = await open({ path })
  await forking.fork('first/extract', { runId: 'early' })
  await forking.fork('first/enrich', { runId: 'second' })
  await forking.fork('second', { runId: 'third' })
  await forking.close()
  // In the record that enrich is done: the second of its kind.
  await damageRecord(path, 'stage.done', 2)

  const store = await open({ path })
  t.after(() => store.close())
  const planned = await store.repair({ plan: true })
  const { actions, costs } = await store.repair()
  assert.deepEqual(
    actions.filter(({ does }) => does === 'fall back').map(({ name }) => name),
    ['first'],
  )
  assert.deepEqual(planned.costs, costs)
  assert.deepEqual(
    costs.filter(({ run }) => run !== 'first'),
    [
      { run: 'second', stage: 'enrich', runState: 'initialized' },
      { run: 'third', stage: 'enrich', runState: 'initialized' },
    ],
  )
  for (const [run, called] of [
    ['early', ['enrich', 'report']],
    ['second', ['enrich', 'report']],
    ['third', ['enrich', 'report']],
  ] as const) {
    calls.length = 0
    const said: boolean[] = []
    for (const planOnly of [true, false]) {
      await work.attempt(
        {},
        {
          store,
          runId: run,
          planOnly,
          onEvent: event => {
            if (event.type === 'plan')
              said.push(
                event.plan.notices.some(notice => notice.startsWith('run first, from which this one was forked, was repaired')),
              )
          },
        },
      )
    }
    assert.deepEqual(calls, called)
    assert.deepEqual(said, run === 'early' ? [false, false] : [true, true])
  }
})
