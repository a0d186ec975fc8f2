import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open, pipeline, type Store, type TrackOptions } from 'waymark'
import { coreOf } from '../../src/engine/store.ts'
import { withStore } from './with-store.ts'

const code = (expected: string) => (error: unknown) => isWaymarkError(error) && error.code === expected

/** As a program without types calls it. */
const untyped = (store: Store) => store.track.bind(store) as (...given: readonly unknown[]) => Promise<unknown>

test('wrong options of any type are invalid with a sentence, and nothing is recorded', async () => {
  await withStore(async store => {
    const good = { run: 'r', stage: 's' }
    const odd = [null, 0, -1, 1.5, Number.NaN, '', 'x', true, [], {}, () => {}, Symbol('x'), 10n]
    const wrong: unknown[][] = [
      [],
      [undefined],
      ['x'],
      [null],
      [7],
      [{}],
      [{ run: 'r' }],
      [{ ...good, stages: 's' }],
      [good, 'x'],
      [good, {}],
    ]
    const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
      run: value => value === 'x',
      stage: value => value === 'x',
      key: value => value === 'x' || (typeof value === 'number' && !Number.isNaN(value)),
      total: value => value === 0,
      pipeline: value => value === 'x',
      save: value => typeof value === 'object' && value !== null,
      durability: () => false,
      metadata: value => typeof value === 'object' && value !== null && !Array.isArray(value),
      description: value => value === 'x',
      tags: value => Array.isArray(value),
      onSuccess: value => typeof value === 'function',
      onFailure: value => typeof value === 'function',
      onPause: value => typeof value === 'function',
      print: value => typeof value === 'function',
      acceptStale: value => value === true,
      acceptInput: value => value === true,
      resumePaused: value => value === true,
      staleAfterMs: value => value === 0 || value === 1.5,
      signal: () => false,
      printEvery: () => false,
    }
    for (const [name, isFit] of Object.entries(fits))
      for (const value of odd) if (!isFit(value)) wrong.push([{ ...good, [name]: value }])
    wrong.push(
      [{ ...good, save: { items: 'many' } }],
      [{ ...good, tags: [7] }],
      [{ ...good, stage: 'a/b' }],
      [{ ...good, input: () => 1 }],
      [{ ...good, metadata: { f: () => 1 } }],
    )
    for (const given of wrong) {
      await assert.rejects(untyped(store)(...given), (error: unknown) => {
        assert.ok(
          isWaymarkError(error),
          `${String(error)} for ${typeof given[0] === 'object' ? Object.keys(given[0] ?? {}).join() : String(given[0])}`,
        )
        assert.equal(error.code, 'invalid', error.message)
        assert.match(error.message, /\w/)
        return true
      })
    }
    const recorded = await store.stages('r').catch(() => [])
    assert.deepEqual(recorded, [])
  })
})

test('what cannot name an item is invalid, and indexes and keys do not mix in one stage', async () => {
  await withStore(async store => {
    const byIndex = await store.track({ run: 'mix', stage: 'a' })
    const byKey = await store.track({ run: 'mix', stage: 'b' })
    byKey.done('7')
    for (const item of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '', null, undefined, {}, [], true, 7n, Symbol('x')]) {
      for (const t of [byIndex, byKey]) {
        for (const verb of ['shouldSkip', 'done', 'failed', 'skipped'] as const) {
          const call = t[verb].bind(t) as (item: unknown) => unknown
          assert.throws(() => call(item), code('invalid'), `${verb} ${String(item)}`)
        }
      }
    }
    byIndex.done(7)
    assert.throws(() => byIndex.done('7'), code('conflict'))
    assert.throws(() => byKey.shouldSkip(7), code('conflict'))
    await byIndex.complete()
    await byKey.complete()
    await store.track({ run: 'mix', stage: 'b' }, t => assert.throws(() => t.done(8), code('conflict'), 'the log says so too'))
    assert.deepEqual(
      (await store.stages('mix')).map(({ counts }) => counts?.done),
      [1, 1],
    )
  })
})

test('the methods of a tracker refuse what is of the wrong type', async () => {
  await withStore(async store => {
    const t = await store.track({ run: 'types', stage: 'a' })
    const anyOf = (method: unknown) => (method as (value: unknown) => unknown).bind(t)
    for (const value of [null, 7, 'x', [], () => {}]) assert.throws(() => anyOf(t.setMetadata)(value), code('invalid'))
    assert.throws(() => t.setMetadata({ f: () => 1 }), code('invalid'))
    for (const value of [null, 7, {}]) assert.throws(() => anyOf(t.setCurrentStep)(value), code('invalid'))
    for (const value of [null, -1, 1.5, 'x']) assert.throws(() => anyOf(t.setTotal)(value), code('invalid'))
    await assert.rejects(
      t.complete(() => 1),
      code('invalid'),
    )
    await t.complete({ fine: true })
    assert.equal((await store.run('types')).state, 'completed')
  })
})

test('a run of a pipeline is not one of loops, nor the other way round', async () => {
  await withStore(async store => {
    const work = pipeline('work', run => run.stage('a', () => 1))
    await work.run({}, { store, runId: 'one' })
    await assert.rejects(store.track({ run: 'one', stage: 'a' }), /not of loops of your own/)
    await assert.rejects(
      store.track({ run: 'two', stage: 'work', pipeline: 'work' }, () => Promise.reject(new Error('unfinished'))),
    )
    const { run } = await work.run({}, { store })
    assert.notEqual(run, 'two', 'no pipeline goes on with it')
    await assert.rejects(work.run({}, { store, runId: 'two' }), code('conflict'))
    await assert.rejects(store.track({ run: 'two', stage: 'work', pipeline: 'other' }), code('conflict'))
  })
})

test('a superseded owner stops: its signal aborts, and nothing more is recorded [X3]', async () => {
  await withStore(async (store, folder) => {
    const t = await store.track({ run: 'lost', stage: 'rows' })
    t.done(0)
    await t.flush()
    await using other = await open(join(folder, '.waymark'))
    await coreOf(other).feed.refresh()
    await coreOf(other).log.takeOver('lost')
    t.done(1)
    await assert.rejects(t.flush(), code('fenced'))
    assert.equal(t.signal.aborted, true)
    assert.throws(() => t.done(2), code('fenced'))
    await assert.rejects(t[Symbol.asyncDispose](), code('fenced'))
    assert.equal((await store.stages('lost'))[0]?.counts?.done, 1)
    const loop = store.track({ run: 'lost', stage: 'rows' }, async again => {
      await coreOf(other).feed.refresh()
      await coreOf(other).log.takeOver('lost')
      again.done(1)
      await again.flush()
    })
    await assert.rejects(loop, code('fenced'))
    await store.track({ run: 'lost', stage: 'rows' }, last =>
      assert.deepEqual(
        [0, 1].map(i => last.shouldSkip(i)),
        [true, false],
      ),
    )
  })
})

test('another store, as another process has it, is refused with lease_held while the loop goes on', async () => {
  await withStore(async (store, folder) => {
    await using other = await open(join(folder, '.waymark'))
    const t = await store.track({ run: 'held', stage: 'a' })
    await assert.rejects(other.track({ run: 'held', stage: 'b' }), code('lease_held'))
    await t.complete()
    assert.equal(await other.track({ run: 'held', stage: 'b' }, () => 'mine'), 'mine')
  })
})

test('a run that nobody worked on for a day is stale until that is accepted [B13]', async () => {
  await withStore(async store => {
    await assert.rejects(store.track({ run: 'old', stage: 'a' }, () => Promise.reject(new Error('x'))))
    await new Promise(resolve => setTimeout(resolve, 5))
    const old: TrackOptions = { run: 'old', stage: 'a', staleAfterMs: 0 }
    await assert.rejects(store.track(old), (error: unknown) => isWaymarkError(error, 'stale') && /acceptStale/.test(error.remedy))
    await store.track({ ...old, acceptStale: true }, () => {})
  })
})

test('a changed input file is refused until it is accepted; by index the loop then begins anew, by key it goes on [B5]', async () => {
  await withStore(async (store, folder) => {
    const file = join(folder, 'in.txt')
    writeFileSync(file, 'a\nb\nc\n')
    const names = { index: [0, 1], key: ['a', 'b'] } as const
    for (const kind of ['index', 'key'] as const) {
      const options: TrackOptions = { run: `in-${kind}`, stage: 'lines', input: kind === 'index' ? file : { path: file } }
      writeFileSync(file, 'a\nb\nc\n')
      await assert.rejects(
        store.track(options, t => {
          for (const name of names[kind]) t.done(name)
          throw new Error('stop here')
        }),
        /stop here/,
      )
      const [stage] = await store.stages(`in-${kind}`)
      assert.deepEqual([stage?.input?.kind, stage?.input?.size, stage?.input?.digest?.slice(0, 7)], ['file', 6, 'sha256:'])
      utimesSync(file, 1, 1)
      await assert.rejects(
        store.track(options, t => Promise.reject(new Error(`again ${t.shouldSkip(names[kind][0])}`))),
        /again true/,
      )
      writeFileSync(file, 'a\nB\nc\n')
      await assert.rejects(
        store.track(options),
        (error: unknown) => isWaymarkError(error, 'input_changed') && /acceptInput/.test(error.remedy),
      )
      await store.track({ ...options, acceptInput: true }, t =>
        assert.equal(t.shouldSkip(names[kind][0]), kind === 'key', `known by ${kind}`),
      )
    }
  })
})

test('lines added behind a file leave what is done of the old ones done', async () => {
  await withStore(async (store, folder) => {
    const file = join(folder, 'in.jsonl')
    writeFileSync(file, '1\n2\n')
    copyFileSync(file, `${file}.old`)
    const options: TrackOptions = { run: 'grown', stage: 'lines', input: file }
    await store.track(options, t => {
      t.done(0)
      t.done(1)
    })
    appendFileSync(file, '3\n')
    await assert.rejects(store.track(options), code('input_changed'))
    await store.track({ ...options, acceptInput: true }, t => {
      assert.deepEqual(
        [0, 1, 2].map(i => t.shouldSkip(i)),
        [true, true, false],
      )
      t.done(2)
    })
  })
})

test('any other value is a fingerprint of the caller’s own: an equal one goes on, another is refused', async () => {
  await withStore(async store => {
    const options = (etag: string): TrackOptions => ({ run: 'etag', stage: 'rows', input: { etag, page: 1 } })
    await assert.rejects(
      store.track(options('one'), t => {
        t.done(0)
        throw new Error('stop here')
      }),
    )
    await assert.rejects(store.track(options('two')), code('input_changed'))
    await store.track({ run: 'etag', stage: 'rows', input: { page: 1, etag: 'one' } }, t => assert.equal(t.shouldSkip(0), true))
    await assert.rejects(store.track({ run: 'etag', stage: 'gone', input: '/no/such/file' }), code('not_found'))
  })
})
