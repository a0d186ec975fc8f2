import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isWaymarkError, pipeline, table } from 'waymark'
import { withStore } from './with-store.ts'

type Rows = Iterable<object> | AsyncIterable<object>

/** Sources that have no end; `given` is told of each row, `closed` when they are closed. */
const endless: Readonly<Record<string, (given: (count: number) => void, closed: () => void) => Rows>> = {
  'that waits now and then': async function* (given, closed) {
    try {
      for (let count = 1; ; count++) {
        if (count % 100 === 0) await setTimeout(1)
        given(count)
        yield { count }
      }
    } finally {
      closed()
    }
  },
  'that never waits': function* (given, closed) {
    try {
      for (let count = 1; ; count++) {
        given(count)
        yield { count }
      }
    } finally {
      closed()
    }
  },
  'whose next row never comes': (given, closed) => ({
    [Symbol.asyncIterator]: () => ({
      next() {
        given(1_000)
        return new Promise(() => {})
      },
      return() {
        closed()
        return new Promise(() => {})
      },
    }),
  }),
}

for (const [which, source] of Object.entries(endless)) {
  test(
    `B17 the rows of a stage, from a source ${which}, are taken until the run is told to stop now: ctx.signal aborts, and the source is closed`,
    {
      timeout: 30_000,
    },
    () =>
      withStore(async store => {
        const stop = new AbortController()
        const signals: AbortSignal[] = []
        const closed = Promise.withResolvers<void>()
        const work = pipeline('endless', run =>
          run.stage('rows', ctx => {
            signals.push(ctx.signal)
            return table(
              source(count => {
                if (count === 1_000) stop.abort()
              }, closed.resolve),
            )
          }),
        )
        const outcome = work.run({}, { store, signal: stop.signal, runId: 'r' })
        await assert.rejects(outcome, error => isWaymarkError(error, 'cancelled'))
        await closed.promise
        assert.deepEqual(
          signals.map(({ aborted }) => aborted),
          [true],
        )
        assert.deepEqual(await store.list(), [])
      }),
  )

  test(
    `C14 the rows of a stage, from a source ${which}, come within its timeoutMs, or the call has failed with limit and is made again`,
    {
      timeout: 30_000,
    },
    () =>
      withStore(async store => {
        const signals: AbortSignal[] = []
        const closed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
        const work = pipeline('slow', async run => {
          const { rowCount } = await run.stage(
            'rows',
            ctx => {
              signals.push(ctx.signal)
              if (signals.length === 3) return table([{ count: 1 }].values())
              return table(source(() => {}, closed[signals.length === 1 ? 0 : 1].resolve))
            },
            { timeoutMs: 40, retry: { attempts: 2, delayMs: 1 } },
          )
          return rowCount
        })
        await assert.rejects(work.run({}, { store, runId: 'r' }), error => isWaymarkError(error, 'limit'))
        await Promise.all(closed.map(({ promise }) => promise))
        assert.deepEqual(
          signals.map(({ aborted }) => aborted),
          [true, true],
        )
        assert.equal((await work.run({}, { store, runId: 'r' })).value, 1)
      }),
  )
}

test('C14 where a row comes late and its source fails, the function is called again for all rows, as its retry says', () =>
  withStore(async store => {
    let calls = 0
    const rows = async function* (call: number) {
      yield { call, row: 1 }
      if (call < 3) throw new Error('ECONNRESET')
      yield { call, row: 2 }
    }
    const work = pipeline('late', async run => {
      const found = await run.stage('rows', () => table(rows(++calls)), { retry: { attempts: 3, delayMs: 1 } })
      const all: object[] = []
      for await (const row of found) all.push(row)
      return all
    })
    const expected = [
      { call: 3, row: 1 },
      { call: 3, row: 2 },
    ]
    assert.deepEqual((await work.run({}, { store })).value, expected)
    assert.equal(calls, 3)
    assert.equal((await store.list()).filter(({ stage }) => stage === 'rows').length, 1)
  }))

test('B17 what makes the rows of a stage is inside that stage: the verbs of the run are refused there, those of its ctx are not', () =>
  withStore(async store => {
    const outer = pipeline('outer', run =>
      run.stage('rows', () =>
        table(
          (async function* () {
            yield { inner: await run.stage('inner', () => 1) }
          })(),
        ),
      ),
    )
    await assert.rejects(outer.run({}, { store }), error => isWaymarkError(error, 'conflict'))
    const own = pipeline('own', async run => {
      const rows = await run.stage('rows', ctx =>
        table(
          (async function* () {
            yield { inner: await ctx.stage('inner', () => 1) }
          })(),
        ),
      )
      return rows.rowCount
    })
    assert.equal((await own.run({}, { store })).value, 1)
  }))

test('A1 a source may give steps that are only thenable; what it throws when it is closed does not hide why it was', () =>
  withStore(async store => {
    let count = 0
    const thenable: unknown = {
      [Symbol.asyncIterator]: () => ({
        // biome-ignore lint/suspicious/noThenProperty: as some database drivers give them
        next: () => ({ then: (done: (step: unknown) => void) => done({ done: ++count > 2, value: { count } }) }),
      }),
    }
    const { tables } = await store.save({ value: table(thenable as AsyncIterable<object>) })
    assert.equal(tables?.[0]?.facts.rows, 2)
    const broken = new Error('connection lost at row 7')
    const masking: AsyncIterable<object> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(broken),
        return: () => Promise.reject(new Error('cursor already closed')),
      }),
    }
    await assert.rejects(store.save({ value: table(masking) }), error => error === broken)
  }))
