import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, open } from 'waymark'
import { fromSources } from '../from-sources.ts'

const script = fileURLToPath(new URL('./fixtures/tracked-loop.ts', import.meta.url))
const total = 600

/** Lines `ATTEMPT ITEM` of a file; the last may be torn. */
function lines(path: string): readonly (readonly [attempt: number, item: number])[] {
  if (!existsSync(path)) return []
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return whole.map(line => {
    const [attempt, item] = line.split(' ').map(Number)
    return [attempt ?? -1, item ?? -1]
  })
}

function start(t: TestContext, folder: string, kind: string, attempt: number, size = total) {
  const child = spawn(process.execPath, [...fromSources, script, folder, kind, String(size), String(attempt)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', piece => {
    said += String(piece)
  })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  return { child, ended, said: () => said }
}

for (const kind of ['index', 'key']) {
  test(`a tracked loop killed with -9 again and again loses nothing that was durable, and finishes every item, by ${kind} [B12, pitfall 1]`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-engine-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    let attempt = 0
    for (; attempt < 2; attempt++) {
      const { child, ended } = start(t, folder, kind, attempt)
      // Killed in the middle of its work, some items after it began any.
      const before = lines(join(folder, 'called')).length
      while (lines(join(folder, 'called')).length < before + 40 + attempt * 25 && child.exitCode === null) await pause(10)
      child.kill('SIGKILL')
      await ended
    }
    const last = start(t, folder, kind, attempt)
    assert.equal(await last.ended, 0, last.said())

    const called = lines(join(folder, 'called'))
    const durableIn = new Map<number, number>()
    for (const [at, item] of lines(join(folder, 'durable'))) if (!durableIn.has(item)) durableIn.set(item, at)
    const redone = called.filter(([at, item]) => at > (durableIn.get(item) ?? Number.POSITIVE_INFINITY))
    assert.deepEqual(redone, [], 'items that were durable, and called again by a later attempt')
    for (let at = 0; at <= attempt; at++) {
      const own = called.filter(([one]) => one === at).map(([, item]) => item)
      assert.equal(new Set(own).size, own.length, `attempt ${at} called an item twice`)
    }
    assert.ok(durableIn.size > 0)
    const everyItem = new Set(called.map(([, item]) => item))
    assert.equal(everyItem.size, total)

    await using store = await open(join(folder, '.waymark'))
    const run = await store.run('loop')
    assert.deepEqual([run.state, run.attempt], ['completed', attempt + 1])
    assert.deepEqual((await store.stages('loop'))[0]?.counts, {
      done: total * 0.8,
      skipped: total / 10,
      setAside: total / 10,
      retries: 0,
      total,
    })
    assert.deepEqual(run.proof?.differences, [])
    assert.equal((await store.setAside('loop/rows')).total, total / 10)
    const results: number[] = []
    await store.track({ run: 'loop', stage: 'rows' }, async t => {
      for await (const { i } of t.results<{ i: number }>()) results.push(i)
    })
    const expected = Array.from({ length: total }, (_, i) => i).filter(i => i % 10 < 8)
    assert.deepEqual(
      results.sort((a, b) => a - b),
      expected,
      'one result for each item that was done',
    )
  })
}

test('a loop that another process is at is refused with lease_held, and taken over at once when that process is killed [X3]', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-engine-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { child, ended } = start(t, folder, 'index', 0, 1_000_000)
  while (lines(join(folder, 'durable')).length < 20) await pause(5)
  await using store = await open(join(folder, '.waymark'))
  assert.equal((await store.run('loop')).shownState, 'running')
  await assert.rejects(store.track({ run: 'loop', stage: 'other' }), error => isWaymarkError(error, 'lease_held'))
  child.kill('SIGKILL')
  await ended
  assert.equal((await store.run('loop')).shownState, 'crashed')
  const durable = lines(join(folder, 'durable')).map(([, item]) => item)
  const again = await store.track({ run: 'loop', stage: 'rows' })
  assert.deepEqual(
    durable.filter(item => !again.shouldSkip(item)),
    [],
  )
  await again.pause()
})
