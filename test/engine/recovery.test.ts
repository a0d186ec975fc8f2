import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, jsonl, pipeline, type RunEvent, type Store } from 'waymark'
import { fourStages, range } from './four-stages.ts'
import { withStore } from './with-store.ts'

/** The events of an attempt of the run, and how it ended. */
async function ended(store: Store, run: string, attempt: number) {
  for await (const event of store.events(run)) if (event.type === 'attempt.ended' && event.attempt === attempt) return event
  throw new Error('it has not ended')
}

test('C10 after a recovery the counts prove that nothing was lost and nothing is there twice; kept with the attempt', () =>
  withStore(async (store, folder) => {
    const { work, state } = fourStages(folder)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    const events: RunEvent[] = []
    const { run, proof } = await work.run({}, { store, onEvent: event => events.push(event) })
    assert.deepEqual(proof, {
      items: { reused: 12, new: 8, total: 20 },
      stages: { reused: 1, new: 3, total: 4 },
      differences: [],
    })
    assert.deepEqual((await ended(store, run, 2)).proof, proof)
    const last = events.at(-1)
    assert.deepEqual(last?.type === 'run.ended' ? last.proof : undefined, proof)
    assert.deepEqual((await store.run(run))?.proof, proof)
  }))

test('C10 rows that an output has beside those it was given are an internal error, not a success', () =>
  withStore(async (store, folder) => {
    const path = join(folder, 'out.jsonl')
    const work = pipeline('twice', run =>
      run.each('work', [1, 2, 3], n => n, {
        key: n => n,
        output: jsonl(path),
      }),
    )
    // An output that writes one of its results twice.
    const real = JSON.stringify
    try {
      JSON.stringify = ((...args: Parameters<typeof real>) => {
        const text = real(...args)
        return args[0] === 2 && text === '2' ? '2\n2' : text
      }) as typeof real
      await assert.rejects(work.run({}, { store }), (error: unknown) => {
        assert.ok(isWaymarkError(error, 'internal'), String(error))
        assert.match(error.message, /work: 3 results were given to its output, which has 4 more/)
        return true
      })
    } finally {
      JSON.stringify = real
    }
    const [run] = await store.runs()
    assert.equal(run?.state, 'failed')
    assert.deepEqual((await ended(store, run?.id ?? '', 1)).proof?.differences.length, 1)
  }))

/** A pipeline with a check that answers as it is told. */
function checked(answer: () => unknown) {
  const state = { failing: true }
  const seen: unknown[] = []
  const work = pipeline(
    'checked',
    async run => {
      await run.each('work', range(5), n => n, { key: n => n })
      await run.stage('last', () => {
        if (state.failing) throw new Error('not yet')
      })
      return 'value'
    },
    {
      check: async report => {
        const { signal: _signal, plan: _plan, ...rest } = report
        seen.push(rest)
        return answer()
      },
    },
  )
  return { work, state, seen }
}

test('C10 a check of the user’s own is called after a recovery, never in a first attempt, and its outcome is kept', () =>
  withStore(async store => {
    const { work, state, seen } = checked(() => undefined)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    assert.deepEqual(seen, [])
    state.failing = false
    const { run, check } = await work.run({}, { store })
    assert.deepEqual(seen, [
      {
        run,
        attempt: 2,
        recovery: 'resume',
        items: { reused: 5, new: 0, total: 5 },
        stages: { reused: 1, new: 1, total: 2 },
        value: 'value',
      },
    ])
    assert.deepEqual(check, { outcome: 'passed' })
    assert.deepEqual((await ended(store, run, 2)).check, { outcome: 'passed' })
    assert.deepEqual((await store.run(run))?.check, { outcome: 'passed' })
    // A run that was never interrupted has nothing to be checked.
    seen.length = 0
    const whole = await work.run({}, { store, fresh: true })
    assert.deepEqual([seen, whole.check], [[], undefined])
  }))

test('C10 a check that throws, or returns false, fails the run with that; what is recorded stays', () =>
  withStore(async store => {
    const cause = new Error('3 rows are missing')
    let answer: () => unknown = () => {
      throw cause
    }
    const { work, state } = checked(() => answer())
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    await assert.rejects(work.run({}, { store }), {
      code: 'failed',
      message: /the check after the recovery failed: 3 rows/,
      cause,
    })
    answer = () => false
    await assert.rejects(work.run({}, { store }), { message: /the check returned false/ })
    const [run] = await store.runs()
    assert.deepEqual((await ended(store, run?.id ?? '', 3)).check, { outcome: 'failed', message: 'the check returned false' })
    answer = () => true
    assert.equal((await work.run({}, { store })).value, 'value')
    assert.throws(() => pipeline('x', () => 1, { check: 5 as never }), {
      code: 'invalid',
      message: /pipeline\("x"\): check must be a function/,
    })
  }))

test('D12 a failed run leaves an error checkpoint with error, causes, stage, item, index and what is finished; it stays once the run completed', () =>
  withStore(async (store, folder) => {
    writeFileSync(
      join(folder, 'in.jsonl'),
      range(6)
        .map(id => `${JSON.stringify({ id: `o-${id}` })}\n`)
        .join(''),
    )
    let failing = true
    const work = pipeline('fails', async run => {
      await run.stage('extract', () => 'rows')
      await run.each(
        'enrich',
        jsonl<{ id: string }>(join(folder, 'in.jsonl')),
        row => {
          if (failing && row.id === 'o-4') throw new TypeError('no address', { cause: new Error('HTTP 404') })
          return row.id
        },
        { key: row => row.id, output: jsonl(join(folder, 'out.jsonl')) },
      )
    })
    let id = ''
    await assert.rejects(work.run({}, { store }), (error: unknown) => {
      assert.ok(isWaymarkError(error, 'failed'))
      id = String(error.details['checkpoint'])
      assert.equal(error.details['index'], 4)
      return true
    })
    const [listed] = await store.list({ where: { type: 'error' } })
    assert.equal(listed?.id, id)
    assert.equal(listed?.stage, 'enrich')
    assert.deepEqual(listed?.metadata, { attempt: 1, error: 'TypeError', item: 'o-4', index: 4 })
    const saved = (await store.load(id)).value as {
      error: { message: string; cause: { message: string } }
      item: unknown
      stage: string
      items: unknown
      stages: { path: string; state: string; checkpoint: string; counts: { done: number }; output: string }[]
    }
    assert.equal(saved.error.message, 'no address')
    assert.equal(saved.error.cause.message, 'HTTP 404')
    assert.deepEqual(
      [saved.stage, saved.item, saved.items],
      ['enrich', { key: 'o-4', index: 4 }, { done: 4, skipped: 0, setAside: 0 }],
    )
    const [extract, enrich] = saved.stages
    assert.equal((await store.load(extract?.checkpoint ?? '')).value, 'rows')
    assert.deepEqual([enrich?.state, enrich?.counts.done], ['failed', 4])
    const run = (await store.runs())[0]?.id ?? ''
    assert.equal((await store.run(run))?.errorCheckpoint, id)
    assert.equal((await ended(store, run, 1)).errorCheckpoint, id)
    failing = false
    await work.run({}, { store })
    assert.equal((await store.list({ where: { type: 'error' } })).length, 1)
    assert.equal((await store.run(run))?.errorCheckpoint, undefined)
  }))

test('what was refused or stopped leaves no error checkpoint: nothing failed', () =>
  withStore(async (store, folder) => {
    const { work } = fourStages(folder)
    await assert.rejects(work.run({}, { store, until: 'extract' }), { code: 'cancelled' })
    assert.deepEqual(await store.list({ where: { type: 'error' } }), [])
  }))
