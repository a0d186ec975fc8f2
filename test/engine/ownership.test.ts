import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, jsonl, open, pipeline } from 'waymark'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { coreOf } from '../../src/engine/store.ts'
import { fromSources } from '../from-sources.ts'
import { withStore } from './with-store.ts'

const never = () => new Promise<never>(() => {})

/** A run of this process that goes on until it is told to stop. */
function goesOn(name: string) {
  const stop = new AbortController()
  let started: () => void = () => {}
  const running = new Promise<void>(resolve => {
    started = resolve
  })
  const work = pipeline(name, async run => {
    await run.stage('first', () => 1)
    await run.stage('endless', () => {
      started()
      return never()
    })
  })
  return { work, stop, running }
}

test('B7 a live owner is refused with who and since when, in this process and from another', async () => {
  await withStore(async store => {
    const { work, stop, running } = goesOn('alive')
    const ended = assert.rejects(work.run({}, { store, signal: stop.signal }))
    await running
    for (const other of [store, await open(store.path)]) {
      await assert.rejects(work.run({}, { store: other }), error => {
        assert.ok(isWaymarkError(error, 'lease_held'))
        assert.match(error.message, new RegExp(`${other === store ? 'this process' : `process ${process.pid} on`}`))
        assert.match(error.message, /\d{4}-\d\d-\d\dT/)
        return true
      })
      if (other !== store) await other.close()
    }
    assert.equal((await store.run('@last')).liveness, 'alive')
    stop.abort()
    // A function that obeys no signal does not hold the run.
    await ended
    assert.equal((await store.run('@last')).state, 'paused')
  })
})

test('X4 a superseded owner gets fenced and writes nothing [pitfall 1]', async () => {
  await withStore(async (store, folder) => {
    const output = join(folder, 'out.jsonl')
    let resume: () => void = () => {}
    let stalled: () => void = () => {}
    const isStalled = new Promise<void>(resolve => {
      stalled = resolve
    })
    let owners = 0
    const work = pipeline('fenced', async run => {
      const owner = ++owners
      const items = run.stage('items', () => Array.from({ length: 20 }, (_, i) => i))
      await run.each(
        'work',
        items,
        async n => {
          if (owner === 1 && n === 10) {
            stalled()
            await new Promise<void>(resolve => {
              resume = resolve
            })
          }
          return { n, owner }
        },
        { output: jsonl(output), save: { items: 1 } },
      )
    })
    const first = work.run({}, { store }).then(
      () => undefined,
      error => error,
    )
    await isStalled
    // Another process takes it over: here its lease ran out, and its death cannot be proven.
    const other = await open({
      path: store.path,
      components: { identify: name => ({ ...identifyProcess(name), bootId: 'another machine', host: `${hostname()}-2` }) },
    })
    coreOf(other).leases.expiryOf = async () => 0
    await work.run({}, { store: other })
    resume()
    assert.ok(isWaymarkError(await first, 'fenced'))
    const rows = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(
      rows.map(row => row.n),
      Array.from({ length: 20 }, (_, i) => i),
    )
    assert.ok(rows.slice(10).every(row => row.owner === 2))
    const run = await other.run('@last')
    assert.equal(run.state, 'completed')
    await other.close()
  })
})

test('B7 a killed owner is replaced at once, and its run is shown as crashed [pitfall 2]', async () => {
  await withStore(async store => {
    const script = fileURLToPath(new URL('./fixtures/run-endless.ts', import.meta.url))
    const child = spawn(process.execPath, [...fromSources, script, store.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    assert.equal((await store.run('@last')).shownState, 'running')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const crashed = await store.run('@last')
    assert.deepEqual([crashed.state, crashed.shownState, crashed.liveness], ['running', 'crashed', 'dead'])
    await store.recordCrash(crashed.id, { kind: 'signal', signal: 'SIGKILL' })
    const recorded = await store.run('@last')
    assert.equal(recorded.cause?.signal, 'SIGKILL')
    assert.equal(recorded.shownState, 'crashed')
    const { default: endless } = await import('./fixtures/endless.ts')
    const outcome = await endless.run({ endless: 'no' }, { store, runId: crashed.id }).catch(error => error)
    assert.ok(isWaymarkError(outcome, 'conflict'), 'other params are other work')
  })
})

test('the caller’s own run id is used once for one piece of work; a completed run gives its result again', async () => {
  await withStore(async store => {
    let calls = 0
    const work = pipeline('own-id', run => run.stage('count', () => ++calls))
    assert.equal((await work.run({}, { store, runId: 'night-1' })).value, 1)
    assert.equal((await work.run({}, { store, runId: 'night-1' })).value, 1)
    assert.equal((await work.run({}, { store, runId: 'night-2' })).value, 2)
    await assert.rejects(work.run({ other: 'params' }, { store, runId: 'night-1' }), { code: 'conflict' })
    await assert.rejects(
      work.run({}, { store, runId: 'night-1', fresh: true }).then(outcome => outcome),
      { code: 'conflict' },
    )
    const racers = await Promise.allSettled([1, 2, 3].map(() => work.run({}, { store, runId: 'raced' })))
    assert.ok(racers.some(racer => racer.status === 'fulfilled'))
    for (const racer of racers) {
      if (racer.status === 'rejected') assert.ok(isWaymarkError(racer.reason, 'lease_held'), String(racer.reason))
    }
  })
})

test('a fresh run takes the place of the unfinished one, which does not come back', async () => {
  await withStore(async store => {
    let fail = true
    const work = pipeline('fresh', async run => {
      await run.stage('one', () => 1)
      if (fail) throw new Error('no')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    await assert.rejects(work.run({}, { store, fresh: true }), { code: 'failed' })
    fail = false
    await work.run({}, { store })
    assert.deepEqual(
      (await store.runs()).map(run => run.state),
      ['completed', 'cancelled'],
    )
    const [, first] = await store.runs()
    assert.deepEqual([first?.request?.kind, first?.request?.reason], ['cancel', 'the work was begun afresh'])
    // What it failed with stays said.
    assert.equal(first?.error?.message, 'no')
  })
})

test('B13 a stale run is told, not silently gone on with [pitfall 17]', async () => {
  await withStore(async store => {
    let fail = true
    const work = pipeline('stale', async () => {
      if (fail) throw new Error('no')
    })
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    fail = false
    await new Promise(resolve => setTimeout(resolve, 5))
    await assert.rejects(work.run({}, { store, staleAfterMs: 1 }), { code: 'stale' })
    await work.run({}, { store, staleAfterMs: 1, acceptStale: true })
  })
})

test('a run whose claims are lost is told as damaged, and does not go on from an older state', async () => {
  await withStore(async store => {
    const calls: string[] = []
    const work = pipeline('claims', async run => {
      await run.stage(`attempt ${run.attempt}`, () => calls.push('called'))
      throw new Error('again')
    })
    for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(work.run({}, { store }), { code: 'failed' })
    rmSync(join(store.path, 'claims'), { recursive: true })
    mkdirSync(join(store.path, 'claims'))
    const again = await open(store.path)
    await assert.rejects(work.run({}, { store: again }), { code: 'corrupt' })
    await again.close()
    assert.equal(calls.length, 3)
  })
})

test('two stages of a run cannot write one file', async () => {
  await withStore(async (store, folder) => {
    const output = jsonl(join(folder, 'same.jsonl'))
    const work = pipeline('same-output', async run => {
      await run.each('one', [1], n => n, { key: n => n, output })
      await run.each('two', [2], n => n, { key: n => n, output })
    })
    await assert.rejects(work.run({}, { store }), { code: 'conflict' })
    assert.equal(readFileSync(join(folder, 'same.jsonl'), 'utf8'), '1\n')
  })
})

test('X4 of two that take over one run at the same moment the one that has done nothing yet is told who works on it [pitfall 18]', async () => {
  await withStore(async (first, folder) => {
    let goOn = (): void => {}
    const held = new Promise<void>(resolve => {
      goOn = resolve
    })
    let began = (): void => {}
    const isWorking = new Promise<void>(resolve => {
      began = resolve
    })
    let calls = 0
    const work = pipeline('raced', async run => {
      await run.stage('once', async () => {
        if (calls++ === 0) throw new Error('the first attempt')
        began()
        await held
      })
    })
    await assert.rejects(work.run({}, { store: first, runId: 'r' }))
    const second = await open({ path: join(folder, '.waymark') })
    try {
      let other: Promise<unknown> = Promise.resolve()
      const core = coreOf(first)
      const { upgrade } = core
      // Between the moment it owns the run and its first record.
      Object.assign(core, {
        upgrade: async () => {
          Object.assign(core, { upgrade })
          other = work.run({}, { store: second, runId: 'r' })
          await isWorking
        },
      })
      await assert.rejects(work.run({}, { store: first, runId: 'r' }), error => {
        assert.ok(isWaymarkError(error, 'lease_held'), String(error))
        assert.match(error.message, /run r of raced is being worked on by process \d+ .*\(attempt 2,/)
        return true
      })
      goOn()
      await other
      assert.equal(calls, 2)
    } finally {
      goOn()
      await second.close()
    }
  })
})
