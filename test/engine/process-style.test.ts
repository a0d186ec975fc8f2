import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isWaymarkError, open } from 'waymark'
import { fromSources } from '../from-sources.ts'
import { withStore } from './with-store.ts'

const code = (expected: string) => (error: unknown) => isWaymarkError(error) && error.code === expected
const script = fileURLToPath(new URL('./fixtures/registered.ts', import.meta.url))

/** Resolves with the last step that was durable, when the process has ended; it is killed once `until` steps were. */
async function work(
  t: TestContext,
  folder: string,
  how: string,
  steps: number,
  until: number,
): Promise<{ code: number | null; durable: number }> {
  const child = spawn(process.execPath, [...fromSources, script, folder, how, String(steps)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let durable = 0
  createInterface({ input: child.stdout }).on('line', line => {
    durable = Number(line)
    if (durable >= until) child.kill('SIGKILL')
  })
  const exit = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code: exit, durable }
}

test('a registered process killed with -9 is recovered by its id, with every step that was durable, and goes on to its end [D1]', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-engine-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const first = await work(t, folder, 'register', 120, 30)
  assert.equal(first.code, null)
  {
    await using store = await open(join(folder, '.waymark'))
    const recovered = await store.recover('nightly')
    assert.deepEqual([recovered.id, recovered.name, recovered.state, recovered.totalSteps], ['nightly', 'import', 'crashed', 120])
    assert.equal(recovered.description, 'Imports the orders')
    assert.ok(recovered.completedSteps >= first.durable, `${recovered.completedSteps} of ${first.durable}`)
    assert.ok(Number(/^file (\d+)$/.exec(recovered.currentStep ?? '')?.[1]) >= first.durable)
    assert.ok(Number(recovered.metadata['bytes']) >= first.durable * 100)
    assert.equal(recovered.finalData, undefined)
  }
  const second = await work(t, folder, 'recover', 120, 60)
  assert.ok(second.durable > first.durable)
  assert.deepEqual(await work(t, folder, 'recover', 120, 1000), { code: 0, durable: 120 })
  await using store = await open(join(folder, '.waymark'))
  const done = await store.recover('nightly')
  assert.deepEqual([done.state, done.completedSteps, done.currentStep], ['completed', 120, 'file 120'])
  assert.deepEqual(done.finalData, { files: 120 })
  assert.equal((await store.run('nightly')).attempt, 3)
})

test('a process is a run as any other: listed by its name, with its step and its counts [D5]', async () => {
  await withStore(async store => {
    const work = await store.register({ name: 'import', totalSteps: 4 })
    assert.match(work.id, /^[a-z0-9]{12}$/)
    work.update({ completedSteps: 3, currentStep: 'invoices', metadata: { source: 's3' } })
    work.update({ metadata: { rows: 7 } })
    await work.flush()
    assert.equal(work.progress().done, 3)
    const [run] = await store.runs({ pipeline: 'import' })
    assert.deepEqual([run?.id, run?.shownState], [work.id, 'running'])
    const [stage] = await store.stages(work.id)
    assert.deepEqual([stage?.counts?.done, stage?.currentStep, stage?.metadata], [3, 'invoices', { source: 's3', rows: 7 }])
    work.update({ completedSteps: 4 })
    await work.complete()
    assert.equal((await store.recover(work.id)).completedSteps, 4)
  })
})

test('a process that failed says with what, and goes on from the steps it had', async () => {
  await withStore(async store => {
    const work = await store.register({ id: 'p', name: 'import', totalSteps: 9 })
    work.update({ completedSteps: 4 })
    await work.fail(new Error('the disk is upside down'))
    const failed = await store.recover('p')
    assert.deepEqual([failed.state, failed.completedSteps, failed.error?.message], ['failed', 4, 'the disk is upside down'])
    const again = await failed.resume()
    assert.equal(again.completedSteps, 4)
    again.update({ completedSteps: 5 })
    await again.pause()
    assert.deepEqual([(await store.recover('p')).state, (await store.recover('p')).completedSteps], ['paused', 5])
    {
      await using left = await (await store.recover('p')).resume()
      left.update({ completedSteps: 6 })
    }
    assert.deepEqual([(await store.recover('p')).state, (await store.recover('p')).completedSteps], ['failed', 6])
    const last = await (await store.recover('p')).resume()
    last.update({ completedSteps: 9 })
    await last.complete({ ok: true })
    const done = await store.recover('p')
    assert.deepEqual([done.state, done.completedSteps, done.finalData, done.error], ['completed', 9, { ok: true }, undefined])
  })
})

test('steps do not go backwards or beyond their end, and what is of the wrong type is invalid', async () => {
  await withStore(async store => {
    const work = await store.register({ id: 'p', name: 'import', totalSteps: 5 })
    work.update({ completedSteps: 3 })
    work.update({ completedSteps: 3 })
    for (const completedSteps of [2, 0, -1, 6, 1.5, Number.NaN])
      assert.throws(() => work.update({ completedSteps }), code('invalid'))
    const anyUpdate = work.update.bind(work) as (update: unknown) => void
    for (const update of [undefined, null, 3, 'x', { completedSteps: '4' }, { currentStep: 4 }, { metadata: [] }, { steps: 4 }])
      assert.throws(() => anyUpdate(update), code('invalid'))
    assert.equal(work.completedSteps, 3)
    work.update({ completedSteps: 5 })
    await work.complete()
    await assert.rejects(async () => work.update({ currentStep: 'more' }), code('conflict'))

    const anyRegister = store.register.bind(store) as (options: unknown) => Promise<unknown>
    const wrong = [undefined, null, 7, 'x', {}, { name: 'x' }, { name: '', totalSteps: 1 }, { name: 7, totalSteps: 1 }]
    const counts = [-1, 1.5, '3', null, Number.NaN, 10n].map(totalSteps => ({ name: 'x', totalSteps }))
    const others = [
      { id: 7 },
      { id: '' },
      { id: 'a b' },
      { name: 'a/b' },
      { total: 3 },
      { tags: 'x' },
      { save: 7 },
      { description: 7 },
    ]
    for (const options of [...wrong, ...counts, ...others.map(other => ({ name: 'x', totalSteps: 1, ...other }))])
      await assert.rejects(
        anyRegister(options),
        code('invalid'),
        JSON.stringify(options, (_, value: unknown) => String(value)),
      )
    assert.equal((await store.runs()).length, 1, 'nothing else was begun')
  })
})

test('an id is registered once, and only what was registered is recovered', async () => {
  await withStore(async store => {
    const work = await store.register({ id: 'p', name: 'import', totalSteps: 5 })
    await assert.rejects(store.register({ id: 'p', name: 'import', totalSteps: 5 }), code('conflict'))
    await assert.rejects((await store.recover('p')).resume(), code('conflict'))
    await work.complete(undefined, { partial: true })
    await assert.rejects(store.register({ id: 'p', name: 'import', totalSteps: 5 }), code('conflict'))
    await assert.rejects(store.recover('nobody'), code('not_found'))
    await store.track({ run: 'loop', stage: 'rows' }, () => {})
    await assert.rejects(store.recover('loop'), code('not_found'))
  })
})

test('D1 a process with steps left is not completed: a conflict says how many, and it goes on; partial completes it with those there are', async () => {
  await withStore(async store => {
    const work = await store.register({ id: 'p', name: 'import', totalSteps: 12 })
    work.update({ completedSteps: 3 })
    await assert.rejects(work.complete({ rows: 7 }), {
      code: 'conflict',
      message: 'p cannot be completed: 3 of 12 steps are',
      remedy: /partial: true/,
    })
    assert.equal((await store.recover('p')).state, 'running')
    await assert.rejects(work.complete({ rows: 7 }, { partal: true } as never), {
      code: 'invalid',
      remedy: 'Did you mean partial?',
    })
    work.update({ completedSteps: 4 })
    await work.complete({ rows: 7 }, { partial: true })
    const { state, completedSteps, totalSteps, finalData } = await store.recover('p')
    assert.deepEqual([state, completedSteps, totalSteps, finalData], ['completed', 4, 4, { rows: 7 }])
  })
})
