import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isWaymarkError, jsonl, type LogEvent, open, pipeline, type Store, type WaymarkError } from 'waymark'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { systemClock } from '../../src/model/clock.ts'
import { sealsOfStore } from './seals-of-store.ts'

/** Items that begin at once and end when they are let go, or their signal aborts. */
function heldItems() {
  const begun: number[] = []
  const aborted: number[] = []
  let letGo = () => {}
  const gone = new Promise<void>(resolve => {
    letGo = resolve
  })
  const work = pipeline(
    'held',
    async run => {
      await run.stage('first', () => 1)
      const { done } = await run.each(
        'items',
        Array.from({ length: 20 }, (_, i) => i),
        async (item, ctx) => {
          begun.push(item)
          ctx.signal.addEventListener('abort', () => aborted.push(item), { once: true })
          await gone
          return item
        },
        { key: item => item, concurrency: 3, save: { ms: 20 } },
      )
      return done
    },
    { stages: ['first', 'items'] },
  )
  const untilBegun = async (items: number) => {
    while (begun.length < items) await pause(5)
  }
  return { work, begun, aborted, letGo: () => letGo(), untilBegun }
}

/** Two openings of one store: what they know of each other is what two processes know. */
async function twoStores(t: TestContext): Promise<{ mine: Store; theirs: Store; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-requests-'))
  const path = join(folder, '.waymark')
  const mine = await open(path)
  const theirs = await open(path)
  t.after(async () => {
    await mine.close()
    await theirs.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { mine, theirs, path }
}

const codeOf = (error: unknown): string | undefined => (isWaymarkError(error) ? error.code : undefined)
const errorOf = (work: Promise<unknown>): Promise<WaymarkError> =>
  work.then(
    () => assert.fail('it did not reject'),
    (error: unknown) => {
      assert.ok(isWaymarkError(error), String(error))
      return error
    },
  )
async function eventsOf(store: Store, run: string): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  for await (const event of store.events(run)) events.push(event)
  return events
}

/** What a request to a run begins with: in a sealed store nobody can read which run it is. */
const requestsTo = async (path: string, run: string): Promise<string> => (await sealsOfStore(path)).seals?.name('run', run) ?? run

const requests = (path: string): Promise<string[]> => readdir(join(path, 'requests')).catch(() => [])

test('pause from elsewhere finishes and records items in flight, begins no more, and the run goes on only when it is told to (B17)', async t => {
  const { mine, theirs, path } = await twoStores(t)
  const held = heldItems()
  const ended = errorOf(held.work.run({}, { store: mine }))
  await held.untilBegun(3)
  const told: string[] = []
  const paused = theirs.pause('held@last', { reason: 'disk', onWait: what => told.push(what) })
  while (!told.includes('seen')) await pause(5)
  held.letGo()
  const report = await paused
  assert.deepEqual([report.state, report.how], ['paused', 'obeyed'])
  const error = await ended
  assert.equal(error.code, 'paused')
  assert.match(error.message, /was paused by process \d+ on .* \(disk\)/)
  assert.equal(held.begun.length, 3)
  assert.equal(held.aborted.length, 0)
  const run = await theirs.run(report.run)
  assert.equal(run.state, 'paused')
  assert.equal(run.request?.reason, 'disk')
  assert.equal((await theirs.stages(run.id)).find(({ path }) => path === 'items')?.counts?.done, 3)
  assert.deepEqual(await requests(path), [])
  // Not silently: a timer that runs the same command again must not undo it.
  const refused = await errorOf(held.work.run({}, { store: mine }))
  assert.deepEqual([refused.code, refused.details['run']], ['paused', run.id])
  const outcome = await held.work.run({}, { store: mine, resumePaused: true })
  assert.deepEqual([outcome.run, outcome.value], [run.id, 20])
  assert.equal(held.begun.length, 20)
})

test('pause now aborts the signals of items in flight; they are called again by the next attempt', async t => {
  const { mine, theirs } = await twoStores(t)
  const held = heldItems()
  const ended = errorOf(held.work.run({}, { store: mine }))
  await held.untilBegun(3)
  const report = await theirs.pause('@last', { now: true })
  assert.deepEqual([report.state, report.how], ['paused', 'obeyed'])
  assert.equal((await ended).code, 'paused')
  assert.deepEqual(held.aborted.toSorted(), [0, 1, 2])
  held.letGo()
  const { value } = await held.work.run({}, { store: mine, resumePaused: true })
  assert.equal(value, 20)
  assert.equal(held.begun.length, 23)
})

test('cancel ends a run also where the items ignore their signal; it does not come back, a new one begins', async t => {
  const { mine, theirs } = await twoStores(t)
  const held = heldItems()
  const ended = errorOf(held.work.run({}, { store: mine }))
  await held.untilBegun(3)
  const report = await theirs.cancel('@last')
  assert.deepEqual([report.state, report.how], ['cancelled', 'obeyed'])
  const error = await ended
  assert.deepEqual([error.code, error.details['cancelled']], ['cancelled', true])
  assert.equal((await mine.run(report.run)).state, 'cancelled')
  assert.deepEqual([(await theirs.cancel(report.run)).how, (await theirs.pause(report.run)).how], ['already', 'already'])
  held.letGo()
  const named = await errorOf(held.work.run({}, { store: mine, runId: report.run }))
  assert.equal(named.code, 'conflict')
  const next = await held.work.run({}, { store: mine })
  assert.notEqual(next.run, report.run)
  assert.equal(next.value, 20)
})

test('a pause that takes too long says what is known, and is obeyed all the same', async t => {
  const { mine, theirs } = await twoStores(t)
  const held = heldItems()
  const ended = errorOf(held.work.run({}, { store: mine }))
  await held.untilBegun(3)
  const late = await errorOf(theirs.pause('@last', { timeoutMs: 600 }))
  assert.equal(late.code, 'lease_held')
  assert.match(late.message, /has seen it and is still finishing items in flight/)
  assert.match(late.remedy, /waymark pause \w+ --now/)
  assert.equal(late.details['seen'], true)
  held.letGo()
  assert.equal((await ended).code, 'paused')
  assert.equal(held.begun.length, 3)
})

test('two that ask at the same time both see it obeyed; a stronger request counts while a weaker one is obeyed', async t => {
  const { mine, theirs } = await twoStores(t)
  const held = heldItems()
  const ended = errorOf(held.work.run({}, { store: mine }))
  await held.untilBegun(3)
  const waiting = [theirs.pause('@last'), theirs.pause('@last')]
  const asked = await mine.pause('@last', { wait: false })
  assert.deepEqual([asked.state, asked.how], ['running', 'asked'])
  await pause(400)
  assert.equal(held.aborted.length, 0)
  const cancelled = await theirs.cancel('@last')
  assert.equal(cancelled.how, 'obeyed')
  assert.equal((await ended).code, 'cancelled')
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ state, how }) => [state, how]),
    [
      ['cancelled', 'overtaken'],
      ['cancelled', 'overtaken'],
    ],
  )
  held.letGo()
})

test('what was asked of a past attempt, or of another run, stops nothing', async t => {
  const { mine, path } = await twoStores(t)
  const stop = new AbortController()
  const first = heldItems()
  const ended = errorOf(first.work.run({}, { store: mine, runId: 'job.1', stopSignal: stop.signal }))
  await first.untilBegun(3)
  stop.abort()
  first.letGo()
  assert.equal((await ended).code, 'cancelled')
  // As left by askers and owners that died at any point in between.
  await mkdir(join(path, 'requests'), { recursive: true })
  const [one, two] = [await requestsTo(path, 'job.1'), await requestsTo(path, 'job.2')]
  const others = [`${one}.2.pause.tmp`, `${one}.3.cancel`, `${two}.2.cancel`, 'job.pause', 'x']
  const old = [`${one}.1.pause`, `${one}.1.cancel.seen`, ...others]
  for (const name of old) await writeFile(join(path, 'requests', name), '')
  let looks = 0
  const second = pipeline('held', async run => {
    await run.stage('first', () => 1)
    const { done } = await run.each(
      'items',
      Array.from({ length: 20 }, (_, i) => i),
      async item => {
        // Long enough for several looks at the folder.
        if (looks++ === 0) await pause(700)
        return item
      },
      { key: item => item, concurrency: 3 },
    )
    return done
  })
  assert.equal((await second.run({}, { store: mine, runId: 'job.1' })).value, 20)
  assert.deepEqual((await requests(path)).sort(), others.sort())
})

test('a request whose content was torn by a power cut is obeyed', async t => {
  const { mine, path } = await twoStores(t)
  const held = heldItems()
  const ended = errorOf(held.work.run({}, { store: mine, runId: 'job' }))
  await held.untilBegun(3)
  await mkdir(join(path, 'requests'), { recursive: true })
  await writeFile(join(path, 'requests', `${await requestsTo(path, 'job')}.1.pause-now`), '{"time":17')
  const error = await ended
  assert.equal(error.code, 'paused')
  assert.match(error.message, /by another process/)
  held.letGo()
})

test('a run that no process works on is paused or cancelled by whoever asks, and keeps why it failed', async t => {
  const { mine, theirs } = await twoStores(t)
  const failing = pipeline('failing', async run => {
    await run.stage('a', () => 1)
    await run.stage('b', () => {
      throw new Error('no such table')
    })
  })
  assert.equal((await errorOf(failing.run({}, { store: mine }))).code, 'failed')
  const report = await theirs.pause('@last', { reason: 'table is being made' })
  assert.deepEqual([report.state, report.how], ['paused', 'recorded'])
  const run = await mine.run(report.run)
  assert.equal(run.error?.message, 'no such table')
  // The next attempt reads it from the newest end that is recorded.
  const ends = (await eventsOf(mine, report.run)).filter(event => event.type === 'attempt.ended')
  assert.deepEqual(
    ends.map(({ state, error }) => [state, error?.message]),
    [
      ['failed', 'no such table'],
      ['paused', 'no such table'],
    ],
  )
  assert.equal((await errorOf(failing.run({}, { store: mine }))).code, 'paused')
  assert.equal((await theirs.pause('@last')).how, 'already')
  assert.equal((await theirs.cancel('@last')).how, 'recorded')
  assert.equal((await mine.run(report.run)).state, 'cancelled')
})

test('what is asked of a completed run changes nothing', async t => {
  const { mine, theirs } = await twoStores(t)
  const quick = pipeline('quick', run => run.stage('a', () => 1))
  const { run } = await quick.run({}, { store: mine })
  const before = await mine.run(run)
  assert.deepEqual(
    [await theirs.pause(run), await theirs.cancel(run)].map(({ state, how }) => [state, how]),
    [
      ['completed', 'already'],
      ['completed', 'already'],
    ],
  )
  assert.deepEqual(await mine.run(run), before)
})

test('wrong options and runs there are not have an error of their own', async t => {
  const { mine } = await twoStores(t)
  assert.equal(codeOf(await errorOf(mine.pause('nope'))), 'not_found')
  const quick = pipeline('quick', run => run.stage('a', () => 1))
  await quick.run({}, { store: mine })
  for (const options of [{ timeoutMs: '5 s' }, { timeoutMs: Number.NaN }, { reason: 7 }, { wait: 'no' }]) {
    assert.equal(codeOf(await errorOf(mine.pause('@last', options as never))), 'invalid', JSON.stringify(options))
  }
})

test('whoever watches is told what is not recorded yet; without a watcher nothing is written', async t => {
  const { mine, theirs, path } = await twoStores(t)
  const stop = new AbortController()
  const counting = pipeline('counting', run =>
    run
      .each(
        'items',
        Array.from({ length: 1000 }, (_, i) => i),
        async item => {
          while (item >= 40 && !stop.signal.aborted) await pause(5)
          return item
        },
        { key: item => item, save: { ms: 3_600_000 } },
      )
      .then(({ done }) => done),
  )
  await mkdir(join(path, 'requests'))
  const ended = counting.run({}, { store: mine })
  await pause(600)
  assert.deepEqual(await requests(path), [])
  let live = await theirs.live('@last')
  while (live === undefined) {
    await pause(20)
    live = await theirs.live('@last')
  }
  const [items] = live.progress
  assert.equal(items?.stage, 'items')
  assert.equal(items?.counts.done, 40)
  assert.equal(items?.atRisk, 40)
  assert.equal((await theirs.stages((await theirs.run('@last')).id))[0]?.counts, undefined)
  stop.abort()
  assert.equal((await ended).value, 1000)
  assert.deepEqual(await requests(path), [])
  assert.equal(await theirs.live('@last'), undefined)
})

test('a run of an owner whose death is not proven is paused for it; the output is exact although that owner goes on writing (X4)', async t => {
  const { mine, path } = await twoStores(t)
  const output = join(path, '../out.jsonl')
  let letGo = () => {}
  const gone = new Promise<void>(resolve => {
    letGo = resolve
  })
  let isStalled = () => {}
  const stalled = new Promise<void>(resolve => {
    isStalled = resolve
  })
  let owners = 0
  const work = pipeline('stalled', async run => {
    const owner = ++owners
    const each = { key: (n: number) => n, output: jsonl(output), save: { items: 1 } }
    const { done } = await run.each(
      'work',
      Array.from({ length: 20 }, (_, i) => i),
      async n => {
        if (owner === 1 && n === 10) {
          isStalled()
          await gone
        }
        return { n, owner }
      },
      each,
    )
    return done
  })
  const first = errorOf(work.run({}, { store: mine }))
  await stalled
  // Another machine, on which the first one's lease has run out.
  const elsewhere = await open({
    path,
    components: {
      identify: name => ({ ...identifyProcess(name), bootId: 'another machine', host: 'elsewhere' }),
      clock: { ...systemClock, now: () => systemClock.now() + 120_000 },
    },
  })
  t.after(() => elsewhere.close())
  assert.equal((await elsewhere.pause('@last')).how, 'recorded')
  const ended = (await eventsOf(elsewhere, '@last')).findLast(event => event.type === 'attempt.ended')
  assert.equal(ended?.earlierOwnersDead, false)
  const second = await work.run({}, { store: elsewhere, resumePaused: true })
  assert.equal(second.value, 20)
  const lines = await readFile(output, 'utf8')
  letGo()
  assert.equal((await first).code, 'fenced')
  assert.equal(await readFile(output, 'utf8'), lines)
  const started = (await eventsOf(elsewhere, '@last')).findLast(event => event.type === 'attempt.started')
  assert.equal(started?.earlierOwnersDead, false)
  const written = lines
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).n)
  assert.deepEqual(
    written.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, n) => n),
  )
})
